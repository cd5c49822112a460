import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerUnavailable } from "../../src/ledger/ledger.ts";
import { signedRequest } from "../support/caller.ts";
import { PUBLIC_URL, sid, startLine, type Line } from "../support/line.ts";

let line: Line;
beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

const TABLES = ["call", "call_event", "entry", "consent", "subscriber", "served_text"];

describe("a request that is not Twilio's is refused, and not one row is written:", () => {
  const token = () => line.config.accounts[0]?.authTokens[0] ?? "";
  const fields = () => ({
    AccountSid: line.config.accounts[0]?.sid ?? "",
    CallSid: sid("CA"),
    From: "+14155550123",
    To: "+14155550100",
    CallStatus: "ringing",
    Direction: "inbound",
    ApiVersion: "2010-04-01",
  });
  const signed = (path: string) => signedRequest(PUBLIC_URL, path, fields(), token());

  const cases: [string, number, () => Request][] = [
    [
      "a signature for another path",
      403,
      () => changed(signed("/voice/status"), { url: `${PUBLIC_URL}/voice` }),
    ],
    ["a missing CallSid", 400, () => withFields({ CallSid: undefined })],
    ["a CallSid that is none", 400, () => withFields({ CallSid: "CA123" })],
    ["a To that is no number", 400, () => withFields({ To: "nobody" })],
    ["a From with something behind the number", 400, () => withFields({ From: "+14155550123To" })],
    ["a CallStatus that Twilio does not have", 400, () => withFields({ CallStatus: "happy" })],
    [
      "fifty kilobytes of keys",
      400,
      () => withFields({ Digits: "1".repeat(50_000) }, "/voice/2026-11-22/en-US/choice?try=1"),
    ],
    ["a fourth attempt", 400, () => withFields({ Digits: "1" }, "/voice/2026-11-22/en-US/choice?try=4")],
    ["a step that is none", 400, () => withFields({ Digits: "1" }, "/voice/2026-11-22/en-US/agree?try=1")],
    [
      "a script that never was",
      400,
      () => withFields({ Digits: "1" }, "/voice/1999-01-01/en-US/choice?try=1"),
    ],
  ];

  it.each(cases)("%s: %i", async (_name, status, request) => {
    const response = await line.app.request(request());
    expect(response.status).toBe(status);
    for (const table of TABLES) expect(line.rows(table), table).toEqual([]);
  });

  it("an answer about the caller's own number, from a caller who now has none, is answered with the apology", async () => {
    const own = fields();
    await line.app.request(signedRequest(PUBLIC_URL, "/voice", own, token()));
    const before = TABLES.map((table) => line.rows(table));
    const path = "/voice/2026-11-22/en-US/choice?try=1";
    for (const answer of [{}, { Digits: "1" }, { Digits: "9" }]) {
      const withheld = { ...own, From: "", CallStatus: "in-progress", ...answer };
      const response = await line.app.request(signedRequest(PUBLIC_URL, path, withheld, token()));
      expect(await response.text()).toMatch(/sorry/i);
    }
    expect(TABLES.map((table) => line.rows(table))).toEqual(before);
  });

  it("a step of a call that never began is answered with the apology", async () => {
    const response = await line.app.request(
      withFields({ Digits: "1" }, "/voice/2026-11-22/en-US/choice?try=1"),
    );
    expect(await response.text()).toMatch(/sorry/i);
    for (const table of TABLES) expect(line.rows(table), table).toEqual([]);
  });

  it("a language that the business no longer speaks is answered with the apology, and nothing is written", async () => {
    const response = await line.app.request(
      withFields({ Digits: "1" }, "/voice/2026-11-22/de-DE/choice?try=1"),
    );
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('language="de-DE"');
    for (const table of TABLES) expect(line.rows(table), table).toEqual([]);
  });

  it("a question that this call was never asked is answered with the apology, and nothing is written", async () => {
    const call = line.call();
    await call.begin();
    const forged = "/voice/2026-11-22/en-US/topic?try=1&topic=policy-updates&agreed=appointment-reminders";
    const answer = await call.post(forged, { Digits: "1" });
    expect(answer.words).toMatch(/sorry/i);
    expect(line.rows("entry")).toEqual([]);
  });

  it("a line that no business has is rejected as busy, and nothing is written", async () => {
    const response = await line.app.request(withFields({ To: "+14155559999" }));
    expect(await response.text()).toContain("<Reject/>");
    expect(line.rows("call")).toEqual([]);
  });

  function withFields(changes: Record<string, string | undefined>, path = "/voice"): Request {
    const merged = Object.entries({ ...fields(), ...changes }).filter(([, value]) => value !== undefined);
    return signedRequest(PUBLIC_URL, path, Object.fromEntries(merged), token());
  }
});

describe("when the disk refuses the commit", () => {
  it("the caller hears the apology, nothing says that anything is recorded, and the same key works later", async () => {
    let broken = false;
    const failing = startLine({
      wrapLedger: (ledger) => ({
        ...ledger,
        record: (turn) => (broken ? Promise.reject(new LedgerUnavailable("disk full")) : ledger.record(turn)),
      }),
    });
    const call = failing.call();
    await call.begin();
    const path = call.action();
    broken = true;
    const apology = await call.press("1");
    expect(apology.status).toBe(200);
    expect(apology.words).toMatch(/sorry/i);
    expect(apology.words).not.toMatch(/recorded/i);
    expect(failing.rows("entry")).toEqual([]);
    broken = false;
    expect((await call.post(path, { Digits: "1" })).words).toContain("recorded");
    await failing.stop();
  });

  it("nobody whose webhook comes again is told so, as long as the first may yet be on record", async () => {
    const disk = Promise.withResolvers<void>();
    let hangs = false;
    let came = 0;
    const hanging = startLine({
      wrapLedger: (ledger) => ({
        ...ledger,
        async record(turn) {
          if (!hangs || turn.entries.length === 0) return ledger.record(turn);
          came += 1;
          if (came > 1) throw new LedgerUnavailable("The disk does not answer.");
          await disk.promise;
          hangs = false;
          return ledger.record(turn);
        },
      }),
    });
    const call = hanging.call();
    await call.begin();
    const path = call.action();
    hangs = true;
    const twice = Promise.all([call.press("1"), call.post(path, { Digits: "1" })]);
    setTimeout(disk.resolve, 50);
    const [first, again] = await twice;
    expect(first.words).toContain("recorded");
    expect(again.twiml).toBe(first.twiml);
    expect(hanging.rows("entry")).toHaveLength(1);
    await hanging.stop();
  });

  it("for real: a table that has lost its space keeps the answer from being said", async () => {
    const call = line.call();
    await call.begin();
    line.connection.client.pragma(
      `max_page_count = ${String(line.connection.client.pragma("page_count", { simple: true }))}`,
    );
    const filler = "x".repeat(4_000);
    const outcomes: string[] = [];
    for (let i = 0; i < 40; i++) {
      const other = line.call({ from: `+1415555${String(2000 + i)}`, fields: { StirVerstat: filler } });
      outcomes.push((await other.begin()).words);
    }
    expect(outcomes.at(-1)).toMatch(/sorry/i);
    expect(outcomes.join(" ")).not.toMatch(/recorded/i);
  });
});

describe("the two worlds", () => {
  it("keep apart: a simulated yes does not make a real caller a returning one", async () => {
    const account = {
      TWILIO_ACCOUNT_SID: sid("AC"),
      TWILIO_AUTH_TOKEN: "0".repeat(32),
      YESLINE_SIMULATOR: "on",
    };
    const both = startLine({ env: account });
    const simulator = both.config.simulator;
    const simulated = both.call({
      accountSid: simulator?.accountSid ?? "",
      authToken: simulator?.authToken ?? "",
    });
    await simulated.begin();
    await simulated.press("1");
    const real = both.call();
    expect((await real.begin()).action).toContain("/choice?");
    await real.press("1");
    expect(both.rows("entry").map((row) => row["simulated"])).toEqual([1, 0]);
    await both.stop();
  });

  it("accepts both tokens during a rotation", async () => {
    const tokens = ["1".repeat(32), "2".repeat(32)];
    const rotating = startLine({
      env: { TWILIO_ACCOUNT_SID: sid("AC"), TWILIO_AUTH_TOKEN: tokens.join(",") },
    });
    for (const authToken of tokens) expect((await rotating.call({ authToken }).begin()).status).toBe(200);
    expect((await rotating.call({ authToken: "3".repeat(32) }).begin()).status).toBe(403);
    await rotating.stop();
  });

  it("a public URL with a path keeps that path in every action", async () => {
    const behind = startLine({ publicUrl: "https://line.test/yesline" });
    const call = behind.call({ publicUrl: "https://line.test/yesline" });
    const hello = await call.begin();
    expect(hello.action).toMatch(/^\/yesline\/voice\//);
    await behind.stop();
  });
});

function changed(
  request: Request,
  {
    headers = {},
    body,
    url = request.url,
  }: { headers?: Record<string, string | null>; body?: string; url?: string },
): Request {
  const merged = new Headers(request.headers);
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  return new Request(url, { method: "POST", headers: merged, body: body ?? request.body, duplex: "half" });
}
