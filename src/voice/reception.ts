import type { Business } from "../call/business.ts";
import { mask } from "../call/phone-number.ts";
import type { CallInput, Fields, Refusal } from "../twilio/form.ts";
import type { Account } from "../twilio/signature.ts";
import { webhookReader, type Genuine } from "../twilio/webhook.ts";

export type ReceptionParts = {
  /** The URL that Twilio calls, without a slash at the end. */
  readonly publicUrl: string;
  readonly accounts: readonly Account[];
  readonly businesses: readonly Business[];
};

/** A webhook of Twilio's about a call. */
export type Received<Input extends CallInput> = Genuine<Input> & {
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
  const genuine = webhookReader(publicUrl, accounts);
  const lines = new Map(businesses.flatMap((each) => each.lines.map((line) => [line, each] as const)));

  return async <Input extends CallInput>(
    request: Request,
    read: (fields: Fields) => Input | Refusal,
  ): Promise<Received<Input> | Refusal> => {
    const received = await genuine(request, read);
    return "refused" in received ? received : { ...received, business: lines.get(received.input.line) };
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
