import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askingThread, type AskingThread } from "../../src/ledger/asking-thread.ts";
import { LedgerUnavailable, UnknownCall } from "../../src/ledger/ledger.ts";
import type { Order } from "./asked-worker.ts";

const WORKER = new URL("asked-worker.ts", import.meta.url);
/** Longer than a thread takes to look at a question on a busy machine, and far shorter than it hangs here. */
const PATIENCE_MS = 600;
const HANGS_MS = 2_500;

let thread: AskingThread<Order>;
let lost: (Error | null)[];
let refused: number;
beforeEach(() => {
  lost = [];
  refused = 0;
  thread = askingThread<Order>(WORKER, {
    lost(error) {
      lost.push(error);
      return new Error("The thread is gone.");
    },
    patience: {
      milliseconds: PATIENCE_MS,
      monotonicMs: () => performance.now(),
      refusal: () => new LedgerUnavailable("It hangs."),
      onRefused: (questions) => (refused += questions),
    },
  });
});
afterEach(() => thread.end());

const note = (text: string) => thread.ask({ kind: "note", text });
const notes = () => thread.ask({ kind: "notes" });
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** It has looked at the order, and at nothing since. */
async function hanging(): Promise<{ readonly over: Promise<unknown> }> {
  await notes();
  const over = thread.ask({ kind: "hang", milliseconds: HANGS_MS });
  await turn();
  await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS / 5));
  return { over };
}

describe("who asks a thread", () => {
  it("is answered in the order of asking, also where nobody waits for some of it", async () => {
    const first = note("one");
    thread.tell({ kind: "note", text: "two" });
    const third = note("three");
    expect([await first, await third]).toEqual([1, 3]);
    expect(await notes()).toEqual(["one", "two", "three"]);
    expect(thread.waiting()).toBe(0);
  });

  it("hears of a failure as in the thread itself: its class, where a door looks at it, SQLite's word, and its cause", async () => {
    const fail = (how: (Order & { kind: "fail" })["how"]) =>
      thread.ask({ kind: "fail", how }).catch((error: unknown) => error);
    const unavailable = await fail("unavailable");
    expect(unavailable).toBeInstanceOf(LedgerUnavailable);
    expect(unavailable).toMatchObject({
      message: "The disk refused the write.",
      stack: expect.stringContaining("asked-worker.ts"),
      cause: { message: "database or disk is full", code: "SQLITE_FULL" },
    });
    expect(await fail("unknown-call")).toBeInstanceOf(UnknownCall);
    expect(await fail("other")).toMatchObject({ code: "SQLITE_FULL", constructor: Error });
    expect(await fail("nothing")).toMatchObject({ message: "null" });
  });

  it("with what is no plain data hears so, and the next one is answered", async () => {
    await expect(thread.ask({ kind: "note", text: (() => "") as never })).rejects.toThrow(
      "could not be cloned",
    );
    expect(await note("one")).toBe(1);
  });
});

describe("a thread that hangs", () => {
  it("has what it has begun with ended in its time; who came later hears in time that nothing was done, and that is so", async () => {
    const { over } = await hanging();
    const since = performance.now();
    await expect(note("too late")).rejects.toThrow(LedgerUnavailable);
    const waitedMs = performance.now() - since;
    expect(waitedMs).toBeGreaterThanOrEqual(PATIENCE_MS);
    expect(waitedMs).toBeLessThan(HANGS_MS / 2);
    expect(await over).toBe("over");
    expect(await notes()).toEqual([]);
    expect(refused).toBe(1);
  });

  it("has everybody else refused at once, and answers them when it is back", async () => {
    const { over } = await hanging();
    await expect(note("the first one waits")).rejects.toThrow("It hangs.");
    const since = performance.now();
    const crowd = await Promise.allSettled(Array.from({ length: 100 }, (_, n) => note(`${n}`)));
    expect(new Set(crowd.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(performance.now() - since).toBeLessThan(PATIENCE_MS);
    expect(refused).toBe(101);
    await over;
    expect(await note("back")).toBe(1);
    expect(await notes()).toEqual(["back"]);
  });

  it("has nobody refused who came just before it was back", async () => {
    const { over } = await hanging();
    await new Promise((resolve) => setTimeout(resolve, HANGS_MS - PATIENCE_MS / 3));
    expect(await note("in time")).toBe(1);
    expect([await over, refused]).toEqual(["over", 0]);
  });
});

describe("a thread that dies", () => {
  it("tells who waited, and the next question begins another one", async () => {
    const asked = Promise.allSettled([thread.ask({ kind: "die" }), note("lost")]);
    const outcomes = await asked;
    expect(outcomes[0]).toMatchObject({ status: "rejected", reason: { message: "The thread is gone." } });
    expect(lost).toMatchObject([{ message: "It has died." }]);
    expect(await note("another")).toBe(1);
  });

  it("or was ended leaves nobody without an answer, and begins no other one for what was asked in the same turn", async () => {
    await notes();
    const asked = Promise.allSettled([note("one")]);
    await thread.end();
    expect(await asked).toMatchObject([{ status: "rejected", reason: { message: "The thread is gone." } }]);
    await turn();
    expect([lost, thread.waiting()]).toEqual([[null], 0]);
  });
});
