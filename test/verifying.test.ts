import pino from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMetrics } from "../src/metrics.ts";
import { signCheckpoint } from "../src/proof/checkpoint.ts";
import { verifyWith } from "../src/verifying.ts";
import { agreements, KEY, NAME, sealerOn } from "./proof/sealing.ts";
import { driver } from "./support/by-hand.ts";
import { agree, callOf, openMemory, someNumber, type Memory } from "./support/memory.ts";

let memory: Memory;
let logged: { level: number; msg: string; fault?: string }[];

beforeEach(async () => {
  memory = openMemory();
  logged = [];
  await agreements(memory, 200);
  const { seal } = sealerOn(memory.proof);
  while ((await seal()) > 0);
});
afterEach(() => memory.close());

function verifying(over: Partial<Parameters<typeof verifyWith>[0]> = {}) {
  const metrics = createMetrics();
  const stream = { write: (line: string) => void logged.push(JSON.parse(line) as (typeof logged)[number]) };
  const made = verifyWith({
    store: memory.audit,
    verifiers: [KEY.verifier],
    outside: async () => [],
    log: pino({}, stream),
    now: () => 1_000_000,
    monotonicMs: () => performance.now(),
    ...over,
  });
  metrics.watchVerifying(made.status);
  return { ...made, metrics };
}

describe("while the line serves, its ledger", () => {
  it("is verified, and an operator sees when and how", async () => {
    const { verify, status, metrics } = verifying();
    expect(status()).toEqual({ last: null, since: null });
    expect(await metrics.text()).not.toMatch(/^yesline_ledger_verified \d/m);
    await verify();
    expect(status().last).toMatchObject({ result: "ok", at: 1_000_000, report: { entries: 200, size: 200 } });
    const text = await metrics.text();
    expect(text).toMatch(/^yesline_ledger_verified 1$/m);
    expect(text).toMatch(/^yesline_ledger_verified_timestamp_seconds 1000$/m);
    expect(text).toMatch(/^yesline_ledger_faults 0$/m);
    expect(logged.map(({ msg }) => msg)).toEqual(["the ledger is as it was signed"]);
  });

  it("raises an alarm where it was changed, in log and metrics, and goes on taking entries", async () => {
    driver(memory.file, "DROP TRIGGER entry_never_changes; UPDATE entry SET locale = 'de-DE' WHERE seq = 7");
    const { verify, status, metrics } = verifying();
    await verify();
    const id = memory.rows("entry")[6]?.["id"];
    expect(status().last).toMatchObject({ result: "faults" });
    expect(status().last?.report?.faults).toMatchObject([
      { part: "guard", id: "trigger entry_never_changes" },
      { part: "entry", id },
    ]);
    const text = await metrics.text();
    expect(text).toMatch(/^yesline_ledger_verified 0$/m);
    expect(text).toMatch(/^yesline_ledger_faults [1-9]/m);
    const errors = logged.filter(({ level }) => level >= 50);
    expect(errors[1]?.fault).toContain(String(id));
    expect(errors.at(-1)?.msg).toContain("NOT what was signed");
    await agree(memory.ledger, callOf({ caller: someNumber() }));
    expect(memory.count("entry")).toBe(201);
  });

  it("is held against the newest checkpoints that are kept elsewhere", async () => {
    const elsewhere = { origin: NAME, size: 250, root: Buffer.alloc(32, 1) };
    const outside = async () => [{ where: "file:/mnt/log", note: signCheckpoint(elsewhere, [KEY]) }];
    const { verify, status } = verifying({ outside });
    await verify();
    expect(status().last).toMatchObject({ result: "faults", report: { faults: [{ part: "outside" }] } });
    expect(logged.map(({ fault }) => fault).join("")).toContain("it knows 250 entries, the log has only 200");
  });

  it("says that it could not be verified, which is an alarm as well", async () => {
    const failing = { ...memory.audit, extent: () => Promise.reject(new Error("disk")) };
    const { verify, status, metrics } = verifying({ store: failing });
    await verify();
    expect(status().last).toMatchObject({ result: "failed", reason: "disk", report: null });
    expect(await metrics.text()).toMatch(/^yesline_ledger_verified 0$/m);
  });

  it("is verified in short looks, between which callers are answered", async () => {
    await agreements(memory, 800);
    const { seal } = sealerOn(memory.proof);
    while ((await seal()) > 0);
    const { verify, status } = verifying();
    const over = verify();
    let answered = 0;
    do {
      await agree(memory.ledger, callOf({ caller: someNumber() }));
      answered += 1;
    } while (status().since !== null);
    await over;
    expect(answered).toBeGreaterThan(10);
    // What was recorded meanwhile is the next verification's.
    expect(status().last).toMatchObject({ result: "ok", report: { size: 1_000 } });
  });

  it("ends its verification at the next look when the line stops, and tells nothing of it", async () => {
    const { verify, finish, status } = verifying();
    const under = verify();
    await finish();
    await under;
    expect(status()).toEqual({ last: null, since: null });
  });
});
