import { XMLValidator } from "fast-xml-parser";
import * as fc from "fast-check";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UnknownCall } from "../../src/ledger/ledger.ts";
import { CALL_STATUSES } from "../../src/twilio/form.ts";
import { PUBLIC_URL, sid, startLine, type Line } from "../support/line.ts";
import { mutated, text } from "./junk.ts";
import { memoryGrowth } from "./memory.ts";
import { PATIENCE, promptly, runs } from "./runs.ts";

let line: Line;
beforeAll(() => {
  line = startLine();
});
afterAll(() => line.stop());

const CALLS = Array.from({ length: 5 }, () => sid("CA"));
const MESSAGES = Array.from({ length: 5 }, () => sid("SM"));
const NUMBERS = ["+14155550100", "+34915550100", "+14155550123", "+14155550110", "anonymous"];

/** What each field may honestly be; each run takes some of them, and some that are not. */
const HONEST: Readonly<Record<string, fc.Arbitrary<string>>> = {
  CallSid: fc.constantFrom(...CALLS),
  From: fc.constantFrom("+14155550123", "+14155550124", "anonymous", ""),
  To: fc.constantFrom("+14155550100", "+34915550100"),
  CallStatus: fc.constantFrom(...CALL_STATUSES),
  Direction: fc.constantFrom("inbound", "outbound-api"),
  Digits: fc.constantFrom("", "1", "2", "3", "9", "14155550177#", "hangup"),
  SequenceNumber: fc.constantFrom("0", "1", "2"),
  CallDuration: fc.constantFrom("0", "42"),
  StirVerstat: fc.constantFrom("TN-Validation-Passed-A", "No-TN-Validation"),
  AnsweredBy: fc.constantFrom("human", "machine_start"),
};
const HONEST_MESSAGE: typeof HONEST = {
  MessageSid: fc.constantFrom(...MESSAGES),
  From: fc.constantFrom("whatsapp:+14155550123", "whatsapp:+14155550110"),
  To: fc.constantFrom("whatsapp:+14155550110", "whatsapp:+34915550110"),
  Body: fc.constantFrom("yes", "STOP", "START", "hello", "change +14155550177", "help"),
  ButtonText: fc.constantFrom("YES", "NO"),
  ButtonPayload: fc.constantFrom("yes:01a20640-be81-73e4-9d40-ec4ea8502155", "no:x"),
  OptOutType: fc.constantFrom("STOP", "START", "HELP"),
  OriginalRepliedMessageSid: fc.constantFrom(...MESSAGES),
  MessageStatus: fc.constantFrom("sent", "delivered", "read", "failed"),
  ErrorCode: fc.constantFrom("63024", "0", ""),
};

type Pairs = readonly (readonly [string, string])[];

/** A form with some odd values; now and then with names that stand twice, or that nobody knows. */
function formOf(honest: typeof HONEST, always: readonly string[]): fc.Arbitrary<Pairs> {
  const pair = (name: string, odd: number) => {
    const usual = honest[name] ?? text;
    const other = fc.oneof(text, mutated(usual), fc.constantFrom(...NUMBERS));
    return fc.tuple(
      fc.constant(name),
      fc.oneof({ weight: 100 - odd, arbitrary: usual }, { weight: odd, arbitrary: other }),
    );
  };
  const others = Object.keys(honest).filter((name) => !always.includes(name));
  const anything = fc.tuple(fc.oneof(text, fc.constantFrom(...always, ...others)), text);
  return fc
    .tuple(
      fc.tuple(...always.map((name) => pair(name, 4))),
      fc.uniqueArray(
        fc.constantFrom(...others).chain((name) => pair(name, 20)),
        { maxLength: 3, selector: ([name]) => name },
      ),
      fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, fc.array(anything, { maxLength: 3 })),
    )
    .map((parts) => parts.flat());
}

const CALL_PATHS = [
  "/voice",
  "/voice",
  "/voice/status",
  "/voice/2026-11-22/en-US/choice?try=1",
  "/voice/2026-11-22/en-US/choice?try=3",
  "/voice/2026-11-22/es-ES/language?try=2",
  "/voice/2026-11-22/en-US/other-number?try=1",
  "/voice/2026-11-22/en-US/welcome-back?try=1",
];
const MESSAGE_PATHS = [
  "/whatsapp",
  "/whatsapp",
  "/whatsapp/status",
  "/whatsapp/status?outgoing=01a20640-be81-73e4-9d40-ec4ea8502155",
];

const request = fc.constantFrom("call", "message").chain((door) =>
  fc.record({
    path: fc.oneof(
      { weight: 7, arbitrary: fc.constantFrom(...(door === "call" ? CALL_PATHS : MESSAGE_PATHS)) },
      {
        weight: 2,
        arbitrary: mutated(fc.constantFrom(...(door === "call" ? CALL_PATHS : MESSAGE_PATHS))).map(
          (path) => `/${path.replace(/^\/*/, "")}`,
        ),
      },
    ),
    pairs:
      door === "call"
        ? formOf(HONEST, ["CallSid", "From", "To", "CallStatus"])
        : formOf(HONEST_MESSAGE, ["MessageSid", "From", "To", "MessageStatus"]),
    method: fc.oneof(
      { weight: 30, arbitrary: fc.constant("POST") },
      fc.constantFrom("GET", "PUT", "HEAD", "OPTIONS"),
    ),
    signed: fc.oneof(
      { weight: 12, arbitrary: fc.constant("ours") },
      fc.constantFrom("not at all", "by somebody else", "for another form", "oddly"),
    ),
    account: fc.oneof(
      { weight: 30, arbitrary: fc.constant("ours") },
      fc.constantFrom("somebody's", "none", "twice"),
    ),
    type: fc.oneof(
      { weight: 30, arbitrary: fc.constant("application/x-www-form-urlencoded; charset=utf-8") },
      fc.constantFrom(
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "application/x-www-form-urlencodedx",
      ),
    ),
    /** The bytes that are sent in the form's place. */
    raw: fc.oneof(
      { weight: 30, arbitrary: fc.constant(null) },
      fc.uint8Array({ maxLength: 300 }),
      text.map((given) => new TextEncoder().encode(given)),
      fc.constant(new Uint8Array(70_000).fill(97)),
    ),
    headers: fc.oneof(
      { weight: 4, arbitrary: fc.constant<Record<string, string>>({}) },
      fc.dictionary(
        fc.constantFrom(
          "Host",
          "X-Forwarded-Host",
          "X-Forwarded-Proto",
          "I-Twilio-Idempotency-Token",
          "Accept-Language",
        ),
        fc.string({ unit: "grapheme-ascii", maxLength: 40 }).map((value) => value.trim()),
        { maxKeys: 3, noNullPrototype: true },
      ),
    ),
    chunked: fc.boolean(),
  }),
);
type Odd = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** @returns null where no client could send it */
function asRequest({
  path,
  pairs,
  method,
  signed,
  account,
  type,
  raw,
  headers,
  chunked,
}: Odd): Request | null {
  if (!URL.canParse(PUBLIC_URL + path)) return null;
  const [own] = line.config.accounts;
  const url = new URL(PUBLIC_URL + path).href;
  const accounts: Pairs = {
    ours: [["AccountSid", own?.sid ?? ""]] as const,
    "somebody's": [["AccountSid", sid("AC")]] as const,
    none: [],
    twice: [
      ["AccountSid", own?.sid ?? ""],
      ["AccountSid", own?.sid ?? ""],
    ] as const,
  }[account];
  const fields = [...accounts, ...pairs].map(([name, value]) => [name, value.toWellFormed()] as const);
  const token = signed === "by somebody else" ? "0".repeat(32) : (own?.authTokens[0] ?? "");
  const genuine = getExpectedTwilioSignature(
    token,
    url.split("#")[0] ?? "",
    parametersOf(signed === "for another form" ? [...fields, ["x", "y"]] : fields),
  );
  const signature =
    signed === "not at all" ? null : signed === "oddly" ? `${genuine.slice(0, -3)}=A=` : genuine;
  const encoded = new TextEncoder().encode(
    fields.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&"),
  );
  const bytes = raw ?? encoded;
  const body = chunked ? ReadableStream.from([bytes.slice(0, 10), bytes.slice(10)]) : bytes;
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(url, {
    method,
    headers: {
      ...headers,
      "Content-Type": type,
      ...(signature === null ? {} : { "X-Twilio-Signature": signature }),
    },
    ...(hasBody ? { body, duplex: "half" } : {}),
  });
}

/** As the SDK signs them: a name that stands more than once has a list. */
function parametersOf(fields: Pairs): Record<string, string | string[]> {
  const parameters = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of fields) {
    const known = parameters[name];
    parameters[name] = known === undefined ? value : [known].flat().concat(value);
  }
  return parameters;
}

/** How many rows there are in each table, and how many were written; but times of webhooks, of which each has one. */
function bookkeeper() {
  const { client } = line.connection;
  // SQLite's own table of sequences has a row more once the first times of webhooks are written.
  const ours =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
  const tables = client.prepare(ours).pluck().all();
  const counts = tables
    .filter((table) => table !== "webhook")
    .map((table) => `(SELECT count(*) FROM "${String(table)}")`);
  const rows = client.prepare(`SELECT ${counts.join(", ")}`).raw();
  const written = client.prepare("SELECT total_changes() - (SELECT count(*) FROM webhook)").pluck();
  return () => ({ rows: rows.get(), written: written.get() });
}

type Books = ReturnType<ReturnType<typeof bookkeeper>>;
type Told = { readonly status: number; readonly body: string; readonly errors: readonly Error[] };

const REFUSALS = [400, 403, 404, 405, 413, 415];
/** What a refusal is about; a value that came in is never quoted. */
const PLACES =
  /^(?:(?:[A-Z][A-Za-z]+|outgoing): |\w+ stands more than once$|The form |The path |The body |The signature |Not an account |Send application|Only POST|There is nothing)/;

/** Signed, well-formed, and never asked like this: the caller hears the apology. */
function isNoQuestionOfOurs(error: Error): boolean {
  return (
    error instanceof UnknownCall ||
    error.message.endsWith("no longer asks what this address asks.") ||
    error.message === "The slot {{lastDigits}} has no value."
  );
}

/** What is wrong with an answer, if anything is. */
function faultsOf(answer: Told, before: Books, after: Books): readonly string[] {
  const { status, body, errors } = answer;
  const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  const refused = status >= 400;
  const rules: readonly (readonly [string, boolean])[] = [
    ["a status of another kind", [200, 204, ...REFUSALS].includes(status)],
    ["a fault of ours", errors.every(isNoQuestionOfOurs)],
    ["no TwiML", status !== 200 || XMLValidator.validate(body) === true],
    ["a refusal that wrote", !refused || same(after, before)],
    // What was begun and taken back counts as written.
    ["an apology that wrote", errors.length === 0 || same(after.rows, before.rows)],
    ["a refusal that names no place", !refused || body === "" || PLACES.test(body.trimEnd())],
    ["a refusal that says too much", !refused || body.length < 300],
  ];
  return rules.filter(([, kept]) => !kept).map(([rule]) => rule);
}

describe("whatever is sent to the addresses for Twilio", { timeout: PATIENCE }, () => {
  it("is answered, or is refused with its place named and nothing written", async () => {
    const seen = new Map<string, number>();
    const books = bookkeeper();
    const growth = await memoryGrowth(async () => {
      await fc.assert(
        fc.asyncProperty(request, async (odd) => {
          const sent = asRequest(odd);
          fc.pre(sent !== null);
          const before = books();
          const answer = await promptly(JSON.stringify(odd), () => line.app.request(sent));
          const { status } = answer;
          const told = { status, body: await answer.text(), errors: line.errors.splice(0) };
          const kind = `${odd.path.startsWith("/voice") ? "voice" : "whatsapp"} ${status}`;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
          expect(faultsOf(told, before, books()), JSON.stringify(told)).toEqual([]);
        }),
        runs(900),
      );
    });
    expect(growth.megabytes).toBeLessThan(40);
    // It came as far as the answers of both doors, and to every refusal.
    const statuses = [...seen.keys()].map((kind) => Number(kind.split(" ")[1]));
    expect([...seen.keys()]).toEqual(expect.arrayContaining(["voice 200", "whatsapp 200"]));
    expect(statuses).toEqual(expect.arrayContaining(REFUSALS));
  });
});
