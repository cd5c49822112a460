import { createHash } from "node:crypto";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import type { ChainMaker } from "../driver.ts";
import { requestOf } from "../wire.ts";

export type CallChains = {
  readonly accountSid: string;
  readonly authToken: string;
  /** Where the call begins, where its answer goes, and its status. */
  readonly paths: readonly [begin: string, answer: string, status: string];
  readonly calls: number;
  /** Callers are numbered from here, so that each is new to the line. */
  readonly firstCaller: number;
};

/** Whole calls, as Twilio brings them: it rings, the caller presses 1, it is over. Each webhook is signed for real. */
export const chains: ChainMaker<CallChains> = (url, { accountSid, authToken, paths, calls, firstCaller }) => {
  const [begin, answer, status] = paths;
  const post = (path: string, fields: Readonly<Record<string, string>>, expected: number, holds: string) => {
    const where = new URL(path, url);
    const body = new URLSearchParams(fields).toString();
    const headers = {
      "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
      "X-Twilio-Signature": getExpectedTwilioSignature(authToken, where.href, { ...fields }),
      "I-Twilio-Idempotency-Token": createHash("md5").update(body).digest("hex"),
      Accept: "*/*",
      "User-Agent": "TwilioProxy/1.1",
    };
    return { request: requestOf("POST", where, headers, body), status: expected, holds };
  };
  return Array.from({ length: calls }, (_, n) => {
    const caller = `+1415${2_000_000 + firstCaller + n}`;
    const fields = fieldsOf(accountSid, caller, `CA${md5(`${url} ${caller}`)}`);
    return [
      post(begin, { ...fields, CallStatus: "ringing" }, 200, "<Gather"),
      post(
        answer,
        { ...fields, CallStatus: "in-progress", Digits: "1", FinishedOnKey: "", msg: "Gather End" },
        200,
        "recorded",
      ),
      post(
        status,
        {
          ...fields,
          CallStatus: "completed",
          CallDuration: "31",
          Duration: "1",
          SequenceNumber: "2",
          CallbackSource: "call-progress-events",
          Timestamp: "Mon, 23 Nov 2026 09:00:31 +0000",
        },
        204,
        "",
      ),
    ];
  });
};

/** What Twilio sends about a call in the United States. */
function fieldsOf(accountSid: string, caller: string, callSid: string): Record<string, string> {
  const place = (name: string, number: string) => ({
    [name]: number,
    [`${name}City`]: "SAN FRANCISCO",
    [`${name}State`]: "CA",
    [`${name}Zip`]: "94102",
    [`${name}Country`]: "US",
  });
  return {
    AccountSid: accountSid,
    ApiVersion: "2010-04-01",
    CallSid: callSid,
    Direction: "inbound",
    StirVerstat: "TN-Validation-Passed-A",
    ...place("From", caller),
    ...place("Caller", caller),
    ...place("To", "+14155550100"),
    ...place("Called", "+14155550100"),
  };
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
