import { LOCALES, type Business, type Locale } from "../call/business.ts";
import { mask } from "../call/phone-number.ts";
import type { LiveCall, LiveCalls } from "../ledger/integration.ts";
import type { FormReader, Refusal } from "../twilio/fields.ts";
import type { CallInput } from "../twilio/form.ts";
import type { Account } from "../twilio/signature.ts";
import { webhookReader, type Genuine } from "../twilio/webhook.ts";

export type ReceptionParts = {
  /** The URL that Twilio calls, without a slash at the end. */
  readonly publicUrl: string;
  readonly accounts: readonly Account[];
  readonly businesses: readonly Business[];
  readonly liveCalls: Pick<LiveCalls, "find">;
};

/** A webhook of Twilio's about a call. */
export type Received<Input extends CallInput> = Genuine<Input> & {
  /** Undefined where no business has the line. */
  readonly business: Business | undefined;
  /** An agent's call that was brought into the flow. */
  readonly live: LiveCall | null;
  /** The language that whoever asked for the call named. */
  readonly chosen: Locale | null;
};

/** What is known of a webhook before it is answered, for the log. */
export type Sighting = {
  readonly callSid: string;
  readonly businessId: string | null;
  readonly simulated: boolean;
  /** Masked. */
  readonly caller: string;
};

/**
 * Signature, account, fields; then whose line it is. An agent's call is on another line: its address names the business,
 * and counts only where the call was brought in for that business.
 */
export function reception({ publicUrl, accounts, businesses, liveCalls }: ReceptionParts) {
  const genuine = webhookReader(publicUrl, accounts);
  const lines = new Map(businesses.flatMap((each) => each.lines.map((line) => [line, each] as const)));

  return async <Input extends CallInput>(
    request: Request,
    read: FormReader<Input>,
  ): Promise<Received<Input> | Refusal> => {
    const received = await genuine(request, read);
    if ("refused" in received) return received;
    const { input } = received;
    const asked = new URL(request.url).searchParams;
    const named = asked.get("business");
    const live = named === null ? null : await liveCalls.find(named, input.callSid);
    const business =
      named === null ? lines.get(input.line) : businesses.find(({ id }) => id === live?.businessId);
    const chosen = LOCALES.find((locale) => locale === asked.get("locale")) ?? null;
    return { ...received, business, live, chosen };
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
