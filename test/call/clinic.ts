import { USUAL_MESSAGES_PER_SECOND, USUAL_RULES, type Business } from "../../src/call/business.ts";
import type { Outcome, Question, Situation } from "../../src/call/flow.ts";
import type { Key, Keypress } from "../../src/call/keypress.ts";
import type { E164 } from "../../src/call/phone-number.ts";

export const CALLER: E164 = "+14155550123";
export const OTHER: E164 = "+14155550177";
export const TWELVE_KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "*", "#"] as const;

/** A business with two topics, as far as the flow looks at it. */
export function clinic(changes: Partial<Business> = {}): Business {
  return {
    ...USUAL_RULES,
    id: "clinic",
    name: "Clinic",
    legalName: "Clinic Ltd.",
    contact: { email: "a@clinic.example", postalAddress: "1 Main St", privacyUrl: "https://clinic.example" },
    lines: ["+14155550100"],
    whatsapp: { sender: "+14155550110", templates: {}, messagesPerSecond: USUAL_MESSAGES_PER_SECOND },
    script: "2026-11-22",
    locales: ["en-US"],
    voices: {},
    jurisdiction: "US",
    topics: [
      { id: "visits", category: "utility", names: { "en-US": "visits" } },
      { id: "offers", category: "marketing", names: { "en-US": "offers" } },
    ],
    ask: "together",
    agent: null,
    retention: "P5Y",
    ...changes,
  };
}

/** A caller of the clinic, whose number WhatsApp could reach, and who has agreed to nothing yet. */
export function calling(changes: Partial<Business> = {}, knowing: Partial<Situation> = {}): Situation {
  const business = clinic(changes);
  return { business, locale: business.locales[0], caller: CALLER, granted: [], outgoing: false, ...knowing };
}

/** What a caller did, in one word: a key, digits, "silence" or "hang-up". */
export function did(what: string): Keypress {
  if (what === "silence" || what === "hang-up") return { kind: what };
  return what.length === 1 ? { kind: "key", key: what as Key } : { kind: "digits", digits: what };
}

/** An outcome in one line: what is recorded, what is spoken, and what is asked next, if anything. */
export function told({ decisions, prompts, topics, question, locale }: Outcome): string {
  const recorded = decisions.map(
    ({ kind, topics: about, number }) =>
      `record ${kind} ${about.join("+")}${number === null ? "" : ` for ${number}`}`,
  );
  const about = topics.length === 0 ? "" : ` of ${topics.join("+")}`;
  const language = locale === "en-US" ? "" : ` in ${locale}`;
  const next = question === null ? "end" : `ask ${label(question)}`;
  return [...recorded, `say ${prompts.join(", ")}${about}${language}`, next].join("; ");
}

/** A question in a few words. */
export function label(question: Question): string {
  const parts: string[] = [question.step];
  if (question.step === "topic") {
    parts.push(question.topic);
    if (question.agreed.length > 0) parts.push(`after ${question.agreed.join("+")}`);
  }
  if ("number" in question && question.number !== null) parts.push(`for ${question.number}`);
  if ("change" in question && question.change) parts.push("to change");
  return `${parts.join(" ")} (${question.attempt})`;
}
