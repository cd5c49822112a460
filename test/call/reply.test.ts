import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Business, Locale } from "../../src/call/business.ts";
import {
  MAX_ANSWERS_A_DAY,
  MAX_UNANSWERED_NOTICES,
  reply,
  type Asked,
  type Conversation,
  type Correspondent,
  type Intent,
  type Reply,
} from "../../src/call/reply.ts";
import { CALLER, clinic, OTHER } from "./clinic.ts";

const NOTICE: Asked = {
  messageId: "m1",
  purpose: "notice",
  topics: ["visits", "offers"],
  locale: "es-ES",
  jurisdiction: "EU",
  script: "2026-11-01",
  pendingEntryId: null,
};
const VERIFICATION: Asked = { ...NOTICE, purpose: "verification", pendingEntryId: "e1" };

const talk = (changes: Partial<Conversation> = {}): Conversation => ({
  asked: null,
  granted: [],
  pending: [],
  last: null,
  lately: { answers: 0, unansweredNotices: 0 },
  ...changes,
});
const writer = (changes: Partial<Business> = {}, locale: Locale | null = null): Correspondent => ({
  business: clinic({ locales: ["en-US", "es-ES"], ...changes }),
  number: CALLER,
  locale,
});

/** What comes of it, in one line. */
function told({ understood, decisions, message, locale, jurisdiction, script }: Reply): string {
  const recorded = decisions.map(
    ({ kind, topics, number, answers }) =>
      `${kind} ${topics.join("+")}${number === null ? "" : ` for ${number}`}${answers === null ? "" : ` to ${answers.messageId}`}`,
  );
  const sent = message === null ? [] : [`send ${[message.purpose, ...message.topics].join(" ")}`];
  return `${understood}: ${[...recorded, ...sent].join("; ") || "nothing"} (${locale}, ${jurisdiction}, ${script})`;
}
const US = "(en-US, US, 2026-11-22)";
const OF_NOTICE = "(es-ES, EU, 2026-11-01)";

const stop: Intent = { kind: "stop", topics: null };

describe("whoever writes again and again", () => {
  const start: Intent = { kind: "start" };

  it("gets no more notices than a few that nobody answers; what they write then is a supervisor's", () => {
    const few = { answers: 0, unansweredNotices: MAX_UNANSWERED_NOTICES - 1 };
    expect(told(reply(start, talk({ lately: few }), writer()))).toMatch(/send notice/);
    const many = { answers: 0, unansweredNotices: MAX_UNANSWERED_NOTICES };
    expect(told(reply(start, talk({ lately: many }), writer()))).toBe(`unclear: nothing ${US}`);
    expect(told(reply({ kind: "help" }, talk({ lately: many }), writer()))).toMatch(/send help/);
  });

  it("gets so many answers a day, and their stop and their yes are heard all the same", () => {
    const lately = { answers: MAX_ANSWERS_A_DAY, unansweredNotices: 0 };
    for (const said of [start, { kind: "help" }, { kind: "change", number: CALLER }] as const)
      expect(told(reply(said, talk({ lately }), writer()))).toBe(`unclear: nothing ${US}`);
    expect(told(reply(stop, talk({ lately }), writer()))).toBe(`stop: revoked visits+offers ${US}`);
    expect(told(reply({ kind: "yes" }, talk({ lately, asked: NOTICE }), writer()))).toMatch(/^yes: granted/);
  });
});

describe("whoever writes STOP", () => {
  it("has stopped everything, whether or not anything stood or was asked", () => {
    const everything = `stop: revoked visits+offers ${US}`;
    expect(told(reply(stop, talk(), writer()))).toBe(everything);
    expect(told(reply(stop, talk({ asked: NOTICE }), writer()))).toBe(everything);
    expect(told(reply(stop, talk({ pending: ["visits"] }), writer()))).toBe(everything);
  });

  it("has stopped what stands under topics that the business no longer has", () => {
    expect(told(reply(stop, talk({ granted: ["old"] }), writer()))).toBe(
      `stop: revoked visits+offers+old ${US}`,
    );
  });

  it("has stopped what the last message was about, where the business withdraws by topic", () => {
    const last = { topics: ["offers"], locale: "es-ES" } as const;
    const by = writer({ withdrawal: "topic" });
    expect(told(reply(stop, talk({ last }), by))).toBe("stop: revoked offers (es-ES, US, 2026-11-22)");
    expect(told(reply(stop, talk(), by))).toBe(`stop: revoked visits+offers ${US}`);
    expect(told(reply(stop, talk({ last: { topics: [], locale: "en-US" } }), by))).toBe(
      `stop: revoked visits+offers ${US}`,
    );
    expect(told(reply(stop, talk({ last }), writer()))).toMatch(/revoked visits\+offers/);
  });

  it("has stopped the topic that the message names", () => {
    const named: Intent = { kind: "stop", topics: ["offers"] };
    expect(told(reply(named, talk({ granted: ["visits", "offers"] }), writer()))).toBe(
      `stop: revoked offers ${US}`,
    );
  });
});

describe("whoever writes START", () => {
  it("gets the notice about all that is not agreed to yet, and has agreed to nothing", () => {
    expect(told(reply({ kind: "start" }, talk(), writer()))).toBe(`start: send notice visits offers ${US}`);
    expect(told(reply({ kind: "start" }, talk({ granted: ["visits"] }), writer()))).toBe(
      `start: send notice offers ${US}`,
    );
  });

  it("gets one notice after the other, where topics are asked one by one", () => {
    const each = writer({ ask: "each" });
    expect(told(reply({ kind: "start" }, talk(), each))).toBe(`start: send notice visits ${US}`);
    const first = { ...NOTICE, topics: ["visits"] };
    expect(told(reply({ kind: "yes" }, talk({ asked: first }), each))).toBe(
      `yes: granted visits to m1; send notice offers ${OF_NOTICE}`,
    );
    expect(told(reply({ kind: "no" }, talk({ asked: first }), each))).toBe(
      `no: refused visits to m1; send notice offers ${OF_NOTICE}`,
    );
    const second = { ...NOTICE, topics: ["offers"] };
    expect(told(reply({ kind: "no" }, talk({ asked: second }), each))).toBe(
      `no: refused offers to m1 ${OF_NOTICE}`,
    );
    expect(told(reply({ kind: "yes" }, talk({ asked: first, granted: ["offers"] }), each))).toBe(
      `yes: granted visits to m1 ${OF_NOTICE}`,
    );
  });

  it("is told how things are, where all is agreed to", () => {
    expect(told(reply({ kind: "start" }, talk({ granted: ["visits", "offers"] }), writer()))).toBe(
      `start: send help ${US}`,
    );
  });

  it("is asked in the language of their word, else of our last message, if the business speaks it", () => {
    const last = { topics: [], locale: "es-ES" } as const;
    const locale = (of: Reply) => of.locale;
    expect(locale(reply({ kind: "start" }, talk({ last }), writer()))).toBe("es-ES");
    expect(locale(reply({ kind: "start" }, talk({ last }), writer({}, "en-US")))).toBe("en-US");
    expect(locale(reply({ kind: "start" }, talk({ last }), writer({}, "de-DE")))).toBe("es-ES");
    expect(locale(reply({ kind: "start" }, talk(), writer({}, "de-DE")))).toBe("en-US");
  });

  it("is asked under one law, for the template that carries the question has one text: the strictest, where the business follows its callers'", () => {
    const by: Correspondent = { ...writer({ jurisdiction: "caller" }), number: "+5511912345678" };
    expect(reply({ kind: "start" }, talk(), by).jurisdiction).toBe("EU");
    expect(reply({ kind: "start" }, talk(), writer({ jurisdiction: "US" })).jurisdiction).toBe("US");
  });
});

describe("whoever answers", () => {
  it("our notice with yes has granted what it named, in its language, law and script", () => {
    expect(told(reply({ kind: "yes" }, talk({ asked: NOTICE }), writer()))).toBe(
      `yes: granted visits+offers to m1 ${OF_NOTICE}`,
    );
    expect(told(reply({ kind: "no" }, talk({ asked: NOTICE }), writer()))).toBe(
      `no: refused visits+offers to m1 ${OF_NOTICE}`,
    );
  });

  it("a verification has confirmed or refused what still waits for it", () => {
    const waiting = talk({ asked: VERIFICATION, pending: ["visits"] });
    expect(told(reply({ kind: "yes" }, waiting, writer()))).toBe(`yes: confirmed visits to m1 ${OF_NOTICE}`);
    expect(told(reply({ kind: "no" }, waiting, writer()))).toBe(`no: refused visits to m1 ${OF_NOTICE}`);
  });

  it.each(["yes", "no"] as const)("%s to nothing of ours is read by a supervisor", (kind) => {
    const settled = talk({ asked: VERIFICATION, pending: [] });
    const gone = talk({ asked: { ...NOTICE, topics: ["old"] } });
    for (const conversation of [talk({ pending: ["visits"] }), settled, gone])
      expect(told(reply({ kind }, conversation, writer()))).toBe(`unclear: nothing ${US}`);
  });
});

describe("whoever moves to another number", () => {
  const change: Intent = { kind: "change", number: OTHER };

  it("has stopped the old one; the new one is pending and has agreed to nothing", () => {
    expect(told(reply(change, talk({ granted: ["offers"] }), writer()))).toBe(
      `change: revoked offers; pending offers for ${OTHER} ${US}`,
    );
  });

  it("is helped where nothing stands, or where the number is the same", () => {
    expect(told(reply(change, talk({ pending: ["offers"] }), writer()))).toBe(`change: send help ${US}`);
    const same: Intent = { kind: "change", number: CALLER };
    expect(told(reply(same, talk({ granted: ["offers"] }), writer()))).toBe(`change: send help ${US}`);
  });
});

it("whoever asks for help gets it, and whoever is not understood is answered by a person", () => {
  expect(told(reply({ kind: "help" }, talk(), writer()))).toBe(`help: send help ${US}`);
  expect(told(reply({ kind: "unclear" }, talk({ asked: NOTICE }), writer()))).toBe(`unclear: nothing ${US}`);
});

it("nothing but a yes to a question of ours ever grants, and a grant names the question", () => {
  const topics = fc.subarray(["visits", "offers"]);
  const asked = fc.option(
    fc
      .record({ base: fc.constantFrom(NOTICE, VERIFICATION), topics })
      .map((one) => ({ ...one.base, topics: one.topics })),
  );
  const conversation = fc.record({
    asked,
    granted: topics,
    pending: topics,
    lately: fc.record({
      answers: fc.nat(MAX_ANSWERS_A_DAY),
      unansweredNotices: fc.nat(MAX_UNANSWERED_NOTICES),
    }),
    last: fc.option(fc.record({ topics, locale: fc.constantFrom<Locale>("en-US", "es-ES", "hi-IN") })),
  });
  const intent = fc.oneof(
    fc.constantFrom<Intent>(
      { kind: "start" },
      { kind: "yes" },
      { kind: "no" },
      { kind: "help" },
      { kind: "unclear" },
    ),
    fc.constantFrom<Intent>(stop, { kind: "change", number: OTHER }, { kind: "change", number: CALLER }),
  );
  const by = fc.constantFrom(writer(), writer({ ask: "each" }), writer({ withdrawal: "topic" }));
  fc.assert(
    fc.property(intent, conversation, by, (said, before, from) => {
      const { decisions, message } = reply(said, before, from);
      const opening = decisions.filter(({ kind }) => kind === "granted" || kind === "confirmed");
      for (const { topics: about, answers, number } of opening) {
        expect(said.kind).toBe("yes");
        expect(answers).toBe(before.asked);
        expect(number).toBeNull();
        expect(before.asked?.topics).toEqual(expect.arrayContaining([...about]));
      }
      for (const decision of decisions) expect(decision.topics.length).toBeGreaterThan(0);
      expect(message?.purpose === "notice" && message.topics.length === 0).toBe(false);
    }),
  );
});
