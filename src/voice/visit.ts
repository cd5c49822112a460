import type { Context } from "hono";
import type { Locale } from "../call/business.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { CUT_SHORT, isTooLong, wasCutShort } from "../twilio/body-limit.ts";
import type { Sighting } from "./reception.ts";
import type { Conversation } from "./turn.ts";

/** One webhook while it is answered: what is known of it is filled in on the way. */
export type Visit = {
  readonly c: Context;
  readonly seen: { -readonly [Field in keyof Webhook]: Webhook[Field] };
  /** Who is on the line, so that an apology can be made in the right language; "never" to a machine. */
  speaking?: (Pick<Conversation, "speak" | "live"> & { readonly locale: Locale }) | "never";
};
export type Answering = (visit: Visit) => Promise<Response>;

/** Told of each webhook once, for log and metrics. `error` is what failed on our side, if something did. */
export type VoiceObserver = (webhook: Webhook, error: Error | undefined) => void;

/** One webhook, as log and metrics see it. */
export type Webhook = Partial<Sighting> & {
  readonly route: "begin" | "answer" | "status" | "recording" | "other";
  readonly status: number;
  readonly milliseconds: number;
  /** The next question, the ending, the call's status, or why the request was refused. */
  readonly outcome: string;
  readonly entries: readonly string[];
  /** Something is to be done about the call's audio, at once. */
  readonly recording?: boolean;
  readonly repeated: boolean;
  /** Of the event that it brings; null where it brings none. */
  readonly step: string | null;
  readonly attempt: number | null;
};

export type ObserverParts = {
  readonly ledger: Pick<Ledger, "noteAnswered">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds, for durations. */
  readonly monotonicMs: () => number;
  readonly observe: VoiceObserver;
};

/** The apology's prompt; its name also stands for what failed on our side. */
export const FAILED = "sorry";

const UNSEEN: Webhook = {
  route: "other",
  status: 0,
  milliseconds: 0,
  outcome: "",
  entries: [],
  repeated: false,
  step: null,
  attempt: null,
};

/** One line of log, one observation and one row a webhook, whatever became of it; the row where it names a call. */
export function observer(
  { ledger, now, monotonicMs, observe }: ObserverParts,
  apologise: (visit: Visit) => Response,
): (answer: Answering) => (c: Context) => Promise<Response> {
  return (answer) => async (c) => {
    const startedAt = monotonicMs();
    const at = now();
    const visit: Visit = { c, seen: { ...UNSEEN } };
    let failed: Error | undefined;
    let response: Response;
    try {
      response = (await isTooLong(c)) ? refuse(visit, 413, "The body is over 64 kB.") : await answer(visit);
    } catch (error) {
      if (wasCutShort(error)) response = refuse(visit, 400, CUT_SHORT);
      else {
        failed = error instanceof Error ? error : new Error(String(error));
        response = apologise(visit);
      }
    }
    const { seen } = visit;
    seen.milliseconds = monotonicMs() - startedAt;
    seen.status = response.status;
    observe(seen, failed);
    keep(ledger, seen, at, failed);
    return response;
  };
}

function keep(ledger: ObserverParts["ledger"], seen: Webhook, at: number, failed: Error | undefined): void {
  const { businessId = null, callSid, route, step, attempt, milliseconds, repeated } = seen;
  if (route === "other" || route === "recording" || callSid === undefined || businessId === null) return;
  ledger.noteAnswered({
    businessId,
    callSid,
    route,
    step,
    attempt,
    at,
    milliseconds,
    httpStatus: seen.status,
    repeated,
    outcome: failed === undefined ? seen.outcome : FAILED,
  });
}

export function refuse(visit: Visit, status: 400 | 403 | 413 | 415, message: string): Response {
  note(visit, { outcome: message });
  return visit.c.text(`${message}\n`, status);
}

export function note({ seen }: Visit, found: Partial<Webhook>): void {
  Object.assign(seen, found);
}
