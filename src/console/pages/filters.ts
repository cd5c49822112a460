import { html } from "hono/html";
import { JURISDICTIONS, LOCALES } from "../../call/business.ts";
import { OUTCOMES, REACHES, type Reach } from "../../ledger/reading.ts";
import type { Mistake } from "../address.ts";
import { countFilters, SORTS, type LogQuery } from "../log-query.ts";
import type { ConsoleParts } from "../parts.ts";
import { NOTHING, option, type Html } from "./bits.ts";
import { choiceField, dayField } from "./mistakes.ts";
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
  const choice = (name: keyof LogQuery, label: string, any: string, options: Html | readonly Html[]) =>
    choiceField(
      `f-${name}`,
      name,
      label,
      html`${any === "" ? NOTHING : option("", any, query[name])}${options}`,
      mistakes,
    );
  return html`<details class="filters" ${count > 0 || mistakes.length > 0 ? html` open` : NOTHING}>
    <summary>Filter${count > 0 ? html` <span class="count">${count}</span>` : NOTHING}</summary>
    <form method="get" action="/console/log">
      ${(["who", "digits", "reference"] as const).map((name) => (query[name] === undefined ? NOTHING : html`<input type="hidden" name="${name}" value="${query[name]}" />`))}
      ${choice(
        "business",
        "Business",
        "Every business",
        businesses.map(({ id, name }) => option(id, name, query.business)),
      )}
      ${choice(
        "outcome",
        "Outcome",
        "Every outcome",
        OUTCOMES.map((each) => option(each, OUTCOME_WORDS[each], query.outcome)),
      )}
      ${choice(
        "reach",
        "Came as far as",
        "Anywhere",
        REACHES.map((each) => option(each, REACH_WORDS[each], query.reach)),
      )}
      ${choice(
        "topic",
        "Topic",
        "Every topic",
        [...topics].map((id) => option(id, id.replaceAll("-", " "), query.topic)),
      )}
      ${choice(
        "locale",
        "Language",
        "Every language",
        locales.map((locale) => option(locale, languageName(locale), query.locale)),
      )}
      ${choice(
        "jurisdiction",
        "Law",
        "Every law",
        JURISDICTIONS.map((each) => option(each, each, query.jurisdiction)),
      )}
      ${choice("direction", "Direction", "Both", html`${option("inbound", "They called", query.direction)}${option("outbound", "We called", query.direction)}`)}
      ${choice(
        "attestation",
        "Attested",
        "Any",
        ATTESTATIONS.map((each) => option(each, attestedWords(each), query.attestation)),
      )}
      ${choice(
        "script",
        "Script",
        "Every script",
        [...parts.scripts.keys()].map((version) => option(version, version, query.script)),
      )}
      ${choice("world", "Calls", parts.showSimulated ? "Real and simulated" : "Real", html`${option("real", "Only real", query.world)}${option("simulated", "Only simulated", query.world)}${option("all", "All", query.world)}`)}
      ${dayField("f-since", "since", "From", query.since, mistakes)}
      ${dayField("f-until", "until", "To", query.until, mistakes)}
      ${choice(
        "sort",
        "Order",
        "",
        SORTS.map((each) => option(each, SORT_WORDS[each], query.sort ?? "newest")),
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
