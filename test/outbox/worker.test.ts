import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backoffMs } from "../../src/outbox/backoff.ts";
import type { Carrier, Fate } from "../../src/outbox/carrier.ts";
import type { Rates } from "../../src/outbox/pace.ts";
import { outboxWorker, type OutgoingSeen } from "../../src/outbox/worker.ts";
import { agree, callOf, openMemory, someNumber, type Memory } from "../support/memory.ts";

/** The real queue, and carriers that do as the test says: what is held here is the worker's part. */
let memory: Memory;
let sent: string[];
let deliver: (id: string) => Promise<Fate>;
let seen: [OutgoingSeen["outcome"], string | undefined][];

beforeEach(() => {
  memory = openMemory();
  sent = [];
  seen = [];
  deliver = async () => ({ kind: "accepted", sid: null });
});
afterEach(() => memory.close());

function workerOn({ outgoing }: Pick<Memory, "outgoing"> = memory, rates: Rates = new Map()) {
  const carrier: Carrier = {
    look: async () => ({ kind: "absent" }),
    send(job) {
      sent.push(job.id);
      return deliver(job.id);
    },
  };
  return outboxWorker({
    outgoing,
    carriers: { message: carrier, call: carrier, event: carrier, recording: carrier },
    rates,
    now: () => memory.clock.now,
    random: () => 1 - Number.EPSILON,
    observe: ({ outcome }, error) => seen.push([outcome, error?.message]),
    onError: (error) => seen.push(["again", error.message]),
  });
}

/** People agree; each is to be written to. */
async function agreed(people: number, businessId = "acme-dental") {
  for (let person = 0; person < people; person++) {
    await agree(memory.ledger, callOf({ businessId, caller: someNumber(), at: memory.clock.now }));
  }
}

const states = async () => (await memory.outgoing.list({ limit: 100 })).map(({ state }) => state);

async function until(condition: () => boolean | Promise<boolean>) {
  for (let round = 0; round < 2_000; round++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error("it never comes true");
}

describe("a worker", () => {
  it("has a bounded number under way at once", async () => {
    await agreed(70);
    let underWay = 0;
    let most = 0;
    deliver = async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 2));
      underWay--;
      return { kind: "accepted", sid: null };
    };
    const worker = workerOn();
    await Promise.all([worker.tick(memory.clock.now), worker.tick(memory.clock.now)]);
    while ((await worker.tick(memory.clock.now)) > 0);
    expect(most).toBe(32);
    expect(sent).toHaveLength(70);
  });

  it("sends no more in a second than the business's sender may, and catches up no more than a moment", async () => {
    await agreed(40);
    const worker = workerOn(memory, new Map([["acme-dental", 10]]));
    const startsAt = memory.clock.now;
    const rounds: number[] = [];
    // The second of these comes when the first has sent what it may; the last one after a pause.
    for (const afterMs of [0, 0, 100, 200, 250, 1_000, 60_000]) {
      rounds.push(await worker.tick(startsAt + afterMs));
    }
    expect(rounds).toEqual([2, 0, 1, 1, 0, 2, 2]);
    expect(await worker.tick(startsAt - 60_000)).toBe(0);
  });

  it("lets no business wait for another one whose sender has sent what it may", async () => {
    await agreed(5);
    memory.clock.now += 1;
    await agreed(3, "hotel-miramar");
    const worker = workerOn(
      memory,
      new Map([
        ["acme-dental", 1],
        ["hotel-miramar", 400],
      ]),
    );
    expect(await worker.tick(memory.clock.now)).toBe(4);
    expect(await states()).toEqual([
      "sent",
      "sent",
      "sent",
      "waiting",
      "waiting",
      "waiting",
      "waiting",
      "sent",
    ]);
  });

  it("that stood still for longer than its lease goes on with what it has, and sends nothing twice", async () => {
    await agreed(1);
    const answer = Promise.withResolvers<Fate>();
    deliver = () => answer.promise;
    const worker = workerOn();
    const first = worker.tick(memory.clock.now);
    await until(() => sent.length === 1);
    memory.clock.now += 121_000;
    const second = worker.tick(memory.clock.now);
    await memory.ledger.probe();
    answer.resolve({ kind: "accepted", sid: null });
    await Promise.all([first, second]);
    expect(sent).toHaveLength(1);
    expect(await states()).toEqual(["sent"]);
  });

  it("counts the wait from when an answer was lost, however long the request took to leave", async () => {
    await agreed(1);
    const afterMs = 45_000;
    deliver = async () => {
      memory.clock.now += 60_000;
      return { kind: "again", failure: { code: null, message: "lost" }, unclear: true, afterMs };
    };
    await workerOn().tick(memory.clock.now);
    expect(await memory.outgoing.nextDueAt()).toBe(memory.clock.now + afterMs);
  });

  it("and another one beside it never send the same", async () => {
    await agreed(20);
    const workers = [workerOn(), workerOn()];
    for (let round = 0; round < 5; round++) {
      await Promise.all(workers.map((worker) => worker.tick(memory.clock.now)));
    }
    expect(sent).toHaveLength(20);
    expect(new Set(sent).size).toBe(20);
  });

  it("keeps what could not be made ready, says why, and tries again later", async () => {
    await agreed(1);
    deliver = () => Promise.reject(new Error("twiml/2026-11-22 is not loaded."));
    const worker = workerOn();
    await worker.tick(memory.clock.now);
    expect(seen).toEqual([["again", "twiml/2026-11-22 is not loaded."]]);
    expect(await memory.outgoing.list({ limit: 1 })).toMatchObject([
      { state: "waiting", unclearSince: null },
    ]);
    deliver = async () => ({ kind: "accepted", sid: null });
    await worker.tick(memory.clock.now + 2_000);
    expect(await states()).toEqual(["sent"]);
  });

  it("whose record is refused by the disk does not send a second time before it has looked", async () => {
    await agreed(1);
    const accepted = () => Promise.reject(new Error("disk full"));
    const worker = workerOn({ ...memory, outgoing: { ...memory.outgoing, accepted } });
    await worker.tick(memory.clock.now);
    expect(await states()).toEqual(["sending"]);
    const [job] = await memory.outgoing.claim({
      now: memory.clock.now + 121_000,
      leaseMs: 1,
      limit: 1,
      kinds: ["message"],
    });
    expect(job).toMatchObject({ unclearSince: memory.clock.now });
  });
});

describe("a running worker", () => {
  it("sends what is there, and what comes as soon as it is woken", async () => {
    const stop = new AbortController();
    const worker = workerOn();
    await agreed(1);
    const running = worker.run(stop.signal);
    await until(() => sent.length === 1);
    await agreed(1);
    worker.wake();
    const woken = performance.now();
    await until(() => sent.length === 2);
    expect(performance.now() - woken).toBeLessThan(900);
    stop.abort();
    await running;
    expect(await states()).toEqual(["sent", "sent"]);
  });

  it("that is woken again and again makes one round of it", async () => {
    let looks = 0;
    const { outgoing } = memory;
    const looking = { ...outgoing, nextDueAt: () => (looks++, outgoing.nextDueAt()) };
    const worker = workerOn({ outgoing: looking });
    const stop = new AbortController();
    const running = worker.run(stop.signal);
    await until(() => looks === 1);
    await agreed(3);
    for (let wakes = 0; wakes < 50; wakes++) {
      worker.wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => sent.length === 3);
    stop.abort();
    await running;
    expect(looks).toBeLessThan(4);
  });

  it("that is told to stop finishes what is under way, leaves the rest, and holds no lease", async () => {
    await agreed(36);
    const answers = Promise.withResolvers<Fate>();
    deliver = () => answers.promise;
    const stop = new AbortController();
    const worker = workerOn();
    const running = worker.run(stop.signal);
    await until(() => sent.length === 32);
    stop.abort();
    answers.resolve({ kind: "accepted", sid: null });
    await running;
    const left = await states();
    expect(left.filter((state) => state === "sent")).toHaveLength(32);
    expect(left.filter((state) => state === "waiting")).toHaveLength(4);
  });

  it("whose database does not let it goes on when it does", async () => {
    await agreed(1);
    let refusals = 2;
    const nextDueAt = async () => {
      if (refusals-- > 0) throw new Error("database is locked");
      return memory.outgoing.nextDueAt();
    };
    const stop = new AbortController();
    const worker = workerOn({ ...memory, outgoing: { ...memory.outgoing, nextDueAt } });
    const running = worker.run(stop.signal);
    await until(() => {
      worker.wake();
      return sent.length === 1;
    });
    stop.abort();
    await running;
    expect(seen.slice(0, 2)).toEqual([
      ["again", "database is locked"],
      ["again", "database is locked"],
    ]);
  });
});

describe("the wait between attempts", () => {
  it("doubles from two seconds up to ten minutes for people, an hour for other systems", () => {
    const waits = [1, 2, 3, 9, 10, 11, 1_000].map((attempts) => backoffMs("message", attempts, 1));
    expect(waits).toEqual([2_000, 4_000, 8_000, 512_000, 600_000, 600_000, 600_000]);
    expect(backoffMs("event", 1_000, 1)).toBe(3_600_000);
  });

  it("is anything from nothing to that, so that those who failed together come back apart", () => {
    expect([0, 0.25, 0.5].map((random) => backoffMs("call", 3, random))).toEqual([0, 2_000, 4_000]);
  });
});
