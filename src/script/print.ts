import { topicName, type Business, type Locale } from "../call/business.ts";
import { ENDINGS, keysOf, languageKey, type Question } from "../call/flow.ts";
import { ENTERING, jurisdictionsOf, questionsOf, speakingSeconds } from "./check-business.ts";
import { businessSlots, type Script } from "./script.ts";
import { localeOf, speechTwiml, type Speech } from "./speak.ts";
import { parseTwiml, wordsOf } from "./twiml.ts";

/** A whole call of a business in one language, every word a caller can hear. */
export type Printed = { readonly business: string; readonly locale: Locale; readonly text: string };

/** What belongs to one call, as counsel should read it. */
const EXAMPLE = {
  action: "/",
  lastDigits: "0 1 2 3",
  number: "1 4 1 5 5 5 5 0 1 2 3",
  reference: "4 8 2 9 1 3",
};

/** @throws where the business's script is not there */
export function printScript(script: Script | undefined, business: Business, locale: Locale): Printed {
  if (script === undefined) throw new Error(`twiml/${business.script} is missing.`);
  const about = localeOf(script, locale);
  const laws = jurisdictionsOf(business, about);
  const topics = business.topics.map((topic) => topic.id);
  const plain = { locale, topics, question: null, withheld: false } as const;
  const [first] = laws;
  const jurisdiction = first ?? "EU";
  const part = (title: string, speech: Speech): string => {
    const root = parseTwiml(speechTwiml(script, business, speech, EXAMPLE));
    const seconds = Math.ceil(speakingSeconds(script, root));
    return [
      `${title} (about ${seconds} s)`,
      ...wordsOf(root)
        .split("\n")
        .map((line) => `  ${line}`),
    ].join("\n");
  };
  const calling = part("STATEMENT, outgoing: only where the line calls", {
    ...plain,
    jurisdiction,
    prompts: ["outgoing"],
  });
  const notices = laws.map((law) =>
    part(`NOTICE, ${law}`, { ...plain, jurisdiction: law, prompts: ["notice"] }),
  );
  const printed = (question: Question): string[] => {
    const title = titleOf(question, business, locale);
    const speech: Speech = { ...plain, jurisdiction, question, prompts: [question.step] };
    return question.step === "other-number"
      ? [part(title, speech), part(`${title}, of a withheld number`, { ...speech, withheld: true })]
      : [part(title, speech)];
  };
  // In the order of a call: languages are offered before anything is said in one.
  const asked = questionsOf(business);
  const offers = asked.filter(({ step }) => step === "language").flatMap(printed);
  const questions = asked.filter(({ step }) => step !== "language").flatMap(printed);
  const asides = [
    part("WRONG-KEY", { ...plain, jurisdiction, prompts: ["wrong-key"] }),
    part("WRONG-KEY, of a number", { ...plain, jurisdiction, prompts: ["wrong-key"], question: ENTERING }),
    part("SILENCE", { ...plain, jurisdiction, prompts: ["silence"] }),
  ];
  const endings = ENDINGS.filter((prompt) => prompt !== "agent" || business.agent !== null).map((prompt) =>
    part(`ENDING, ${prompt}`, { ...plain, jurisdiction, prompts: [prompt] }),
  );
  const head = `${business.name} (${business.id}), ${about.name} (${locale}), script ${script.version}, voice ${businessSlots(business, about).voice}`;
  return {
    business: business.id,
    locale,
    text: [head, ...offers, calling, ...notices, ...questions, ...asides, ...endings].join("\n\n"),
  };
}

function titleOf(question: Question, business: Business, locale: Locale): string {
  const taken: [string, string][] =
    question.step === "language"
      ? business.locales.map((offered) => [offered, languageKey(business, offered)])
      : Object.entries(keysOf(question, business));
  const keys = taken.map(([name, key]) => `${key} ${name}`);
  const topic = question.step === "topic" ? ` ${topicName(business, question.topic, locale)}` : "";
  const when =
    "number" in question && question.step === "topic" && question.number !== null
      ? ", for another number"
      : "";
  const change = "change" in question && question.change ? ", to change the number" : "";
  return `QUESTION, ${question.step}${topic}${when}${change}${keys.length === 0 ? "" : ` [${keys.join(" · ")}]`}`;
}
