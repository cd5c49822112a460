import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { POLICY_STOP_WORDS } from "../../src/call/intent.ts";
import { MAX_UNANSWERED_NOTICES } from "../../src/call/reply.ts";
import { MAX_VERIFICATIONS_A_DAY } from "../../src/ledger/sqlite/outbox-book.ts";
import { sid, startLine, type Line } from "../support/line.ts";
import { businessOf, person } from "./person.ts";

let line: Line;
beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

const acme = () => businessOf(line, "acme-dental");
const hotel = () => businessOf(line, "hotel-miramar");
const rows = (table: string) => line.rows(table).length;

describe("whoever writes START", () => {
  it("reads the whole notice, says yes, and is on record with both messages", async () => {
    const ann = person(line, acme());
    expect((await ann.writes("Start!")).status).toBe(200);
    expect(await ann.stands()).toEqual({});
    const [notice, ...more] = await ann.reads();
    if (notice === undefined) throw new Error("no notice");
    expect(more).toEqual([]);
    for (const part of [
      "Acme Dental",
      "appointment reminders and policy updates",
      "on WhatsApp",
      "responsible",
      "STOP",
      "YES",
      "may be automated",
    ])
      expect(notice.words).toContain(part);
    await ann.presses(notice, "yes");
    expect(await ann.stands()).toEqual({ "appointment-reminders": "granted", "policy-updates": "granted" });
    const [entry] = line.rows("entry");
    const answer = line.rows("message").find(({ purpose }) => purpose === "yes");
    expect(entry).toMatchObject({
      kind: "granted",
      source: "whatsapp",
      notice_message_id: notice.id,
      notice_purpose: "notice",
      message_id: answer?.["id"],
      locale: "en-US",
      jurisdiction: "US",
    });
    const [confirmation] = await ann.reads();
    expect(confirmation).toMatchObject({ purpose: "confirmation" });
    expect(confirmation?.words).toContain(ann.namesOf(["appointment-reminders", "policy-updates"]));
  });

  it("and answers in words, is understood", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    await ann.reads();
    await ann.writes("Yes, I agree.");
    expect(await ann.stands()).toMatchObject({ "policy-updates": "granted" });
  });

  it("and says no, is on record as refusing, and told so", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    await ann.reads();
    await ann.writes("No, thanks");
    expect(await ann.stands()).toEqual({ "appointment-reminders": "refused", "policy-updates": "refused" });
    expect((await ann.reads()).map(({ purpose }) => purpose)).toEqual(["refused"]);
  });

  it("has agreed to nothing before the notice has left, whatever they answer", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    await ann.writes("yes");
    expect(await ann.stands()).toEqual({});
    expect(rows("entry")).toBe(0);
    expect(await line.memory.messages.inbox({ after: 0, limit: 10 })).toHaveLength(1);
  });

  it("has agreed to nothing while nobody knows whether the notice has left", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    expect(await ann.reads({ accepted: false })).toMatchObject([{ purpose: "notice" }]);
    await ann.writes("yes");
    expect(await ann.stands()).toEqual({});
  });

  it("has a day to answer; later a yes is a supervisor's", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    const [notice] = await ann.reads();
    if (notice === undefined) throw new Error("no notice");
    line.clock.now += 24 * 3_600_000 + 1;
    await ann.presses(notice, "yes");
    expect(await ann.stands()).toEqual({});
  });

  it("is asked topic by topic, each with a whole notice, in the language of the word", async () => {
    const eva = person(line, hotel(), "+34600123456");
    await eva.writes("ALTA");
    const [first, ...none] = await eva.reads();
    if (first === undefined) throw new Error("no notice");
    expect(none).toEqual([]);
    expect(first.topics).toEqual(["reservation-updates"]);
    expect(first.words).toContain("Nos gustaría enviarle avisos de reserva por WhatsApp");
    await eva.presses(first, "yes");
    expect(await eva.stands()).toEqual({ "reservation-updates": "granted" });
    const second = (await eva.reads()).find(({ purpose }) => purpose === "notice");
    if (second === undefined) throw new Error("no second notice");
    expect(second.topics).toEqual(["offers"]);
    expect(second.words).toContain("es responsable de cumplir la ley local aplicable");
    await eva.presses(second, "no");
    expect(await eva.stands()).toEqual({ "reservation-updates": "granted", offers: "refused" });
    expect((await eva.reads()).filter(({ purpose }) => purpose === "notice")).toEqual([]);
  });

  it("is told how things are, where all is agreed to", async () => {
    const ann = person(line, acme());
    await ann.agreesByPhone();
    await ann.reads();
    await ann.writes("START");
    expect((await ann.reads()).map(({ purpose }) => purpose)).toEqual(["help"]);
  });
});

describe("a yes that answers nothing grants nothing:", () => {
  it("out of the blue", async () => {
    const ann = person(line, acme());
    for (const text of ["YES", "sí", "हाँ"]) await ann.writes(text);
    expect(rows("entry")).toBe(0);
    expect(await line.memory.messages.inbox({ after: 0, limit: 10 })).toHaveLength(3);
  });

  it("after a stop, to what was asked before it", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    const [notice] = await ann.reads();
    if (notice === undefined) throw new Error("no notice");
    await ann.writes("stop");
    await ann.presses(notice, "yes");
    expect(await ann.stands()).toEqual({ "appointment-reminders": "revoked", "policy-updates": "revoked" });
  });

  it("a second time", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    const [notice] = await ann.reads();
    if (notice === undefined) throw new Error("no notice");
    await ann.presses(notice, "no");
    await ann.presses(notice, "yes");
    expect(await ann.stands()).toMatchObject({ "policy-updates": "refused" });
  });

  it("to a notice that did not arrive, unless it is answered by name", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    const [notice] = await ann.reads();
    if (notice === undefined) throw new Error("no notice");
    const lost = {
      From: `whatsapp:${acme().whatsapp.sender}`,
      To: `whatsapp:${ann.number}`,
      ErrorCode: "63024",
    };
    await ann.post({ ...lost, MessageSid: notice.sid, MessageStatus: "undelivered" }, "/whatsapp/status");
    await ann.writes("YES");
    expect(await ann.stands()).toEqual({});
    await ann.presses(notice, "yes");
    expect(await ann.stands()).toMatchObject({ "policy-updates": "granted" });
  });

  it("to another person's notice", async () => {
    const [ann, bob] = [person(line, acme()), person(line, acme())];
    await ann.writes("start");
    const [notice] = await ann.reads();
    if (notice === undefined) throw new Error("no notice");
    await bob.presses(notice, "yes");
    expect(await bob.stands()).toEqual({});
    expect(await ann.stands()).toEqual({});
  });

  it("to a message that is none of our questions", async () => {
    const ann = person(line, acme());
    await ann.writes("start");
    await ann.reads();
    await ann.writes("YES", { OriginalRepliedMessageSid: sid("SM") });
    expect(await ann.stands()).toEqual({});
  });
});

describe("whoever writes the same again and again", () => {
  it("gets a few notices a day, and is a supervisor's then; a day later they may ask again", async () => {
    const ann = person(line, acme());
    for (let times = 0; times < 100; times++) await ann.writes("START");
    expect(await ann.outbox()).toEqual(Array.from({ length: MAX_UNANSWERED_NOTICES }, () => "notice"));
    const inbox = await line.memory.messages.inbox({ after: 0, limit: 200 });
    expect(inbox).toHaveLength(100 - MAX_UNANSWERED_NOTICES);
    line.clock.now += 25 * 60 * 60 * 1000;
    await ann.writes("START");
    expect(await ann.outbox()).toHaveLength(MAX_UNANSWERED_NOTICES + 1);
  });

  it("is not kept from joining by notices that they answered", async () => {
    const ann = person(line, acme());
    for (let times = 0; times <= MAX_UNANSWERED_NOTICES; times++) {
      await ann.writes("START");
      const notice = (await ann.reads()).find(({ purpose }) => purpose === "notice");
      if (notice === undefined) throw new Error("no notice");
      await ann.presses(notice, "no");
    }
    expect(await ann.stands()).toMatchObject({ "policy-updates": "refused" });
  });

  it("has withdrawn, and is told so once", async () => {
    const ann = person(line, acme());
    await ann.agreesByPhone();
    for (let times = 0; times < 100; times++) await ann.writes("STOP");
    expect(await ann.outbox()).toEqual(["confirmation", "withdrawn"]);
    await ann.reads();
    await ann.writes("STOP");
    expect(await ann.outbox()).toEqual(["confirmation", "withdrawn"]);
    expect((await ann.entries()).filter(({ kind }) => kind === "revoked")).toHaveLength(101);
  });
});

describe("whoever writes STOP", () => {
  const words: [string, string][] = [
    ["en-US", "Stop!!"],
    ["es-ES", "Darme de baja, "],
    ["pt-BR", "SAIR."],
    ["de-DE", "Bitte abmelden"],
    ["fr-FR", "arret"],
    ["nl-NL", "Afmelden 🙏"],
    ["hi-IN", "बंद करें।"],
    ...POLICY_STOP_WORDS.map((word): [string, string] => ["WhatsApp's policy", `*${word.toLowerCase()}*`]),
  ];

  it.each(words)("(%s: %s) has withdrawn, and is told so exactly once", async (_, text) => {
    const ann = person(line, acme());
    await ann.agreesByPhone();
    await ann.reads();
    expect(await ann.stands()).toMatchObject({ "policy-updates": "granted" });
    const before = (await ann.outbox()).length;
    await ann.writes(text);
    expect(await ann.stands()).toEqual({ "appointment-reminders": "revoked", "policy-updates": "revoked" });
    expect((await ann.outbox()).slice(before)).toEqual(["withdrawn"]);
    const [told, ...more] = await ann.reads();
    expect(more).toEqual([]);
    expect(told?.words).toContain("will no longer send you appointment reminders and policy updates");
  });

  it("is heard where only Twilio's own opt-out tells, and without having agreed to anything", async () => {
    const ann = person(line, acme());
    await ann.writes("gracias no", { OptOutType: "STOP" });
    expect(await ann.stands()).toEqual({ "appointment-reminders": "revoked", "policy-updates": "revoked" });
  });

  it("with a topic, has stopped that one only", async () => {
    const eva = person(line, hotel(), "+34600123457");
    await eva.agreesByPhone();
    await eva.writes("Stop offers");
    expect(await eva.stands()).toEqual({ "reservation-updates": "granted", offers: "revoked" });
  });

  it("keeps a call's yes and a message's stop in the order in which they came", async () => {
    const ann = person(line, acme());
    await ann.agreesByPhone();
    await ann.writes("stop");
    await ann.agreesByPhone();
    expect(await ann.stands()).toMatchObject({ "policy-updates": "granted" });
    expect((await ann.entries()).map(({ kind }) => kind)).toEqual(["granted", "revoked", "granted"]);
  });
});

describe("a number that someone else named", () => {
  async function named() {
    const ann = person(line, acme());
    await ann.agreesByPhone();
    await ann.reads();
    const bob = person(line, acme(), "+14155553999");
    await ann.writes("CHANGE +1 (415) 555-3999");
    const question = (await bob.reads()).find(({ purpose }) => purpose === "verification");
    if (question === undefined) throw new Error("no verification");
    return { ann, bob, question };
  }

  it("is asked, and its yes confirms what the old number had", async () => {
    const { ann, bob, question } = await named();
    expect(question.words).toContain("Someone gave this number to Acme Dental.");
    expect(await ann.stands()).toEqual({ "appointment-reminders": "revoked", "policy-updates": "revoked" });
    expect(await bob.stands()).toEqual({ "appointment-reminders": "pending", "policy-updates": "pending" });
    await bob.presses(question, "yes");
    expect(await bob.stands()).toEqual({ "appointment-reminders": "granted", "policy-updates": "granted" });
    const confirmed = (await bob.entries()).find(({ kind }) => kind === "confirmed");
    expect(line.rows("entry").find(({ id }) => id === confirmed?.id)).toMatchObject({
      notice_purpose: "verification",
      notice_message_id: question.id,
    });
  });

  it("(row 46) by a hundred people is asked a few times a day, and no more", async () => {
    const bob = person(line, acme(), "+14155553999");
    for (let times = 0; times < 20; times++) {
      const ann = person(line, acme());
      await ann.agreesByPhone();
      await ann.writes("CHANGE +1 (415) 555-3999");
    }
    const asked = (await bob.outbox()).filter((purpose) => purpose === "verification");
    expect(asked).toHaveLength(MAX_VERIFICATIONS_A_DAY);
    const question = (await bob.reads()).find(({ purpose }) => purpose === "verification");
    if (question === undefined) throw new Error("no verification");
    await bob.presses(question, "yes");
    expect(await bob.stands()).toMatchObject({ "policy-updates": "granted" });
  });

  it("says no, and is not written to again", async () => {
    const { bob, question } = await named();
    await bob.presses(question, "no");
    expect(await bob.stands()).toEqual({ "appointment-reminders": "refused", "policy-updates": "refused" });
  });

  it("says nothing, and has agreed to nothing", async () => {
    const { bob } = await named();
    await bob.writes("who is this?");
    expect(await bob.stands()).toMatchObject({ "policy-updates": "pending" });
    const [unread] = await line.memory.messages.inbox({ after: 0, limit: 10 });
    expect(await line.memory.messages.words("acme-dental", unread?.id ?? "")).toBe("who is this?");
  });
});

it("whoever asks for help gets it, with the words that are understood", async () => {
  const ann = person(line, acme());
  await ann.writes("help");
  const [help] = await ann.reads();
  for (const word of ["START", "STOP", "CHANGE", "privacy@acme-dental.example"])
    expect(help?.words).toContain(word);
});
