import { html } from "hono/html";
import { OTHER_SOURCES, type ElsewherePage, type OtherSource } from "../../ledger/quality.ts";
import type { EntryKind } from "../../call/consent.ts";
import type { Mistake, WORLDS } from "../address.ts";
import type { ConsoleParts } from "../parts.ts";
import { may, type Role } from "../roles.ts";
import { badge, DASH, icon, NOTHING, numberShown, option, simulatedBadge, time, type Html } from "./bits.ts";
import { exportMenu } from "./export.ts";
import { emptyState, heading } from "./layout.ts";
import { choiceField, dayField, mistakesBox, typedIn, worldField } from "./mistakes.ts";
import { businessName, ENTRY_KINDS, ENTRY_WORDS, sourceWords, topicWords } from "./words.ts";

export type ElsewhereQuery = {
  readonly source?: OtherSource | undefined;
  readonly kind?: EntryKind | undefined;
  readonly business?: string | undefined;
  readonly world?: (typeof WORLDS)[number] | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
};

export type ElsewhereOptions = {
  readonly query: ElsewhereQuery;
  readonly mistakes: readonly Mistake[];
  readonly page: ElsewherePage;
  readonly first: boolean;
  readonly address: string;
  readonly role: Role;
};

/** Consent that was given, refused or withdrawn another way than by phone. */
export function elsewherePage(parts: ConsoleParts, options: ElsewhereOptions): Html {
  const { query, mistakes, page, address, first, role } = options;
  const { businesses, showSimulated } = parts;
  const rest = `/console/entries${address === "" ? "" : `?${address}`}`;
  const more = (part: string) => [address, part].filter((each) => each !== "").join("&");
  const acts = may(role, "export") && mistakes.length === 0 ? exportMenu("/console/entries", address) : "";
  return html`${heading("Other entries", acts, html`What was agreed, declined or withdrawn another way than by phone: on WhatsApp, through the API, in the console. <a href="/console/log">Calls are in the log.</a>`)}
    <form class="filters open" method="get" action="/console/entries">
      ${choiceField("e-source", "source", "How", html`${option("", "Any way", typedIn(mistakes, "source") ?? query.source)}${OTHER_SOURCES.map((each) => option(each, sourceWords(each), query.source))}`, mistakes)}
      ${choiceField("e-kind", "kind", "What", html`${option("", "Anything", typedIn(mistakes, "kind") ?? query.kind)}${ENTRY_KINDS.map((each) => option(each, ENTRY_WORDS[each], query.kind))}`, mistakes)}
      ${choiceField("e-business", "business", "Business", html`${option("", "Every one", typedIn(mistakes, "business") ?? query.business)}${businesses.map(({ id, name }) => option(id, name, query.business))}`, mistakes)}
      ${worldField("e-world", query.world, showSimulated, mistakes)}
      ${dayField("e-since", "since", "From", query.since, mistakes)}
      ${dayField("e-until", "until", "To", query.until, mistakes)}
      <div class="field acts">
        <button type="submit" class="primary">Show</button>
        <a class="button" href="/console/entries">Clear</a>
      </div>
    </form>
    ${
      mistakes.length > 0
        ? mistakesBox(mistakes, rest)
        : page.rows.length === 0
          ? emptyState("No such entry.", address === "" ? "The first one shows here." : "Loosen the filter.")
          : table(parts, options)
    }
    ${
      first && page.next === null
        ? NOTHING
        : html`<nav class="pager" aria-label="Pages">
            ${first ? NOTHING : html`<a class="button" href="${rest}">First</a>`}
            ${page.next === null ? NOTHING : html`<a class="button" rel="next" href="/console/entries?${more(`before=${page.next}`)}">Next</a>`}
          </nav>`
    }`;
}

function table({ businesses }: ConsoleParts, { page, role }: ElsewhereOptions): Html {
  return html`<section class="scroll" tabindex="0" aria-label="Entries">
    <table class="stacked">
      <caption class="unseen">
        Entries, the latest first
      </caption>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">What</th>
          <th scope="col">Who</th>
          <th scope="col">Business</th>
          <th scope="col">About</th>
          <th scope="col">How</th>
          <th scope="col">Proof</th>
        </tr>
      </thead>
      <tbody>
        ${page.rows.map(
          ({ id, businessId, subscriberId, kind, topics, source, simulated, at, number, seq }) =>
            html`<tr>
              <td>${time(at)}</td>
              <td>${badge(kind, ENTRY_WORDS[kind])} ${simulatedBadge(simulated)}</td>
              <td><a href="/console/subscribers/${businessId}/${subscriberId}">${numberShown(number)}</a></td>
              <td>${businessName(businesses, businessId)}</td>
              <td class="wrap">
                ${topics.map((topic) => topicWords(businesses, businessId, topic)).join(", ")}
              </td>
              <td>${sourceWords(source)}</td>
              <td>
                ${
                  may(role, "evidence")
                    ? html`<a
                        class="button small"
                        href="/console/evidence/${businessId}/${id}?subscriber=${subscriberId}"
                        aria-label="Evidence of entry ${seq}"
                        >${icon("shield")}<span>Evidence</span></a
                      >`
                    : DASH
                }
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}
