import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clinic } from "../call/clinic.ts";
import { driver, sqlite3 } from "../support/by-hand.ts";
import { answers, begins, entryOf, openMemory, someNumber, type Memory } from "../support/memory.ts";
import { clinicCall, leaves, NOW, TOPICS, writes } from "./correspondence.ts";

/** Law 3 for messages, where our code is not in between: the rules stand in the database itself. */

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ businesses: [clinic()] });
});
afterEach(() => memory.close());

const YES = { kind: "yes" } as const;
const person = async (number: `+${string}`) => (await memory.ledger.subscriber("clinic", number))?.id;

/** Tries a copy of the last entry with some columns different: past our code, with and without foreign keys. */
function forge(changes: Readonly<Record<string, string | number | null>>): string[] {
  const columns = Object.keys(memory.rows("entry")[0] ?? {});
  const values = columns.map((name) => {
    const value = { seq: null, id: "forged", step: "forged", ...changes }[name];
    if (value === undefined) return name;
    return typeof value === "string" ? `'${value}'` : String(value);
  });
  const sql = `INSERT INTO entry SELECT ${values.join(", ")} FROM entry ORDER BY seq DESC LIMIT 1`;
  const enforced = (file: string) => sqlite3(file, `PRAGMA foreign_keys = ON; ${sql}`);
  return [enforced, (file: string) => driver(file, sql)].map((hand) => hand(memory.file).refused ?? "");
}

/** What the database said to it, both times, where that was not a refusal in these words; nothing may be kept of it. */
function slips(changes: Readonly<Record<string, string | number | null>>, words: RegExp): string[] {
  const before = memory.count("entry");
  const unlike = forge(changes).filter((refusal) => !words.test(refusal));
  return memory.count("entry") === before ? unlike : [...unlike, "An entry was kept."];
}

describe("a grant on WhatsApp", () => {
  const number = someNumber();
  let noticeId = "";
  beforeEach(async () => {
    await writes(memory, number, { kind: "start" }).answered;
    const [notice] = await leaves(memory, NOW);
    noticeId = notice?.job.id ?? "";
    await writes(memory, number, YES).answered;
  });

  it("can be copied with a step of its own, so the refusals below are not for want of a right", () => {
    const [first, second] = forge({});
    expect([first, second]).toEqual(["", expect.stringContaining("entries never change")]);
  });

  it("is refused for somebody else, for the other world, and in another language than the notice's", async () => {
    await writes(memory, someNumber(), { kind: "help" }).answered;
    const [, other] = memory.rows("subscriber").map((row) => String(row["id"]));
    expect(slips({ subscriber_id: other ?? "" }, /its person answered|mark of its message/)).toEqual([]);
    expect(slips({ simulated: 1 }, /its person answered|mark of its message/)).toEqual([]);
    expect(slips({ locale: "es-ES" }, /its person answered/)).toEqual([]);
    expect(slips({ business_id: "other" }, /its person answered|mark of its message/)).toEqual([]);
  });

  it("is refused for what the notice did not name", () => {
    expect(slips({ topics: '["visits","news"]' }, /its person answered/)).toEqual([]);
  });

  it("is refused without a notice, without an answer, and with an answer from before the notice", async () => {
    expect(slips({ notice_message_id: null, notice_purpose: null }, /grant_needs_notice/)).toEqual([]);
    expect(slips({ message_id: null }, /its person answered|grant_needs_key/)).toEqual([]);
    const [start] = memory.rows("message");
    expect(slips({ message_id: String(start?.["id"]) }, /its person answered/)).toEqual([]);
    expect(slips({ message_id: noticeId }, /its person answered|mark of its message/)).toEqual([]);
  });

  it("is refused on a notice that never left", async () => {
    const other = someNumber();
    await writes(memory, other, { kind: "start" }).answered;
    const [job] = await memory.outgoing.claim({ now: NOW, leaseMs: 1000, limit: 1, kinds: ["message"] });
    if (job === undefined) throw new Error("Nothing was due.");
    await memory.outgoing.compose(
      job,
      { twiml: "", words: "", digest: "d", wordsDigest: "w", contentSid: null },
      NOW,
    );
    const early = await writes(memory, other, YES).answered;
    const forged = { subscriber_id: (await person(other)) ?? "", notice_message_id: job.id };
    expect(slips({ ...forged, message_id: early.messageId }, /its person answered/)).toEqual([]);
  });

  it("is refused on a message that is no notice", async () => {
    await leaves(memory, NOW);
    const confirmation = memory.rows("message").find((row) => row["purpose"] === "confirmation");
    expect(slips({ notice_message_id: String(confirmation?.["id"]) }, /its person answered/)).toEqual([]);
    expect(
      slips(
        { notice_message_id: String(confirmation?.["id"]), notice_purpose: "confirmation" },
        /its person answered|grant_needs_notice/,
      ),
    ).toEqual([]);
  });

  it("cannot borrow a call: what came by message did not come by phone", async () => {
    const call = clinicCall({ caller: number });
    await memory.ledger.record(begins(call));
    const notice = {
      call_sid: call.callSid,
      notice_step: "notice",
      notice_attempt: 1,
      notice_kind: "served",
    };
    expect(
      slips({ ...notice, notice_message_id: null, notice_purpose: null }, /mark of its message/),
    ).toEqual([]);
  });
});

describe("a yes for a number that someone else named", () => {
  const owner = someNumber();
  let pendingId = "";
  beforeEach(async () => {
    const call = clinicCall();
    const subscriberId = await memory.ledger.register("clinic", owner, call.at);
    await memory.ledger.record(begins(call));
    const pending = [entryOf({ kind: "pending", topics: ["visits"], subscriberId })];
    await memory.ledger.record(answers(call, pending, { step: "confirm-number" }));
    pendingId = String(memory.rows("entry")[0]?.["id"]);
    await leaves(memory, NOW);
    await writes(memory, owner, YES).answered;
  });

  it("confirms that person's own pending entry, or nothing", async () => {
    expect(memory.rows("entry")).toMatchObject([
      { kind: "pending" },
      { kind: "confirmed", confirms: pendingId },
    ]);
    expect(slips({ confirms: null }, /confirmed_needs_reply/)).toEqual([]);
    expect(slips({ confirms: "nothing" }, /confirms what its person was asked/)).toEqual([]);
    expect(
      slips({ confirms: String(memory.rows("entry")[1]?.["id"]) }, /confirms what its person was asked/),
    ).toEqual([]);
    expect(slips({ topics: '["offers"]' }, /its person answered|confirms what its person was asked/)).toEqual(
      [],
    );
    expect(slips({ kind: "granted" }, /grant_needs_notice/)).toEqual([]);
  });
});

describe("a number that moves", () => {
  it("is pending only behind what its old owner ended, in the same world", async () => {
    const number = someNumber();
    await writes(memory, number, { kind: "start" }).answered;
    await leaves(memory, NOW);
    await writes(memory, number, YES).answered;
    const granted = String(memory.rows("entry")[0]?.["id"]);
    await writes(memory, number, { kind: "change", number: someNumber() }).answered;
    const [, revoked, pending] = memory.rows("entry");
    expect(pending).toMatchObject({
      kind: "pending",
      supersedes: revoked?.["id"],
      topics: JSON.stringify(TOPICS.toSorted()),
    });
    expect(slips({ supersedes: null }, /grant_needs|mark of its message/)).toEqual([]);
    expect(slips({ supersedes: granted }, /another number's owner ended/)).toEqual([]);
    expect(slips({ supersedes: "nothing" }, /another number's owner ended/)).toEqual([]);
    expect(slips({ simulated: 1 }, /another number's owner ended|mark of its message/)).toEqual([]);
    expect(
      slips({ subscriber_id: String(revoked?.["subscriber_id"]) }, /another number's owner ended/),
    ).toEqual([]);
    expect(slips({ kind: "granted" }, /grant_needs_notice/)).toEqual([]);
  });
});
