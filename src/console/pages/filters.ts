import { html } from "hono/html";
import { JURISDICTIONS, LOCALES } from "../../call/business.ts";
import { OUTCOMES, REACHES, type Reach } from "../../ledger/reading.ts";
import { WORLDS, type Mistake } from "../address.ts";
import { countFilters, SORTS, type LogQuery } from "../log-query.ts";
import type { ConsoleParts } from "../parts.ts";
import { NOTHING, option, type Html } from "./bits.ts";
import { choiceField, dayField, typedIn } from "./mistakes.ts";
import { ATTESTATIONS, attestationWords, languageName, OUTCOME_WORDS } from "./words.ts";

/** One list to choose from: how it is called, what stands for "all of them", and the values with their words. */
type Choice = {
  readonly name: Exclude<keyof LogQuery, "who" | "digits" | "reference" | "since" | "until">;
  readonly label: string;
  readonly any: string;
  readonly values: ReadonlyMap<string, string>;
};

const DAY_LABELS = { since: "From", until: "To" } as const;

/** Every filter of the log as a form, what is set in its title; what was typed and cannot be read is kept in it. */
export function filtersForm(parts: ConsoleParts, query: LogQuery, mistakes: readonly Mistake[]): Html {
  const choices = choicesOf(parts);
  const count = countFilters(query);
  const field = ({ name, label, any, values }: Choice) => {
    const chosen = typedIn(mistakes, name) ?? query[name];
    const options = html`${option("", any, chosen)}${[...values].map(([value, words]) => option(value, words, chosen))}`;
    return choiceField(`f-${name}`, name, label, options, mistakes);
  };
  const day = (name: "since" | "until") =>
    dayField(`f-${name}`, name, DAY_LABELS[name], query[name], mistakes);
  // Closed, so that on a phone the calls come first; what is set is said all the same.
  return html`<details class="filters" ${mistakes.length > 0 ? html` open` : NOTHING}>
    <summary>
      Filter${count > 0 ? html` <span class="count">${count}</span>` : NOTHING}
      ${setIn(query, choices).map(([label, words]) => html` <span class="set"><span class="soft">${label}</span> ${words}</span>`)}
    </summary>
    <form method="get" action="/console/log">
      ${(["who", "digits", "reference"] as const).map((name) => (query[name] === undefined ? NOTHING : html`<input type="hidden" name="${name}" value="${query[name]}" />`))}
      ${choices.map(field)} ${day("since")} ${day("until")}
      <div class="field acts">
        <button type="submit" class="primary">Show</button> <a class="button" href="/console/log">Clear</a>
      </div>
    </form>
  </details>`;
}

/** What is set, in the words of its list. */
function setIn(query: LogQuery, choices: readonly Choice[]): (readonly [label: string, words: string])[] {
  const chosen = choices.flatMap(({ name, label, values }) => {
    const value = query[name];
    return value === undefined ? [] : [[label, values.get(value) ?? value] as const];
  });
  const days = (["since", "until"] as const).flatMap((name) => {
    const value = query[name];
    return value === undefined ? [] : [[DAY_LABELS[name], value] as const];
  });
  return [...chosen, ...days];
}

function choicesOf({ businesses, scripts, showSimulated }: ConsoleParts): readonly Choice[] {
  const topics = new Set(businesses.flatMap((business) => business.topics.map(({ id }) => id)));
  const spoken = LOCALES.filter((locale) => businesses.some(({ locales }) => locales.includes(locale)));
  const list = <T extends string>(
    name: Choice["name"],
    label: string,
    any: string,
    values: Iterable<T>,
    wordsOf: (value: T) => string,
  ): Choice => ({
    name,
    label,
    any,
    values: new Map(Array.from(values, (value) => [value, wordsOf(value)])),
  });
  const names = new Map(businesses.map(({ id, name }) => [id, name]));
  const same = (value: string) => value;
  return [
    list("business", "Business", "Every business", names.keys(), (id) => names.get(id) ?? id),
    list("outcome", "Outcome", "Every outcome", OUTCOMES, (each) => OUTCOME_WORDS[each]),
    list("reach", "Came as far as", "Anywhere", REACHES, (each) => REACH_WORDS[each]),
    list("topic", "Topic", "Every topic", topics, (id) => id.replaceAll("-", " ")),
    list("locale", "Language", "Every language", spoken, languageName),
    list("jurisdiction", "Law", "Every law", JURISDICTIONS, same),
    list("direction", "Direction", "Both", DIRECTIONS, (each) => DIRECTION_WORDS[each]),
    list("attestation", "Attested", "Any", ATTESTATIONS, attestedWords),
    list("script", "Script", "Every script", scripts.keys(), same),
    list(
      "world",
      "Calls",
      showSimulated ? "Real and simulated" : "Real",
      WORLDS,
      (each) => WORLD_WORDS[each],
    ),
    list("sort", "Order", SORT_WORDS[SORTS[0]], SORTS.slice(1), (each) => SORT_WORDS[each]),
  ];
}

const REACH_WORDS: Readonly<Record<Reach, string>> = {
  reached: "Reached",
  heard: "Heard the notice",
  answered: "Answered",
};
const SORT_WORDS: Readonly<Record<(typeof SORTS)[number], string>> = {
  newest: "Newest first",
  oldest: "Oldest first",
  longest: "Longest first",
};
const WORLD_WORDS: Readonly<Record<(typeof WORLDS)[number], string>> = {
  real: "Only real",
  simulated: "Only simulated",
  all: "All",
};
const DIRECTIONS = ["inbound", "outbound"] as const;
const DIRECTION_WORDS: Readonly<Record<(typeof DIRECTIONS)[number], string>> = {
  inbound: "They called",
  outbound: "We called",
};

function attestedWords(attestation: string): string {
  const { short } = attestationWords(attestation);
  return attestation.startsWith("failed-") ? `${short} (${attestation.slice(-1)})` : short;
}
