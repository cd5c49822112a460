import type { Business } from "../call/business.ts";
import { mask } from "../call/phone-number.ts";
import type { CallInput, Fields, Refusal } from "../twilio/form.ts";
import { signatureCheck, type Account } from "../twilio/signature.ts";

export type ReceptionParts = {
  /** The URL that Twilio calls, without a slash at the end. */
  readonly publicUrl: string;
  readonly accounts: readonly Account[];
  readonly businesses: readonly Business[];
};

/** A webhook that is Twilio's, of one of our accounts, with every field that is read in its pattern. */
export type Received<Input extends CallInput> = {
  readonly input: Input;
  readonly account: Account;
  /** Undefined where no business has the line. */
  readonly business: Business | undefined;
};

/** What is known of a webhook before it is answered, for the log. */
export type Sighting = {
  readonly callSid: string;
  readonly businessId: string | null;
  readonly simulated: boolean;
  /** Masked. */
  readonly caller: string;
};

/** Signature, account, fields; then whose line it is. */
export function reception({ publicUrl, accounts, businesses }: ReceptionParts) {
  const check = signatureCheck(publicUrl, accounts);
  const lines = new Map(businesses.flatMap((each) => each.lines.map((line) => [line, each] as const)));

  return async <Input extends CallInput>(
    request: Request,
    read: (fields: Fields) => Input | Refusal,
  ): Promise<Received<Input> | Refusal> => {
    const signed = check({
      rawPath: rawPathOf(request.url),
      contentType: request.headers.get("content-type") ?? undefined,
      signature: request.headers.get("x-twilio-signature") ?? undefined,
      body: new Uint8Array(await request.arrayBuffer()),
    });
    if ("refused" in signed) return signed;
    const input = read(signed.fields);
    if ("refused" in input) return input;
    return { input, account: signed.account, business: lines.get(input.line) };
  };
}

/** For the log: who, without a number. */
export function sightingOf({ input, account, business }: Received<CallInput>): Sighting {
  return {
    callSid: input.callSid,
    businessId: business?.id ?? null,
    simulated: account.simulated,
    caller: mask(input.caller),
  };
}

/** Path and query as they came: everything after the origin. */
function rawPathOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("//") + 2));
}
