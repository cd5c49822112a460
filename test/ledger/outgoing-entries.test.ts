import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Turn } from "../../src/ledger/ledger.ts";
import { clinic } from "../call/clinic.ts";
import {
  agree,
  answers,
  begins,
  entryOf,
  openMemory,
  someNumber,
  textOf,
  withdrawalOf,
  type Memory,
} from "../support/memory.ts";
import { clinicCall, DAY_MS, HOUR_MS, leaves, MINUTE_MS, NOW, outbox, TOPICS } from "./correspondence.ts";

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ businesses: [clinic({ verifyWithinHours: 48 })] });
});
afterEach(() => memory.close());

/** One yes of a call that asks topic by topic; another question follows. */
function says(
  call: Turn["call"],
  topic: string,
  over: Partial<Turn> = {},
  subscriberId: string | null = null,
) {
  const kind = subscriberId === null ? "granted" : "pending";
  const next = {
    step: `after ${topic}`,
    attempt: 1,
    locale: "en-US",
    text: textOf("And?"),
    subscriberId,
  } as const;
  return answers(call, [entryOf({ kind, topics: [topic], subscriberId })], {
    step: `topic:${topic}`,
    served: { ...next, action: "/voice/next" },
    ...over,
  });
}

async function due(now: number): Promise<string[]> {
  return (await leaves(memory, now)).map(({ job }) => job.cause.split(":")[0] ?? "");
}

describe("whoever agrees on the phone", () => {
  it("is told so once, at once, in the language of the call, however often the webhook comes", async () => {
    const call = clinicCall();
    await memory.ledger.record(begins(call));
    const turn = answers(call, [entryOf({ topics: TOPICS })]);
    await Promise.all([memory.ledger.record(turn), memory.ledger.record(turn)]);
    await memory.ledger.record(turn);
    const [row, ...more] = await memory.outgoing.list({ limit: 10 });
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      cause: `confirmation:${call.callSid}`,
      state: "waiting",
      simulated: false,
      entryId: memory.rows("entry")[0]?.["id"],
      subscriberId: memory.rows("subscriber")[0]?.["id"],
      dueAt: call.at,
      expiresAt: call.at + DAY_MS,
      requestedBy: null,
      payload: {
        purpose: "confirmation",
        topics: TOPICS,
        locale: "en-US",
        jurisdiction: "US",
        sessionUntil: null,
      },
    });
  });

  it("is not written to by the line where the call was simulated: the row bears the mark", async () => {
    await agree(memory.ledger, clinicCall({ simulated: true }), { topics: TOPICS });
    expect(await memory.outgoing.list({ limit: 10 })).toMatchObject([{ simulated: true }]);
  });

  it("has no entry where the message about it cannot be kept: both are there, or neither", async () => {
    const call = clinicCall();
    await memory.ledger.record(begins(call));
    memory.connection.client.exec(
      "CREATE TEMP TRIGGER broken BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no outbox'); END",
    );
    await expect(memory.ledger.record(answers(call, [entryOf()]))).rejects.toThrow("no outbox");
    expect([memory.count("entry"), memory.count("consent"), memory.count("outbox")]).toEqual([0, 0, 0]);
    memory.connection.client.exec("DROP TRIGGER temp.broken");
    await memory.ledger.record(answers(call, [entryOf()]));
    expect([memory.count("entry"), memory.count("outbox")]).toEqual([1, 1]);
  });

  it("is not written to for a no, which they heard confirmed on the phone", async () => {
    const call = clinicCall();
    await memory.ledger.record(begins(call));
    await memory.ledger.record(answers(call, [entryOf({ kind: "refused" })], { key: "2" }));
    expect(await outbox(memory)).toEqual([]);
  });
});

describe("whoever is asked topic by topic", () => {
  const each = clinicCall;

  it("gets one message about all of them, once the call has come to its ending", async () => {
    const call = each();
    await memory.ledger.record(begins(call));
    await memory.ledger.record(says(call, "visits"));
    expect(await due(call.at)).toEqual([]);
    await memory.ledger.record(answers(call, [entryOf({ topics: ["offers"] })], { step: "topic:offers" }));
    expect(await outbox(memory)).toEqual(["confirmation offers+visits"]);
    expect(await due(call.at)).toEqual(["confirmation"]);
  });

  it("gets it also when they refuse the last topic, for the call has ended all the same", async () => {
    const call = each();
    await memory.ledger.record(begins(call));
    await memory.ledger.record(says(call, "visits"));
    const refusal = [entryOf({ kind: "refused", topics: ["offers"] })];
    await memory.ledger.record(answers(call, refusal, { step: "topic:offers", key: "2" }));
    expect(await outbox(memory)).toEqual(["confirmation visits"]);
    expect(await due(call.at)).toEqual(["confirmation"]);
  });

  it("gets it when they hang up midway, as soon as Twilio says that the call is over", async () => {
    const call = each();
    await memory.ledger.record(begins(call));
    await memory.ledger.record(says(call, "visits"));
    const at = call.at + 20_000;
    expect(await due(at)).toEqual([]);
    const over = { status: "completed", terminal: true, sequence: 3, durationSeconds: 20, at };
    await memory.ledger.recordStatus(call, over);
    expect(await due(at)).toEqual(["confirmation"]);
  });

  it("gets it after five minutes where nobody ever says that the call is over", async () => {
    const call = each();
    await memory.ledger.record(begins(call));
    await memory.ledger.record(says(call, "visits"));
    expect(await due(call.at + 5 * MINUTE_MS - 1)).toEqual([]);
    expect(await due(call.at + 5 * MINUTE_MS)).toEqual(["confirmation"]);
  });

  it("is told of what they agreed to after that by itself, and of nothing twice", async () => {
    const call = each();
    await memory.ledger.record(begins(call));
    await memory.ledger.record(says(call, "visits"));
    await due(call.at + 5 * MINUTE_MS);
    const late = { ...call, at: call.at + 6 * MINUTE_MS };
    await memory.ledger.record(answers(late, [entryOf({ topics: ["offers"] })], { step: "topic:offers" }));
    expect(await outbox(memory)).toEqual(["confirmation visits", "confirmation offers"]);
    expect(await due(late.at)).toEqual(["confirmation"]);
  });

  it("for another number: its owner is asked about all of them in one message", async () => {
    const call = each();
    const other = await memory.ledger.register("clinic", someNumber(), call.at);
    await memory.ledger.record(begins(call));
    await memory.ledger.record(says(call, "visits", {}, other));
    await memory.ledger.record(
      answers(call, [entryOf({ kind: "pending", topics: ["offers"], subscriberId: other })], {
        step: "topic:offers",
      }),
    );
    expect(await memory.outgoing.list({ limit: 10 })).toMatchObject([
      {
        cause: `verification:${call.callSid}`,
        subscriberId: other,
        dueAt: call.at,
        expiresAt: call.at + 48 * HOUR_MS,
        payload: { purpose: "verification", topics: TOPICS },
      },
    ]);
  });
});

describe("a number that someone else named", () => {
  async function named(owner: string) {
    const call = clinicCall();
    await memory.ledger.record(begins(call));
    const pending = entryOf({ kind: "pending", topics: TOPICS, subscriberId: owner });
    await memory.ledger.record(answers(call, [pending], { step: "confirm-number" }));
  }

  it("is asked, but not where its owner once said no", async () => {
    const owner = someNumber();
    const id = await memory.ledger.register("clinic", owner, NOW);
    await named(id);
    expect(await outbox(memory)).toEqual(["verification offers+visits"]);
    await memory.ledger.revoke({
      ...withdrawalOf(owner),
      businessId: "clinic",
      topics: TOPICS,
      sourceId: "1",
    });
    await named(id);
    expect(await outbox(memory)).toEqual(["verification offers+visits", "withdrawn offers+visits"]);
  });

  it("whose owner already agreed keeps the entry that they made as its ground", async () => {
    const call = clinicCall();
    await agree(memory.ledger, call, { topics: TOPICS });
    await named(await memory.ledger.register("clinic", call.caller ?? someNumber(), NOW));
    const [granted] = memory.rows("entry");
    expect(memory.rows("consent").map((row) => [row["state"], row["entry_id"]])).toEqual(
      TOPICS.map(() => ["granted", granted?.["id"]]),
    );
  });
});

describe("a withdrawal", () => {
  const withdrawn = (number: `+${string}`, sourceId: string) =>
    memory.ledger.revoke({ ...withdrawalOf(number), businessId: "clinic", topics: TOPICS, sourceId });

  it("is confirmed once, where there was something to withdraw", async () => {
    const call = clinicCall();
    const caller = call.caller ?? someNumber();
    await agree(memory.ledger, call, { topics: TOPICS });
    await withdrawn(caller, "first");
    await withdrawn(caller, "first");
    await withdrawn(caller, "second");
    expect(await outbox(memory)).toEqual(["confirmation offers+visits", "withdrawn offers+visits"]);
  });

  it("in both worlds is a message in each of them", async () => {
    const caller = someNumber();
    await agree(memory.ledger, clinicCall({ caller }), { topics: TOPICS });
    await agree(memory.ledger, clinicCall({ caller, simulated: true }), { topics: TOPICS });
    await withdrawn(caller, "both");
    const rows = (await memory.outgoing.list({ limit: 10 })).filter(({ cause }) =>
      cause.startsWith("withdrawn"),
    );
    expect(new Set(rows.map(({ simulated }) => simulated))).toEqual(new Set([false, true]));
  });

  it("of who never joined is kept, and nobody is written to", async () => {
    await withdrawn(someNumber(), "stranger");
    expect(memory.count("entry")).toBe(1);
    expect(await outbox(memory)).toEqual([]);
  });
});

describe("a number that moves by phone", () => {
  it("is asked at the new one and told at the old one, and the log links the two", async () => {
    const call = clinicCall();
    await agree(memory.ledger, call, { topics: TOPICS });
    const again = clinicCall({ caller: call.caller });
    const other = await memory.ledger.register("clinic", someNumber(), NOW);
    await memory.ledger.record(begins(again));
    const moved = [
      entryOf({ kind: "revoked", topics: TOPICS }),
      entryOf({ kind: "pending", topics: TOPICS, subscriberId: other }),
    ];
    await memory.ledger.record(answers(again, moved, { step: "confirm-number" }));
    const [, revoked, pending] = memory.rows("entry");
    expect(pending).toMatchObject({ kind: "pending", subscriber_id: other, supersedes: revoked?.["id"] });
    expect(await outbox(memory)).toEqual([
      "confirmation offers+visits",
      "withdrawn offers+visits",
      "verification offers+visits",
    ]);
  });
});

describe("an erased person", () => {
  it("gets no entry, and so no message", async () => {
    const call = clinicCall();
    await memory.ledger.record(begins(call));
    memory.connection.client.exec("DELETE FROM subscriber");
    await expect(memory.ledger.record(answers(call, [entryOf()]))).rejects.toThrow("was erased");
    expect([memory.count("entry"), memory.count("outbox")]).toEqual([0, 0]);
  });
});
