import type { Business } from "../../src/call/business.ts";
import { between, hex, pick, type Random } from "../../src/simulator/random.ts";
import type { Answer, Delivery } from "./exchange.ts";
import { questionAt } from "./promise.ts";
import type { Accepted } from "./provider.ts";
import type { World } from "./setting.ts";
import type { Spoken } from "./speech.ts";

/** Somebody with a telephone. */
export type Person = {
  readonly number: string;
  /** The call that they are in. */
  call: Call | null;
  /** Messages that have reached them. */
  readonly inbox: Accepted[];
};

/** A telephone call, as the provider and the person at the other end know it. */
export type Call = {
  readonly sid: string;
  readonly business: Business;
  readonly world: World;
  readonly person: Person;
  readonly isWithheld: boolean;
  readonly fields: Readonly<Record<string, string>>;
  /** Languages in which the whole notice has been heard. */
  readonly heard: Set<string>;
  /** The question that waits for a key; null while nothing is asked. */
  question: string | null;
  /** The number that was read back last. */
  number: string | null;
  /** The word that it is over has been sent. */
  isOver: boolean;
  readonly begunAt: number;
};

export type PeopleParts = {
  readonly now: () => number;
  readonly chance: Random;
  readonly businesses: readonly [Business, ...Business[]];
  readonly post: (
    delivery: Pick<Delivery, "kind" | "path" | "fields" | "world" | "heard">,
    afterMs?: number,
  ) => Delivery;
  readonly listen: (twiml: string) => Spoken;
  /** Told before a key's webhook is sent. */
  readonly presses: (call: Call, delivery: Delivery) => void;
};

/** Numbers of two countries; what is withheld comes as carriers write it. */
const NUMBERS = ["+14155552671", "+14155552672", "+14155552673", "+34612345671", "+34612345672"] as const;
const WITHHELD = ["anonymous", "Restricted", "+266696687", "Unavailable", ""] as const;
const WRITTEN = [
  "YES",
  "yes",
  "NO",
  "STOP",
  "Stop offers",
  "BAJA",
  "START",
  "HELP",
  "hello?",
  "yes?",
] as const;
const UNDELIVERED = ["63024", "63016", "63032"] as const;

export function peopleOf({ now, chance, businesses, post, listen, presses }: PeopleParts) {
  const people: readonly Person[] = NUMBERS.slice(0, between(chance, 2, NUMBERS.length)).map((number) => ({
    number,
    call: null,
    inbox: [],
  }));
  const calls: Call[] = [];

  function begin(call: Call, path: string): void {
    calls.push(call);
    call.person.call = call;
    const fields = { ...call.fields, CallStatus: "ringing" };
    post({ kind: "voice", path, fields, world: call.world, heard: (answer) => hear(call, answer) });
    if (chance() < 0.3) status(call, "in-progress", 1);
  }

  function dials(person: Person): void {
    const business = pick(chance, businesses);
    const isWithheld = chance() < 0.12;
    const verstat = chance() < 0.7 ? { StirVerstat: "TN-Validation-Passed-A" } : {};
    const sid = `CA${hex(chance, 32)}`;
    const From = isWithheld ? pick(chance, WITHHELD) : person.number;
    const fields = { CallSid: sid, Direction: "inbound", From, To: business.lines[0], ...verstat };
    const rest = { world: worldFor(chance), isWithheld, fields, begunAt: now() };
    begin(callOf(sid, business, person, rest), "/voice");
  }

  /** A call of the line's own: Twilio rings the person, and asks the line what to say. */
  function rings({ sid, world, from, to, fields }: Accepted): void {
    const business = businesses.find(({ lines }) => lines.includes(from as `+${string}`));
    const person = people.find(({ number }) => number === to);
    if (business === undefined || person === undefined || person.call !== null) return;
    const AnsweredBy = chance() < 0.8 ? "human" : "machine_start";
    const given = { CallSid: sid, Direction: "outbound-api", From: from, To: to, AnsweredBy };
    const path = new URL(fields.get("Url") ?? "").pathname + new URL(fields.get("Url") ?? "").search;
    const rest = { world, isWithheld: false, fields: given, begunAt: now() };
    begin(callOf(sid, business, person, rest), path);
  }

  function hear(call: Call, answer: Answer | null): void {
    if (call.isOver) return;
    const spoken = answer === null ? null : listen(answer.body);
    for (const locale of spoken?.notices ?? []) call.heard.add(locale);
    if (spoken?.number !== null && spoken !== null) call.number = spoken.number;
    call.question = spoken?.action ?? null;
    if (call.question === null) end(call);
  }

  function press(call: Call): void {
    const path = call.question;
    if (path === null) return;
    if (chance() < 0.06) return hangUp(call, path);
    const digits = keyFor(path, call);
    call.question = null;
    const fields = { ...call.fields, CallStatus: "in-progress", Digits: digits };
    const { world } = call;
    const heard = (answer: Answer | null) => hear(call, answer);
    presses(call, post({ kind: "voice", path, fields, world, heard }));
  }

  /** Twilio tells the question's address sometimes, and the status callback as a rule. */
  function hangUp(call: Call, path: string): void {
    if (chance() < 0.4) {
      const fields = { ...call.fields, CallStatus: "completed", Digits: "hangup" };
      presses(call, post({ kind: "voice", path, fields, world: call.world, heard: null }));
    }
    end(call);
  }

  function keyFor(path: string, call: Call): string {
    const luck = chance();
    if (luck < 0.05) return "";
    const { step } = questionAt(path);
    if (step === "other-number") {
      if (luck < 0.12) return "2";
      if (luck < 0.2) return hex(chance, 6).replaceAll(/\D/g, "0");
      const other = luck < 0.3 ? call.person : pick(chance, people as [Person]);
      return other.number.slice(1);
    }
    if (step === "language") return pick(chance, ["1", "2", "2", "7"]);
    return pick(chance, ["1", "1", "1", "1", "1", "2", "2", "3", "3", "9", "0", "12", "*"]);
  }

  function end(call: Call): void {
    if (call.isOver) return;
    call.isOver = true;
    call.question = null;
    call.person.call = null;
    // Some never tell of their end: the line's sweep is for them.
    if (chance() < 0.1) return;
    status(call, "completed", 3, chance() < 0.2 ? between(chance, 1_000, 400_000) : 0);
  }

  function status(call: Call, CallStatus: string, sequence: number, afterMs = 0): void {
    const duration = CallStatus === "completed" ? { CallDuration: String(between(chance, 1, 200)) } : {};
    const fields = { ...call.fields, CallStatus, SequenceNumber: String(sequence), ...duration };
    post({ kind: "status", path: "/voice/status", fields, world: call.world, heard: null }, afterMs);
  }

  function writes(person: Person): void {
    const asked = person.inbox.length > 0 && chance() < 0.8 ? pick(chance, person.inbox as [Accepted]) : null;
    const business =
      businesses.find(({ whatsapp }) => asked?.from === `whatsapp:${whatsapp.sender}`) ??
      pick(chance, businesses);
    const moved = `CHANGE ${pick(chance, people as [Person]).number}`;
    const Body = chance() < 0.05 ? moved : pick(chance, WRITTEN);
    const sid = `SM${hex(chance, 32)}`;
    const fields: Record<string, string> = {
      MessageSid: sid,
      From: `whatsapp:${person.number}`,
      To: `whatsapp:${business.whatsapp.sender}`,
      Body,
      ...(asked !== null && chance() < 0.4 ? { OriginalRepliedMessageSid: asked.sid } : {}),
    };
    const world = asked?.world ?? worldFor(chance);
    post({ kind: "message", path: "/whatsapp", fields, world, heard: null });
  }

  /** A message of the line's is on its way: its callbacks come in any order, twice, or never. */
  function arrives(message: Accepted): void {
    const person = people.find(({ number }) => message.to === `whatsapp:${number}`);
    const failed = chance() < 0.12;
    const callback = new URL(message.fields.get("StatusCallback") ?? "");
    const told = failed ? ["sent", "undelivered"] : ["sent", "delivered", "read"];
    for (const MessageStatus of told) {
      if (chance() < 0.25) continue;
      const code = MessageStatus === "undelivered" ? { ErrorCode: pick(chance, UNDELIVERED) } : {};
      const fields = { MessageSid: message.sid, From: message.from, MessageStatus, ...code };
      const path = callback.pathname + callback.search;
      post(
        { kind: "message-status", path, fields, world: message.world, heard: null },
        between(chance, 0, 90_000),
      );
    }
    if (!failed) person?.inbox.push(message);
  }

  /** Somebody does something. */
  function act(): void {
    const person = pick(chance, people as [Person]);
    const { call } = person;
    if (call !== null) press(call);
    else if (chance() < 0.62) dials(person);
    else writes(person);
  }

  return {
    people,
    calls: calls as readonly Call[],
    act,
    rings,
    arrives,
    /** Everybody hangs up. */
    hangUpAll: () => calls.forEach(end),
  };
}

function worldFor(chance: Random): World {
  return chance() < 0.2 ? "simulated" : "real";
}

function callOf(
  sid: string,
  business: Business,
  person: Person,
  rest: Pick<Call, "world" | "isWithheld" | "fields" | "begunAt">,
): Call {
  return { sid, business, person, ...rest, heard: new Set(), question: null, number: null, isOver: false };
}
