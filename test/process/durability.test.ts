import { describe, it } from "vitest";
import { runMain, startServer } from "../support/server.ts";

const TABLES = ["call", "call_event", "entry", "consent", "subscriber", "served_text"];

type Rows = readonly Record<string, unknown>[];

/** What webhooks write; the words of a WhatsApp message are written when it leaves, whenever that is. */
const written = (rows: (table: string) => Rows) =>
  TABLES.map((table) => rows(table).filter((row) => !String(row["twiml"]).includes("<Message>")));

describe.concurrent("a caller who was told that consent is recorded", () => {
  it("stands in the ledger though the machine kills the server at that very moment", async ({ expect }) => {
    await using first = await startServer();
    const call = first.call();
    await call.begin();
    const action = call.action();
    const answer = await call.press("1");
    const exit = await first.stop("SIGKILL");
    expect([exit.signal, answer.hangsUp]).toEqual(["SIGKILL", true]);

    await using second = await startServer({ folder: first.folder });
    expect(second.rows("entry")).toMatchObject([{ kind: "granted", call_sid: call.callSid, key: "1" }]);
    const before = written(second.rows);
    // Twilio, whose connection broke, sends the webhook again; the address is the old one's.
    const again = second.call({ callSid: call.callSid });
    const repeated = await again.post(action, { CallStatus: "in-progress", Digits: "1" });
    expect(repeated).toEqual(answer);
    expect(written(second.rows)).toEqual(before);
    const later = second.call();
    expect((await later.begin()).words).toContain("again");
  });

  it("stands there too if a crowd is calling, each of whom was answered before the end", async ({
    expect,
  }) => {
    await using server = await startServer();
    const answered: string[] = [];
    const crowd = Array.from({ length: 40 }, async () => {
      const call = server.call();
      await call.begin();
      const { hangsUp } = await call.press("2");
      if (hangsUp) answered.push(call.callSid);
      if (answered.length === 10) server.kill("SIGKILL");
    });
    await Promise.allSettled(crowd);
    await server.exited;
    await using after = await startServer({ folder: server.folder });
    const recorded = after.rows("entry").map((row) => row["call_sid"]);
    expect(answered.length).toBeGreaterThanOrEqual(10);
    expect(recorded).toEqual(expect.arrayContaining(answered));
  });
});

describe.concurrent("one server for one file:", () => {
  it("a second process is refused with the reason and code 3, and the first one goes on", async ({
    expect,
  }) => {
    await using server = await startServer();
    const env = { PORT: "0", DATABASE_URL: `file:${server.file}` };
    const serve = await runMain(["serve"], env).exited;
    expect(serve).toMatchObject({ code: 3, out: "" });
    expect(serve.err).toBe(
      `${server.file} is served by another process. Stop that one, or give this one its own DATABASE_URL.\n`,
    );
    const migrate = await runMain(["migrate"], env).exited;
    expect(migrate).toMatchObject({ code: 3, out: "", err: serve.err });
    expect((await server.call().begin()).status).toBe(200);
  });
});
