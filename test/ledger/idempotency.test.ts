import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openMemory, type Memory } from "../support/memory.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

const NOW = Date.UTC(2026, 10, 23, 9);
const DAY_MS = 24 * 60 * 60 * 1000;
const ANSWER = { status: 201, body: '{"id":"1"}' };
const begin = (name: string, digest = "the request", at = NOW, key = "shop") =>
  memory.idempotency.begin(key, name, digest, at);

describe("a request that another system repeats", () => {
  it("is new once, busy while the first one runs, and then gets the first one's answer", async () => {
    expect(await begin("a")).toBe("new");
    expect(await begin("a")).toBe("busy");
    await memory.idempotency.keep("shop", "a", ANSWER);
    expect(await begin("a")).toEqual(ANSWER);
    expect(await begin("a", "the request", NOW + DAY_MS - 1)).toEqual(ANSWER);
  });

  it("is new to one of many that come at once", async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => begin("a")));
    expect(all).toEqual(["new", ...Array.from({ length: 49 }, () => "busy")]);
  });

  it("is another request if anything in it differs, before and after the first answer", async () => {
    await begin("a");
    expect(await begin("a", "another request")).toBe("differs");
    await memory.idempotency.keep("shop", "a", ANSWER);
    expect(await begin("a", "another request")).toBe("differs");
  });

  it("is its own system's: another key's request of the same name is new", async () => {
    await begin("a");
    expect(await begin("a", "the request", NOW, "clinic")).toBe("new");
  });

  it("is tried anew after a failure of ours", async () => {
    await begin("a");
    await memory.idempotency.forget("shop", "a");
    expect(await begin("a", "mended")).toBe("new");
  });

  it("keeps its answer: a late failure does not take it away, and a late answer does not replace it", async () => {
    await begin("a");
    await memory.idempotency.keep("shop", "a", ANSWER);
    await memory.idempotency.forget("shop", "a");
    await memory.idempotency.keep("shop", "a", { status: 500, body: "" });
    expect(await begin("a")).toEqual(ANSWER);
  });

  it("is tried anew where the process that had it ended, after a minute, and only as it was", async () => {
    await begin("a");
    expect(await begin("a", "the request", NOW + 59_999)).toBe("busy");
    expect(await begin("a", "another request", NOW + 60_000)).toBe("differs");
    expect(await begin("a", "the request", NOW + 60_000)).toBe("new");
    expect(await begin("a", "the request", NOW + 60_001)).toBe("busy");
  });

  it("is forgotten after a day, answered or not", async () => {
    await begin("a");
    await memory.idempotency.keep("shop", "a", ANSWER);
    await begin("b");
    expect(await begin("a", "another request", NOW + DAY_MS)).toBe("new");
    expect(await begin("b", "another request", NOW + DAY_MS)).toBe("new");
    expect(memory.rows("idempotency").map((row) => row["body"])).toEqual([null, null]);
  });
});

describe("what is a day old", () => {
  it("goes little by little, and never with what is younger", async () => {
    for (let each = 0; each < 120; each++) await begin(`old-${each}`);
    await begin("young", "the request", NOW + 1);
    const left = () => memory.count("idempotency");
    const counts = [];
    for (let each = 0; each < 4; each++) {
      await begin("now", "the request", NOW + DAY_MS);
      counts.push(left());
    }
    expect(counts).toEqual([72, 22, 2, 2]);
    expect(memory.rows("idempotency").map((row) => row["idempotency_key"])).toEqual(["young", "now"]);
  });
});
