import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EntryView, Served } from "../../src/ledger/ledger.ts";
import type { MessageStatus, NumberChange } from "../../src/ledger/messages.ts";
import { clinic } from "../call/clinic.ts";
import {
  agree,
  answers,
  begins,
  entryOf,
  openMemory,
  sha256,
  someNumber,
  textOf,
  type Memory,
} from "../support/memory.ts";
import {
  clinicCall,
  composed,
  DAY_MS,
  HOUR_MS,
  joined,
  leaves,
  messageSid,
  MINUTE_MS,
  NOW,
  outbox,
  TOPICS,
  writes,
} from "./correspondence.ts";

const STOP = { kind: "stop", topics: null } as const;
const START = { kind: "start" } as const;
const YES = { kind: "yes" } as const;
const NO = { kind: "no" } as const;

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ businesses: [clinic()] });
});
afterEach(() => memory.close());

const states = () => memory.rows("consent").map((row) => `${String(row["topic"])} ${String(row["state"])}`);
const kinds = () => memory.rows("entry").map((row) => row["kind"]);

/** Someone on the phone named this number, and the question has left. */
async function named(owner: `+${string}`, over: Parameters<typeof clinicCall>[0] = {}) {
  const call = clinicCall(over);
  const subscriberId = await memory.ledger.register("clinic", owner, call.at);
  await memory.ledger.record(begins(call));
  const pending = entryOf({ kind: "pending", topics: TOPICS, subscriberId });
  await memory.ledger.record(answers(call, [pending], { step: "confirm-number" }));
  const [left] = await leaves(memory, call.at);
  return { call, subscriberId, sid: left?.sid ?? "" };
}

describe("a message that Twilio delivers twice", () => {
  it("is kept once, answered once, and says the second time what stands", async () => {
    const { number } = await joined(memory);
    const { arrival, answered } = writes(memory, number, STOP);
    const first = await answered;
    const again = await writes(memory, number, STOP, { ...arrival }).answered;
    expect(again).toEqual({ ...first, repeated: true });
    expect(kinds()).toEqual(["granted", "revoked"]);
    expect(memory.rows("message").filter((row) => row["direction"] === "in")).toHaveLength(1);
    expect(await outbox(memory)).toEqual(["confirmation offers+visits", "withdrawn offers+visits"]);
  });

  it("at the same moment, is kept once too", async () => {
    const number = someNumber();
    const one = writes(memory, number, START);
    const two = writes(memory, number, START, { ...one.arrival });
    const both = await Promise.all([one.answered, two.answered]);
    expect(both.map(({ repeated }) => repeated)).toEqual([false, true]);
    expect([memory.count("message"), memory.count("outbox"), memory.count("subscriber")]).toEqual([1, 1, 1]);
  });
});

describe("who writes STOP", () => {
  it("has left, is told so within the session, and rests on the message", async () => {
    const { number } = await joined(memory);
    const { messageId } = await writes(memory, number, STOP, { at: NOW + MINUTE_MS }).answered;
    expect(states()).toEqual(["visits revoked", "offers revoked"]);
    expect(memory.rows("entry")[1]).toMatchObject({
      kind: "revoked",
      source: "whatsapp",
      source_id: messageId,
      message_id: messageId,
      notice_message_id: null,
      key: null,
    });
    const [row] = await memory.outgoing.list({ limit: 1 });
    expect(row).toMatchObject({
      payload: { purpose: "withdrawn", sessionUntil: NOW + MINUTE_MS + DAY_MS },
      dueAt: NOW + MINUTE_MS,
    });
  });

  it("without ever having joined has left all the same, and is known from then on", async () => {
    const number = someNumber();
    await writes(memory, number, STOP).answered;
    expect(states()).toEqual(["visits revoked", "offers revoked"]);
    expect(await memory.ledger.subscriber("clinic", number)).toMatchObject({
      entries: [{ kind: "revoked" }],
    });
    expect(await outbox(memory)).toEqual(["withdrawn offers+visits"]);
  });

  it("while the last grant is being recorded: what is committed last counts, and both are kept", async () => {
    const call = clinicCall();
    await memory.ledger.record(begins(call));
    const grant = answers(call, [entryOf({ topics: TOPICS })]);
    const number = call.caller ?? someNumber();
    await Promise.all([memory.ledger.record(grant), writes(memory, number, STOP).answered]);
    expect(kinds()).toEqual(["granted", "revoked"]);
    expect(await memory.ledger.granted("clinic", number, false)).toEqual([]);
    const later = clinicCall({ caller: number });
    await memory.ledger.record(begins(later));
    const again = answers(later, [entryOf({ topics: TOPICS })]);
    await Promise.all([writes(memory, number, STOP).answered, memory.ledger.record(again)]);
    expect(kinds()).toEqual(["granted", "revoked", "revoked", "granted"]);
    expect(new Set(await memory.ledger.granted("clinic", number, false))).toEqual(new Set(TOPICS));
  });

  it("in a simulated conversation ends nothing real, nor the other way round", async () => {
    const { number } = await joined(memory);
    await agree(memory.ledger, clinicCall({ caller: number, simulated: true }), { topics: TOPICS });
    await writes(memory, number, STOP, { simulated: true }).answered;
    expect(new Set(await memory.ledger.granted("clinic", number, false))).toEqual(new Set(TOPICS));
    expect(await memory.ledger.granted("clinic", number, true)).toEqual([]);
  });

  it("is not half heard: where the answer cannot be queued, nothing of it is kept and Twilio will try again", async () => {
    const { number } = await joined(memory);
    memory.connection.client.exec(
      "CREATE TEMP TRIGGER broken BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no outbox'); END",
    );
    const { arrival, answered } = writes(memory, number, STOP);
    await expect(answered).rejects.toThrow("no outbox");
    expect([kinds(), memory.count("message")]).toEqual([["granted"], 1]);
    memory.connection.client.exec("DROP TRIGGER temp.broken");
    expect(await writes(memory, number, STOP, { ...arrival }).answered).toMatchObject({ repeated: false });
    expect(kinds()).toEqual(["granted", "revoked"]);
  });
});

describe("who writes START", () => {
  it("gets the notice, and joins with a yes that rests on it", async () => {
    const number = someNumber();
    await writes(memory, number, START).answered;
    expect([kinds(), await outbox(memory)]).toEqual([[], ["notice offers+visits"]]);
    const [notice] = await leaves(memory, NOW);
    const { messageId } = await writes(memory, number, YES).answered;
    expect(memory.rows("entry")).toMatchObject([
      {
        kind: "granted",
        topics: JSON.stringify(TOPICS),
        notice_message_id: notice?.job.id,
        notice_purpose: "notice",
        message_id: messageId,
        call_sid: null,
        source: "whatsapp",
      },
    ]);
    expect(new Set(await memory.ledger.granted("clinic", number, false))).toEqual(new Set(TOPICS));
    expect(await outbox(memory)).toEqual(["notice offers+visits", "confirmation offers+visits"]);
  });

  it("and joins leaves evidence of the words that they read", async () => {
    const number = someNumber();
    await writes(memory, number, START).answered;
    await leaves(memory, NOW);
    await writes(memory, number, YES).answered;
    const views: EntryView[] = [];
    for await (const view of memory.ledger.entries({})) views.push(view);
    const read = { words: "notice.", wordsDigest: sha256("notice."), at: NOW };
    expect(views).toMatchObject([{ entry: { kind: "granted" }, notice: read, question: read, call: null }]);
  });

  it("and says no is kept as refusing, and told so", async () => {
    const number = someNumber();
    await writes(memory, number, START).answered;
    await leaves(memory, NOW);
    await writes(memory, number, NO).answered;
    expect(states()).toEqual(["visits refused", "offers refused"]);
    expect(await outbox(memory)).toEqual(["notice offers+visits", "refused offers+visits"]);
  });

  it("is asked one topic after the other where the business asks so: a yes is to the newest question only", async () => {
    const business = clinic({ ask: "each" });
    const number = someNumber();
    await writes(memory, number, START, { business }).answered;
    await leaves(memory, NOW);
    await writes(memory, number, YES, { business }).answered;
    expect(await memory.ledger.granted("clinic", number, false)).toEqual(["visits"]);
    await leaves(memory, NOW);
    await writes(memory, number, YES, { business }).answered;
    expect(new Set(await memory.ledger.granted("clinic", number, false))).toEqual(new Set(TOPICS));
    expect(await outbox(memory)).toEqual([
      "notice visits",
      "confirmation visits",
      "notice offers",
      "confirmation offers",
    ]);
  });
});

describe("a yes", () => {
  const stray = async (number: `+${string}`, over: Parameters<typeof writes>[3] = {}) => {
    const { understood } = await writes(memory, number, YES, over).answered;
    expect(understood).toBe("unclear");
    const rows = memory.rows("message").filter((row) => row["direction"] === "in");
    expect(rows.at(-1)).toMatchObject({ purpose: "unclear" });
  };

  it("that answers nothing grants nothing, and is a supervisor's", async () => {
    await stray(someNumber());
    expect([memory.count("entry"), memory.count("outbox")]).toEqual([0, 0]);
  });

  it("that comes before the notice has left grants nothing: nobody can have read it", async () => {
    const number = someNumber();
    await writes(memory, number, START).answered;
    await stray(number);
    const [job] = await memory.outgoing.claim({ now: NOW, leaseMs: MINUTE_MS, limit: 1, kinds: ["message"] });
    if (job === undefined) throw new Error("Nothing was due.");
    await memory.outgoing.compose(job, composed("notice."), NOW);
    await stray(number);
    expect(kinds()).toEqual([]);
  });

  it("a second time grants nothing more", async () => {
    const number = someNumber();
    await writes(memory, number, START).answered;
    await leaves(memory, NOW);
    await writes(memory, number, YES).answered;
    await stray(number);
    expect(kinds()).toEqual(["granted"]);
  });

  it("a day later is to nothing any more", async () => {
    const number = someNumber();
    await writes(memory, number, START).answered;
    await leaves(memory, NOW);
    await stray(number, { at: NOW + DAY_MS + 1 });
    expect(kinds()).toEqual([]);
  });

  it("to a message of ours that asked nothing, or to another's, grants nothing", async () => {
    const number = someNumber();
    await writes(memory, number, START).answered;
    await leaves(memory, NOW);
    await stray(number, { repliedSid: messageSid() });
    await writes(memory, number, { kind: "help" }).answered;
    const [help] = await leaves(memory, NOW);
    await stray(number, { repliedSid: help?.sid ?? "" });
    expect(kinds()).toEqual([]);
  });

  it("to somebody else's notice, or to one of the other world, grants nothing", async () => {
    const [one, other] = [someNumber(), someNumber()];
    await writes(memory, one, START).answered;
    const [notice] = await leaves(memory, NOW);
    await stray(other, { repliedSid: notice?.sid ?? "" });
    await stray(other, { payload: `yes:${notice?.job.id}` });
    await stray(one, { simulated: true });
    await stray(one, { simulated: true, repliedSid: notice?.sid ?? "" });
    expect(kinds()).toEqual([]);
  });

  it("by the button of an earlier notice is to that one", async () => {
    const business = clinic({ ask: "each" });
    const number = someNumber();
    await writes(memory, number, START, { business }).answered;
    const [first] = await leaves(memory, NOW);
    await writes(memory, number, START, { business: clinic() }).answered;
    const [second] = await leaves(memory, NOW);
    await writes(memory, number, YES, { payload: `yes:${first?.job.id}` }).answered;
    expect(await memory.ledger.granted("clinic", number, false)).toEqual(["visits"]);
    await writes(memory, number, YES, { repliedSid: second?.sid ?? "" }).answered;
    expect(new Set(await memory.ledger.granted("clinic", number, false))).toEqual(new Set(TOPICS));
  });
});

describe("the owner of a number that someone else named", () => {
  it("confirms it with a yes, and each topic's own entry is confirmed", async () => {
    const owner = someNumber();
    const call = clinicCall();
    const subscriberId = await memory.ledger.register("clinic", owner, call.at);
    await memory.ledger.record(begins(call));
    for (const [nth, topic] of TOPICS.entries()) {
      const asked: Served = {
        step: `after:${topic}`,
        attempt: 1,
        locale: "en-US",
        text: textOf(topic),
        subscriberId,
        action: nth === 0 ? "/voice/next" : null,
      };
      const turn = answers(call, [entryOf({ kind: "pending", topics: [topic], subscriberId })], {
        step: topic,
      });
      await memory.ledger.record({ ...turn, served: asked });
    }
    await leaves(memory, call.at);
    await writes(memory, owner, YES).answered;
    const [one, two, ...confirmed] = memory.rows("entry");
    expect(confirmed).toMatchObject([
      { kind: "confirmed", topics: '["visits"]', confirms: one?.["id"], notice_purpose: "verification" },
      { kind: "confirmed", topics: '["offers"]', confirms: two?.["id"], notice_purpose: "verification" },
    ]);
    expect(states()).toEqual(["visits granted", "offers granted"]);
    expect(await outbox(memory)).toEqual(["verification offers+visits", "confirmation offers+visits"]);
  });

  it("ends it with a no", async () => {
    const owner = someNumber();
    await named(owner);
    await writes(memory, owner, NO).answered;
    expect(states()).toEqual(["visits refused", "offers refused"]);
  });

  it("who answers within the limit, a day and more later, is heard; past it not", async () => {
    const owner = someNumber();
    const { sid } = await named(owner);
    const late = writes(memory, owner, YES, { repliedSid: sid, at: NOW + 72 * HOUR_MS + 1 });
    expect((await late.answered).understood).toBe("unclear");
    await writes(memory, owner, YES, { repliedSid: sid, at: NOW + 71 * HOUR_MS }).answered;
    expect(states()).toEqual(["visits granted", "offers granted"]);
  });

  it("who stays silent is asked no more: what was pending ends, and nobody is told", async () => {
    await named(someNumber());
    const lateFor = (askedBefore: number) =>
      memory.messages.expirePending("clinic", askedBefore, NOW + 73 * HOUR_MS);
    expect(await lateFor(NOW)).toBe(0);
    expect(await lateFor(NOW + 1)).toBe(1);
    expect(await lateFor(NOW + 1)).toBe(0);
    expect(memory.rows("entry")[1]).toMatchObject({
      kind: "revoked",
      source: "expiry",
      source_id: memory.rows("entry")[0]?.["id"],
    });
    expect(states()).toEqual(["visits revoked", "offers revoked"]);
    expect(await outbox(memory)).toEqual(["verification offers+visits"]);
  });

  it("who has been erased meanwhile keeps nobody else's question open", async () => {
    const gone = await named(someNumber());
    await named(someNumber());
    memory.connection.client.prepare("DELETE FROM subscriber WHERE id = ?").run(gone.subscriberId);
    expect(await memory.messages.expirePending("clinic", NOW + 1, NOW + DAY_MS)).toBe(1);
  });

  it("confirms nothing that was withdrawn while the question was under way", async () => {
    const owner = someNumber();
    await named(owner);
    await writes(memory, owner, STOP).answered;
    await writes(memory, owner, YES).answered;
    expect(await memory.ledger.granted("clinic", owner, false)).toEqual([]);
  });
});

function changeOf(over: Partial<NumberChange>): NumberChange {
  return {
    businessId: "clinic",
    from: someNumber(),
    to: someNumber(),
    simulated: false,
    source: "console",
    sourceId: "request-1",
    reason: "New phone.",
    locale: "en-US",
    jurisdiction: "US",
    script: "2026-11-22",
    at: NOW,
    ...over,
  };
}

describe("a number that changes", () => {
  it("by message: the old one has left, the new one is asked, and the log links the two", async () => {
    const { number } = await joined(memory);
    const fresh = someNumber();
    const { messageId } = await writes(memory, number, { kind: "change", number: fresh }).answered;
    const [, revoked, pending] = memory.rows("entry");
    expect(revoked).toMatchObject({ kind: "revoked", message_id: messageId });
    expect(pending).toMatchObject({ kind: "pending", message_id: messageId, supersedes: revoked?.["id"] });
    expect(pending?.["subscriber_id"]).not.toBe(revoked?.["subscriber_id"]);
    await leaves(memory, NOW);
    await writes(memory, fresh, YES).answered;
    expect(new Set(await memory.ledger.granted("clinic", fresh, false))).toEqual(new Set(TOPICS));
    expect(await memory.ledger.granted("clinic", number, false)).toEqual([]);
  });

  it("by a supervisor or another system does the same, once for a request", async () => {
    const { number } = await joined(memory);
    const fresh = someNumber();
    const change = changeOf({ from: number, to: fresh });
    const made = await memory.messages.changeNumber(change);
    expect(made.map(({ kind }) => kind)).toEqual(["revoked", "pending"]);
    expect(made[1]?.supersedes).toBe(made[0]?.id);
    expect(await memory.messages.changeNumber(change)).toEqual(made);
    expect(await outbox(memory)).toEqual([
      "confirmation offers+visits",
      "withdrawn offers+visits",
      "verification offers+visits",
    ]);
    const [verification] = await memory.outgoing.list({ limit: 1 });
    expect(verification?.payload).toMatchObject({ purpose: "verification", sessionUntil: null });
  });

  it("where nothing stands moves nothing", async () => {
    const change = changeOf({});
    expect(await memory.messages.changeNumber(change)).toEqual([]);
    expect(memory.count("subscriber")).toBe(0);
  });
});

describe("how far a message came", () => {
  const told = (sid: string, status: MessageStatus, over: { errorCode?: number; outgoingId?: string } = {}) =>
    memory.messages.statusChanged({
      sid,
      status,
      simulated: false,
      errorCode: null,
      outgoingId: null,
      at: NOW,
      ...over,
    });
  const status = () => memory.rows("message").map((row) => [row["status"], row["error_code"]]);

  async function sent() {
    await agree(memory.ledger, clinicCall(), { topics: TOPICS });
    const [left] = await leaves(memory, NOW);
    return left?.sid ?? "";
  }

  it("never goes back, in whatever order Twilio tells it", async () => {
    const sid = await sent();
    expect(await told(sid, "delivered")).toBe("changed");
    expect(await told(sid, "sent")).toBe("stale");
    expect(await told(sid, "failed", { errorCode: 63024 })).toBe("stale");
    expect(await told(sid, "read")).toBe("changed");
    expect(await told(sid, "delivered")).toBe("stale");
    expect(status()).toEqual([["read", null]]);
  });

  it("keeps why it failed, and consent is what it was", async () => {
    const sid = await sent();
    expect(await told(sid, "undelivered")).toBe("changed");
    expect(await told(sid, "failed", { errorCode: 63024 })).toBe("stale");
    expect(await told(sid, "failed")).toBe("stale");
    expect(status()).toEqual([["undelivered", 63024]]);
    expect(states()).toEqual(["visits granted", "offers granted"]);
  });

  it("of a message of the other world, or of nobody's, is not known", async () => {
    const sid = await sent();
    expect(await told(messageSid(), "delivered")).toBe("unknown");
    const change = { sid, status: "delivered", errorCode: null, outgoingId: null, at: NOW } as const;
    expect(await memory.messages.statusChanged({ ...change, simulated: true })).toBe("unknown");
    expect(status()).toEqual([["queued", null]]);
  });

  it("with our own id proves that Twilio has it, where its answer was lost", async () => {
    await agree(memory.ledger, clinicCall(), { topics: TOPICS });
    const [job] = await memory.outgoing.claim({ now: NOW, leaseMs: MINUTE_MS, limit: 1, kinds: ["message"] });
    if (job === undefined) throw new Error("Nothing was due.");
    await memory.outgoing.compose(job, { ...textOf("You agreed."), contentSid: null }, NOW);
    const sid = messageSid();
    expect(await told(sid, "sent", { outgoingId: job.id })).toBe("changed");
    expect(await memory.outgoing.get("clinic", job.id)).toMatchObject({ state: "sent", providerSid: sid });
    expect(memory.rows("message")).toMatchObject([{ sid, status: "sent" }]);
    await memory.outgoing.postpone(job.id, NOW, { code: null, message: "Time-out." }, true);
    expect(await leaves(memory, NOW + DAY_MS)).toEqual([]);
    expect(await told(messageSid(), "read", { outgoingId: job.id })).toBe("unknown");
  });
});

describe("what nobody understood", () => {
  const puzzle = { kind: "unclear" } as const;

  it("waits for a supervisor, in order, until one has dealt with it", async () => {
    const number = someNumber();
    const one = await writes(memory, number, puzzle, { body: "How much is a visit?" }).answered;
    const two = await writes(memory, someNumber(), puzzle, { body: "👍" }).answered;
    await writes(memory, number, { kind: "help" }).answered;
    const page = await memory.messages.inbox({ after: 0, limit: 10 });
    expect(page.map(({ id, businessId, direction }) => [id, businessId, direction])).toEqual([
      [one.messageId, "clinic", "in"],
      [two.messageId, "clinic", "in"],
    ]);
    const rest = await memory.messages.inbox({ after: page[0]?.seq ?? 0, limit: 10 });
    expect(rest.map(({ id }) => id)).toEqual([two.messageId]);
    expect(await memory.messages.handle("clinic", one.messageId, "eve@example.com", NOW)).toBe(true);
    expect(await memory.messages.handle("clinic", one.messageId, "bob@example.com", NOW)).toBe(false);
    expect((await memory.messages.inbox({ after: 0, limit: 10 })).map(({ id }) => id)).toEqual([
      two.messageId,
    ]);
  });

  it("stands in the file sealed, and is gone with the person", async () => {
    const number = someNumber();
    const { messageId } = await writes(memory, number, puzzle, { body: "My name is Ann." }).answered;
    expect(await memory.messages.words("clinic", messageId)).toBe("My name is Ann.");
    const [row] = memory.rows("message");
    expect(String(row?.["sealed_body"])).not.toContain("Ann");
    expect(row?.["commitment"]).toMatch(/^[0-9a-f]{64}$/);
    memory.connection.client.exec("DELETE FROM subscriber");
    expect(await memory.messages.words("clinic", messageId)).toBeNull();
    expect(await memory.messages.words("clinic", "nothing")).toBeNull();
  });
});

describe("the messages with one person", () => {
  it("are listed newest first, ours with their words, theirs without", async () => {
    const { number } = await joined(memory);
    await writes(memory, number, STOP).answered;
    const id = memory.rows("subscriber")[0]?.["id"];
    const [theirs, ours, ...more] = await memory.messages.withSubscriber("clinic", String(id), 10);
    expect(more).toEqual([]);
    expect(theirs).toMatchObject({
      direction: "in",
      purpose: "stop",
      words: null,
      status: "received",
      topics: TOPICS,
    });
    expect(ours).toMatchObject({
      direction: "out",
      purpose: "confirmation",
      words: "confirmation.",
      status: "queued",
      topics: TOPICS,
      simulated: false,
      entryId: memory.rows("entry")[0]?.["id"],
    });
    expect(await memory.messages.withSubscriber("clinic", String(id), 1)).toEqual([theirs]);
  });

  it("are told from one whose answer was lost by whose SID it is: another's, also of who was forgotten since, and never its own", async () => {
    await joined(memory);
    const [ours] = memory.rows("message");
    const [id, sid] = [String(ours?.["id"]), String(ours?.["sid"])];
    memory.connection.client.exec("DELETE FROM subscriber");
    const stranger = sid.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    const borneByOthers = (messageId: string, business = "clinic") =>
      memory.messages.borneByOthers(business, messageId, [sid, stranger]);
    expect(await borneByOthers("another")).toEqual([sid]);
    // Its status came while it was looked for.
    expect(await borneByOthers(id)).toEqual([]);
    expect(await borneByOthers("another", "elsewhere")).toEqual([]);
  });
});
