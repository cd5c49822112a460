import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { open } from "../../src/ledger/sqlite/connection.ts";
import type { Draft, Outgoing, OutgoingKind, OutgoingState, Payload } from "../../src/ledger/outgoing.ts";
import { ledgerOn, openMemory, type Memory } from "../support/memory.ts";
import { composed, DAY_MS, HOUR_MS, LEASE_MS, MINUTE_MS, NOW, messageSid } from "./correspondence.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

const SAID = { topics: ["visits"], locale: "en-US", jurisdiction: "US", script: "2026-11-22" } as const;
const MESSAGE: Payload = { kind: "message", purpose: "confirmation", ...SAID, sessionUntil: null };
const CALL: Payload = { kind: "call", line: "+14155550100", locale: null };
const EVENT: Payload = { kind: "event", endpointId: "endpoint-1" };

let causes = 0;
function draft(subscriberId: string | null, over: Partial<Draft> = {}): Draft {
  return {
    businessId: "clinic",
    cause: `cause-${causes++}`,
    subscriberId,
    simulated: false,
    entryId: null,
    payload: MESSAGE,
    dueAt: NOW,
    expiresAt: NOW + DAY_MS,
    requestedBy: null,
    ...over,
  };
}

async function add(...drafts: Draft[]): Promise<string[]> {
  const ids = await memory.outgoing.add(drafts, NOW);
  return ids.map((id) => id ?? "there already");
}

const ALL: readonly OutgoingKind[] = ["message", "call", "event"];
const claim = (now = NOW, over: { limit?: number; kinds?: readonly OutgoingKind[] } = {}) =>
  memory.outgoing.claim({ now, leaseMs: LEASE_MS, limit: 10, kinds: ALL, ...over });
const idsOf = (jobs: readonly Outgoing[]) => jobs.map(({ id }) => id);
const TIMED_OUT = { code: null, message: "Twilio did not answer in time." };
const BUSY = { code: "429", message: "Twilio asks to wait." };

describe("one cause", () => {
  it("makes one row of a kind, also when two ask at the same moment", async () => {
    const one = draft("ann", { cause: "same" });
    const both = await Promise.all([memory.outgoing.add([one], NOW), memory.outgoing.add([one, one], NOW)]);
    expect(both.flat().filter((id) => id !== null)).toHaveLength(1);
    await add(
      draft("ann", { cause: "same", payload: CALL }),
      draft("ann", { cause: "same", businessId: "other" }),
    );
    expect(memory.count("outbox")).toBe(3);
  });
});

describe("what is due", () => {
  it("is taken oldest first, no more than asked for, of the kinds asked for", async () => {
    const [late, early, , event] = await add(
      draft("ann", { dueAt: NOW - 1 }),
      draft("bob", { dueAt: NOW - 2 }),
      draft("eve", { dueAt: NOW + 1 }),
      draft("ann", { dueAt: NOW - 3, payload: EVENT }),
    );
    expect(idsOf(await claim(NOW, { limit: 1, kinds: ["message"] }))).toEqual([early]);
    expect(idsOf(await claim(NOW, { kinds: ["call"] }))).toEqual([]);
    const jobs = await claim();
    expect(idsOf(jobs)).toEqual([event, late]);
    expect(jobs[1]).toMatchObject({ state: "sending", attempts: 1, unclearSince: null, payload: MESSAGE });
    expect(await claim()).toEqual([]);
  });

  it("is taken by one of two workers on the same file, never by both", async () => {
    const ids = await add(...Array.from({ length: 30 }, (_, nth) => draft(`person-${nth}`)));
    const connection = open(memory.file, { busyTimeoutMs: 0 });
    const other = ledgerOn(connection);
    const want = { now: NOW, leaseMs: LEASE_MS, limit: 7, kinds: ALL };
    const claims = Array.from({ length: 8 }, (_, nth) =>
      (nth % 2 === 0 ? memory : other).outgoing.claim(want),
    );
    const taken = (await Promise.all(claims)).flatMap(idsOf);
    await other.ledger.close();
    expect(taken.toSorted()).toEqual(ids.toSorted());
  });

  it("of one person is out one at a time, so that a lost answer can be looked up without doubt", async () => {
    const [one, two, other, event] = await add(
      draft("ann"),
      draft("ann"),
      draft("bob"),
      draft("ann", { payload: EVENT }),
    );
    expect(idsOf(await claim())).toEqual([one, other, event]);
    expect(await claim()).toEqual([]);
    expect(await memory.outgoing.nextDueAt()).toBeNull();
    await memory.outgoing.accepted(one ?? "", messageSid(), NOW);
    expect(await memory.outgoing.nextDueAt()).toBe(NOW);
    expect(idsOf(await claim())).toEqual([two]);
  });

  it("of one person waits for the one that is in doubt; what is only late keeps nobody waiting", async () => {
    const [one, two] = await add(draft("ann"), draft("ann"));
    await claim();
    await memory.outgoing.postpone(one ?? "", NOW + HOUR_MS, TIMED_OUT, true);
    expect(await claim()).toEqual([]);
    expect(idsOf(await claim(NOW + HOUR_MS))).toEqual([one]);
    await memory.outgoing.postpone(one ?? "", NOW + 2 * HOUR_MS, BUSY, false);
    expect(idsOf(await claim(NOW + HOUR_MS))).toEqual([two]);
  });

  it("of two that are in doubt the earlier one is looked for first, and neither waits for ever", async () => {
    const [one, two] = await add(draft("ann"), draft("ann"));
    memory.connection.client.prepare("UPDATE outbox SET unclear_since = ?").run(NOW - MINUTE_MS);
    expect(idsOf(await claim())).toEqual([one]);
    await memory.outgoing.accepted(one ?? "", messageSid(), NOW);
    expect(idsOf(await claim())).toEqual([two]);
  });
});

describe("a worker that dies", () => {
  it("leaves in doubt what it had, since the moment that it took it, and another one takes that over", async () => {
    const [id] = await add(draft("ann"));
    await claim();
    expect(await claim(NOW + LEASE_MS - 1)).toEqual([]);
    const [again] = await claim(NOW + LEASE_MS);
    expect(again).toMatchObject({ id, attempts: 2, unclearSince: NOW });
    const [third] = await claim(NOW + 3 * LEASE_MS);
    expect(third).toMatchObject({ id, attempts: 3, unclearSince: NOW });
  });
});

describe("an attempt", () => {
  it("whose fate nobody knows is in doubt from its beginning, until it is known", async () => {
    const [id = ""] = await add(draft("ann"));
    await claim();
    await memory.outgoing.postpone(id, NOW + 10, TIMED_OUT, true);
    expect(await memory.outgoing.get("clinic", id)).toMatchObject({
      state: "waiting",
      attempts: 1,
      unclearSince: NOW,
      dueAt: NOW + 10,
      errorCode: null,
      errorMessage: TIMED_OUT.message,
    });
    const [seen] = await claim(NOW + 10);
    expect(seen?.unclearSince).toBe(NOW);
    await memory.outgoing.postpone(id, NOW + 20, TIMED_OUT, true);
    expect(await memory.outgoing.get("clinic", id)).toMatchObject({ unclearSince: NOW });
    await claim(NOW + 20);
    await memory.outgoing.accepted(id, messageSid(), NOW + 20);
    expect(await memory.outgoing.get("clinic", id)).toMatchObject({
      state: "sent",
      unclearSince: null,
      errorMessage: null,
      finishedAt: NOW + 20,
    });
  });

  it("that was not made does not count, and what was said of the last one stays", async () => {
    const [id = ""] = await add(draft("ann"));
    await claim();
    await memory.outgoing.postpone(id, NOW, BUSY, false);
    await claim();
    await memory.outgoing.postpone(id, NOW + HOUR_MS, null, false);
    expect(await memory.outgoing.get("clinic", id)).toMatchObject({
      attempts: 1,
      errorCode: "429",
      state: "waiting",
    });
  });

  it("that was accepted is not undone by a late word of another worker", async () => {
    const [id = ""] = await add(draft("ann"));
    await claim();
    await memory.outgoing.accepted(id, messageSid(), NOW);
    await memory.outgoing.postpone(id, NOW, TIMED_OUT, true);
    await memory.outgoing.end(id, "failed", TIMED_OUT, NOW);
    expect(await memory.outgoing.get("clinic", id)).toMatchObject({ state: "sent", errorMessage: null });
  });
});

describe("the words of a message", () => {
  it("are kept before they leave, under the id of the row, and the first ones stand", async () => {
    const [id = ""] = await add(draft("ann", { entryId: "entry-1" }));
    const [job] = await claim();
    if (job === undefined) throw new Error("Nothing was due.");
    await memory.outgoing.compose(job, composed("You agreed."), NOW);
    await memory.outgoing.compose(job, composed("You agreed, once more."), NOW + 1);
    expect(memory.count("served_text")).toBe(1);
    expect(memory.rows("message")).toMatchObject([
      {
        id,
        direction: "out",
        purpose: "confirmation",
        status: "queued",
        sid: null,
        entry_id: "entry-1",
        at: NOW,
      },
    ]);
    const [view] = await memory.messages.withSubscriber("clinic", "ann", 1);
    expect(view?.words).toBe("You agreed.");
    await memory.outgoing.accepted(id, "SM1", NOW);
    await memory.outgoing.accepted(id, "SM2", NOW);
    expect(memory.rows("message")).toMatchObject([{ sid: "SM1" }]);
  });

  it("cannot be those of a call", async () => {
    await add(draft("ann", { payload: CALL }));
    const [job] = await claim();
    if (job === undefined) throw new Error("Nothing was due.");
    await expect(memory.outgoing.compose(job, composed("Hello."), NOW)).rejects.toThrow(
      "no message to a person",
    );
  });
});

describe("what failed", () => {
  it("is kept with its reason, and can be tried again by a person", async () => {
    const [id = ""] = await add(draft("ann"));
    await claim();
    await memory.outgoing.end(id, "failed", { code: "63016", message: "Outside the session." }, NOW);
    expect(await memory.outgoing.list({ states: ["failed", "expired"], limit: 5 })).toMatchObject([
      { id, state: "failed", errorCode: "63016", errorMessage: "Outside the session.", finishedAt: NOW },
    ]);
    expect(await memory.outgoing.retry(id, NOW + 5, NOW + DAY_MS)).toBe(true);
    expect(await memory.outgoing.retry(id, NOW + 5, NOW + DAY_MS)).toBe(false);
    expect(await claim(NOW + 5)).toMatchObject([{ id, attempts: 1, unclearSince: null }]);
  });

  it("in doubt is still in doubt when it is tried again", async () => {
    const [id = ""] = await add(draft("ann"));
    await claim();
    await memory.outgoing.postpone(id, NOW, TIMED_OUT, true);
    await claim();
    await memory.outgoing.end(id, "expired", TIMED_OUT, NOW);
    await memory.outgoing.retry(id, NOW, NOW + DAY_MS);
    expect(await claim()).toMatchObject([{ id, unclearSince: NOW }]);
  });
});

describe("an event", () => {
  it("that was delivered can be sent once more, as a new row", async () => {
    const [id = "", message = ""] = await add(
      draft("ann", { payload: EVENT, entryId: "entry-1" }),
      draft("bob"),
    );
    expect(await memory.outgoing.replay(id, NOW)).toBeNull();
    await claim();
    await memory.outgoing.accepted(id, null, NOW);
    await memory.outgoing.accepted(message, "SM1", NOW);
    const again = await memory.outgoing.replay(id, NOW + HOUR_MS);
    const twice = await memory.outgoing.replay(id, NOW + HOUR_MS);
    expect(new Set([id, again, twice, null]).size).toBe(4);
    expect(await memory.outgoing.get("clinic", again ?? "")).toMatchObject({
      state: "waiting",
      payload: EVENT,
      entryId: "entry-1",
      attempts: 0,
      dueAt: NOW + HOUR_MS,
    });
    expect(await memory.outgoing.replay(message, NOW)).toBeNull();
    expect(await memory.outgoing.replay("nothing", NOW)).toBeNull();
  });
});

describe("whoever watches", () => {
  it("sees rows newest first, by business, kind, state and person, a page at a time", async () => {
    const [a, b, c, d] = await add(
      draft("ann"),
      draft("bob", { payload: CALL }),
      draft("ann", { businessId: "other" }),
      draft("ann"),
    );
    const list = async (over: Partial<Parameters<typeof memory.outgoing.list>[0]>) =>
      idsOf(await memory.outgoing.list({ limit: 10, ...over }));
    expect(await list({})).toEqual([d, c, b, a]);
    expect(await list({ businessId: "clinic", kind: "message" })).toEqual([d, a]);
    expect(await list({ businessId: "clinic", subscriberId: "ann" })).toEqual([d, a]);
    const [newest] = await memory.outgoing.list({ limit: 1 });
    expect(await list({ before: newest?.seq, limit: 2 })).toEqual([c, b]);
    await memory.outgoing.end(c ?? "", "cancelled", TIMED_OUT, NOW);
    expect(await list({ states: ["cancelled", "waiting"] })).toEqual([d, c, b, a]);
    expect(await list({ states: ["cancelled"], businessId: "clinic" })).toEqual([]);
    expect(await list({ states: [] })).toEqual([]);
    expect(await list({ businessId: "clinic", subscriberId: "ann", states: [] })).toEqual([]);
    const [played] = await add(draft("ann", { simulated: true }));
    expect(await list({ simulated: true, businessId: "clinic" })).toEqual([played]);
    expect(await list({ simulated: true, businessId: "other" })).toEqual([]);
    expect(await list({ simulated: false })).toEqual([d, c, b, a]);
    expect(await memory.outgoing.get("other", a ?? "")).toBeNull();
    expect(await memory.outgoing.depth()).toEqual({
      states: { waiting: 4, sending: 0, failed: 0, expired: 0, cancelled: 1 },
      oldestWaitingAt: NOW,
    });
  });

  it("finds what is being sent, what waits and what has ended, each in its world and business", async () => {
    const [first, second, third, played] = await add(
      draft("ann"),
      draft("bob", { businessId: "other" }),
      draft("cem"),
      draft("ann", { simulated: true }),
    );
    const list = async (...states: readonly OutgoingState[]) =>
      Promise.all(
        [{}, { businessId: "clinic" }, { businessId: "clinic", simulated: true }].map(async (which) =>
          idsOf(await memory.outgoing.list({ limit: 10, states, ...which })),
        ),
      );
    expect(await list("waiting")).toEqual([[played, third, second, first], [played, third, first], [played]]);
    await claim(NOW, { limit: 2 });
    expect(await list("sending")).toEqual([[second, first], [first], []]);
    expect(await list("waiting")).toEqual([[played, third], [played, third], [played]]);
    await memory.outgoing.accepted(first ?? "", null, NOW);
    await memory.outgoing.end(second ?? "", "failed", TIMED_OUT, NOW);
    await memory.outgoing.end(played ?? "", "expired", TIMED_OUT, NOW);
    expect(await list("sent", "failed", "expired")).toEqual([
      [played, second, first],
      [played, first],
      [played],
    ]);
    expect(await list("sending")).toEqual([[], [], []]);
    expect(await memory.outgoing.depth()).toMatchObject({
      states: { waiting: 1, sending: 0, failed: 1, expired: 1, cancelled: 0 },
    });
    await memory.outgoing.retry(second ?? "", NOW, NOW + HOUR_MS);
    expect(await list("waiting", "failed")).toEqual([[third, second], [third], []]);
  });

  it("never waits for a walk through the whole queue", async () => {
    const { client } = memory.connection;
    const statements: string[] = [];
    const spied = new Proxy(client, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...given: unknown[]) => {
          if (name === "prepare") statements.push(String(given[0]));
          return Reflect.apply(value, target, given) as unknown;
        };
      },
    });
    const watched = ledgerOn({ ...memory.connection, client: spied });
    await watched.outgoing.list({ limit: 1, businessId: "clinic" });
    await watched.outgoing.list({ limit: 1 });
    await watched.outgoing.list({ limit: 1, subscriberId: "ann", businessId: "clinic" });
    const asked = statements.filter(
      (sql) => /outbox|message|consent /.test(sql) && !/^\s*(CREATE|INSERT)/.test(sql),
    );
    const plans = asked.map((sql) => [
      sql.replaceAll(/\s+/g, " ").slice(0, 80),
      client
        .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...Array.from({ length: (sql.match(/\?/g) ?? []).length }, () => null))
        .map(({ detail }) => detail),
    ]);
    expect(plans.length).toBeGreaterThan(20);
    const walks = plans.filter(([, details]) =>
      (details as string[]).some(
        (detail) => /^SCAN (?!json_each|asked VIRTUAL)/.test(detail) && !/SCAN call_facet/.test(detail),
      ),
    );
    expect(walks).toEqual([]);
  });
});
