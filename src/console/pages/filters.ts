import { html } from "hono/html";
import { JURISDICTIONS, LOCALES } from "../../call/business.ts";
import { OUTCOMES, REACHES, type Reach } from "../../ledger/reading.ts";
import type { Mistake } from "../address.ts";
import { countFilters, SORTS, type LogQuery } from "../log-query.ts";
import type { ConsoleParts } from "../parts.ts";
import { NOTHING, option, type Html } from "./bits.ts";
import { choiceField, dayField, typedIn } from "./mistakes.ts";
import { ATTESTATIONS, attestationWords, languageName, OUTCOME_WORDS } from "./words.ts";

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

/** Every filter of the log as a form; what was typed and cannot be read is kept in it. */
export function filtersForm(parts: ConsoleParts, query: LogQuery, mistakes: readonly Mistake[]): Html {
  const { businesses } = parts;
  const topics = new Set(businesses.flatMap((business) => business.topics.map((topic) => topic.id)));
  const locales = LOCALES.filter((locale) =>
    businesses.some((business) => business.locales.includes(locale)),
  );
  const count = countFilters(query);
  /** What is chosen; what was typed and is no choice is chosen before it. */
  const chosen = (name: keyof LogQuery) => typedIn(mistakes, name) ?? query[name];
  const choice = (
    name: keyof LogQuery,
    label: string,
    any: string,
    words: readonly (readonly [value: string, words: string])[],
  ) => {
    const options = any === "" ? words : [["", any] as const, ...words];
    const normally = name === "sort" ? SORTS[0] : undefined;
    const listed = options.map(([value, said]) => option(value, said, chosen(name) ?? normally));
    return choiceField(`f-${name}`, name, label, listed, mistakes);
  };
  return html`<details class="filters" ${count > 0 || mistakes.length > 0 ? html` open` : NOTHING}>
    <summary>Filter${count > 0 ? html` <span class="count">${count}</span>` : NOTHING}</summary>
    <form method="get" action="/console/log">
      ${(["who", "digits", "reference"] as const).map((name) => (query[name] === undefined ? NOTHING : html`<input type="hidden" name="${name}" value="${query[name]}" />`))}
      ${choice(
        "business",
        "Business",
        "Every business",
        businesses.map(({ id, name }) => [id, name]),
      )}
      ${choice(
        "outcome",
        "Outcome",
        "Every outcome",
        OUTCOMES.map((each) => [each, OUTCOME_WORDS[each]]),
      )}
      ${choice(
        "reach",
        "Came as far as",
        "Anywhere",
        REACHES.map((each) => [each, REACH_WORDS[each]]),
      )}
      ${choice(
        "topic",
        "Topic",
        "Every topic",
        [...topics].map((id) => [id, id.replaceAll("-", " ")]),
      )}
      ${choice(
        "locale",
        "Language",
        "Every language",
        locales.map((locale) => [locale, languageName(locale)]),
      )}
      ${choice(
        "jurisdiction",
        "Law",
        "Every law",
        JURISDICTIONS.map((each) => [each, each]),
      )}
      ${choice("direction", "Direction", "Both", [
        ["inbound", "They called"],
        ["outbound", "We called"],
      ])}
      ${choice(
        "attestation",
        "Attested",
        "Any",
        ATTESTATIONS.map((each) => [each, attestedWords(each)]),
      )}
      ${choice(
        "script",
        "Script",
        "Every script",
        [...parts.scripts.keys()].map((version) => [version, version]),
      )}
      ${choice("world", "Calls", parts.showSimulated ? "Real and simulated" : "Real", [
        ["real", "Only real"],
        ["simulated", "Only simulated"],
        ["all", "All"],
      ])}
      ${dayField("f-since", "since", "From", query.since, mistakes)}
      ${dayField("f-until", "until", "To", query.until, mistakes)}
      ${choice(
        "sort",
        "Order",
        "",
        SORTS.map((each) => [each, SORT_WORDS[each]]),
      )}
      <div class="field acts">
        <button type="submit" class="primary">Show</button> <a class="button" href="/console/log">Clear</a>
      </div>
    </form>
  </details>`;
}

function attestedWords(attestation: string): string {
  const { short } = attestationWords(attestation);
  return attestation.startsWith("failed-") ? `${short} (${attestation.slice(-1)})` : short;
}
