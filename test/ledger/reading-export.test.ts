import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cell, csv, recordsCsv } from "../../src/ledger/export-csv.ts";
import { recordOf } from "../../src/ledger/record.ts";
import { DENTAL, sids, startReading, type ReadingLine } from "./reading-line.ts";

let line: ReadingLine;
beforeEach(() => {
  line = startReading();
});
afterEach(() => line.stop());

describe("a cell of an export", () => {
  it.each([
    ['=HYPERLINK("https://evil.example","x")', `"'=HYPERLINK(""https://evil.example"",""x"")"`],
    ["+14155550123", `"'+14155550123"`],
    ["-1+1", `"'-1+1"`],
    ["@SUM(A1)", `"'@SUM(A1)"`],
    ["\tx", `"'\tx"`],
    ["\rx", `"'\rx"`],
    ["\0=1", `"'\0=1"`],
    [" =1+1", `"' =1+1"`],
    ["\n=1", `"'\n=1"`],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\r\nlines", '"two\r\nlines"'],
    ["＝1", `"'＝1"`],
    ["a;=1", '"a;=1"'],
    ["plain", '"plain"'],
    ["a=b", '"a=b"'],
    ["", '""'],
    [null, ""],
    [-5, "-5"],
    [true, "true"],
  ])("%j becomes %j", (value, expected) => {
    expect(cell(value)).toBe(expected);
  });

  it("hides the tricks of a header as well", async () => {
    const lines = await text(csv(streamed([{ a: 1 }]), [{ name: "=a", value: ({ a }) => a }]));
    expect(lines).toBe(`"'=a"\r\n1\r\n`);
  });
});

describe("an export of calls", () => {
  it("streams while calls come in, in order, each call once, and none of them waits for it", async () => {
    for (let n = 0; n < 260; n++) {
      line.clock.now += 1;
      await line.ledger.recordStatus(
        {
          businessId: "acme-dental",
          callSid: `CA${String(n).padStart(32, "0")}`,
          accountSid: "AC1",
          line: DENTAL,
          direction: "inbound",
          caller: "+14155550123",
          attestation: "passed-A",
          simulated: false,
          at: line.clock.now,
        },
        { status: "completed", terminal: true, sequence: 1, durationSeconds: 1, at: line.clock.now },
      );
    }
    const before = await collect(line.reading.exportCalls({}));
    const exported: string[] = [];
    let during = 0;
    const calling = (async () => {
      for (; during < 5; during++) {
        line.clock.now += 1;
        await line.finish(["1"], { from: `+1415555016${during}` });
      }
    })();
    for await (const { callSid } of line.reading.exportCalls({})) {
      exported.push(callSid);
      if (exported.length === 101) await calling;
    }
    expect(during).toBe(5);
    expect(exported.filter((callSid) => sids(before).includes(callSid))).toEqual(sids(before));
    expect(new Set(exported).size).toBe(exported.length);
    expect(await collect(line.reading.exportCalls({ sort: "oldest" }))).toHaveLength(265);
  });

  it("holds nobody up: after two milliseconds of work whoever calls has their turn (row 59)", async () => {
    for (let n = 0; n < 40; n++) await line.finish([], { from: `+1415555${4_000 + n}` });
    let [ms, turns] = [0, 0];
    const reading = new AbortController();
    const meanwhile = (async () => {
      for (; !reading.signal.aborted; turns++) await new Promise((resolve) => setImmediate(resolve));
    })();
    // Every look at the clock is a millisecond later: one before each row.
    for await (const _ of line.openReading(() => ms++).exportCalls({})) expect(_.simulated).toBe(false);
    reading.abort();
    await meanwhile;
    expect(turns).toBeGreaterThanOrEqual(18);
  });

  it("stops reading when the reader goes away", async () => {
    await line.finish(["1"]);
    const rows = line.reading.exportCalls({})[Symbol.asyncIterator]();
    expect((await rows.next()).done).toBe(false);
    await rows.return?.();
    expect((await rows.next()).done).toBe(true);
  });
});

it("an export of records has one line for each entry, in the ledger's order", async () => {
  await line.finish(["1"]);
  await line.finish(["2"]);
  const lines = await text(recordsCsv(records()));
  expect(lines).toMatch(/^"sequence","record","kind","state","time",/);
  expect(lines.split("\r\n").map((each) => each.split(",")[2])).toEqual([
    '"kind"',
    '"granted"',
    '"revoked"',
    undefined,
  ]);
  expect(lines).toContain("'+1••••••0123");
});

async function* records() {
  for await (const view of line.ledger.entries({})) {
    yield recordOf(
      view,
      line.config.businesses.find(({ id }) => id === view.entry.businessId),
    );
  }
}

async function* streamed<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

async function text(chunks: AsyncIterable<string>): Promise<string> {
  return (await collect(chunks)).join("");
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}
