import { test, type TestContext } from "vitest";

/** Faults and hostile inputs, and what must happen then: each is provoked on a real server process. */
export const FAULTS = {
  // Disk and process
  1: ["kill -9 in the middle of a batch", "no acknowledged entry lost"],
  2: ["kill between commit and answer, webhook sent again", "same answer, one entry"],
  3: ["power loss (unsynced writes dropped)", "no acknowledged entry lost"],
  4: ["disk full", 'apology prompt, not ready, never "recorded"'],
  5: ["space comes back", "ready again by itself"],
  6: ["fsync fails (EIO)", "process stops, nothing acknowledged"],
  7: ["write fails (EIO)", "process stops, nothing acknowledged"],
  8: ["database file read-only", "refuses to start, says why"],
  9: ["lock held by another process for 10 s", "bounded wait, the event loop lives"],
  10: ["page of the file corrupt", "refuses to start, says why"],
  11: ["bit flipped in the WAL", "verification alarms"],
  12: ["WAL file deleted", "verification alarms"],
  13: ["an old backup put in place", "verification alarms against the newest checkpoint"],
  14: ["second writer process", "refused at start"],
  15: ["clock one day back", "order kept, skew reported"],
  16: ["clock ten years ahead", "no session revived, skew reported"],
  17: ["failing migration", "old schema intact, refuses to start"],
  18: ["two instances migrate at once", "one does, the other waits"],
  19: ["SIGTERM during calls", "current answers sent, next key served by the next instance"],
  // Webhooks
  20: ["no signature", "403, nothing written"],
  21: ["signed with another token", "403"],
  22: ["exact replay", "same TwiML, no new entry"],
  23: ["replay after hang-up", "no new consent"],
  24: ["parameter boundary shifted", "400"],
  25: ["duplicate Digits", "400"],
  26: ["JSON or multipart body", "415"],
  27: ["1 MB body, also chunked", "413"],
  28: ["body that drips", "connection cut"],
  29: ["NUL, bad percent-encoding, lone surrogate", "400"],
  30: ["field named `__proto__`", "ignored"],
  31: ["unknown new field", "accepted"],
  32: ["forged Host, X-Forwarded-*", "no effect"],
  33: ["GET on a POST route", "405"],
  34: ["another AccountSid", "403"],
  35: ["simultaneous duplicates", "one entry"],
  36: ["completed before ringing", "status never goes back"],
  37: ["key after completed", "kept as an event, no consent"],
  38: ["fifty digits, `#*`, empty", "asked again, bounded"],
  39: ["withheld or malformed From", "asks for a number; nothing bound to nobody"],
  40: ["StirVerstat absent or nonsense", '"unverified"'],
  41: ["withdrawal racing a grant", "commit order decides, both kept"],
  // Outgoing
  42: ["HTTP 429", "waits, repeats"],
  43: ["time-out after Twilio accepted", "no second call or message"],
  44: ["HTTP 5xx for an hour", "kept, then expires visibly"],
  45: ["premium or not-allowed country", "refused before any request"],
  46: ["the same number 100 times", "capped"],
  47: ["queue crosses the quiet hour", "held or cancelled, never sent"],
  48: ["WhatsApp failure", "consent unchanged, failure shown"],
  // Console, API, exports
  49: ["business name containing TwiML", "spoken literally"],
  50: ["control character in configuration", "refused with the place"],
  51: ["`=HYPERLINK(…)` in an exported field", "neutralised cell"],
  52: ["CR, LF, ESC in a logged field", "one log line"],
  53: ["script in a note or name", "shown as text"],
  54: ["cross-origin POST, form or JSON", "403"],
  55: ["password guessing", "throttled, unknown user takes the same time"],
  56: ["fixed or logged-out session cookie", "401"],
  57: ["viewer opens an admin page", "403, logged"],
  58: ["a number is revealed", "in the access log"],
  59: ["export of a million entries", "streamed, memory flat, calls unaffected"],
  60: ["subscriber erased", "personal data gone from database and WAL, proofs still verify"],
  61: ["login flood", "webhook p99 unchanged"],
} as const;

export type Fault = keyof typeof FAULTS;

/** Some rows start three servers after each other, and a busy machine takes its time for each. */
const TIMEOUT_MS = 180_000;

/** A test that provokes one row of the table; its name says what happens and what must come of it. */
export function fault(
  row: Fault,
  provoke: (context: TestContext) => Promise<void>,
  timeoutMs = TIMEOUT_MS,
): void {
  const [happens, expected] = FAULTS[row];
  test(`row ${row}: ${happens} → ${expected}`, (context) => provoke(context), timeoutMs);
}
