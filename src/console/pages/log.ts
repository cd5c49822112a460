import { html } from "hono/html";
import { JURISDICTIONS, LOCALES } from "../../call/business.ts";
import { OUTCOMES, type CallRow, type Page } from "../../ledger/reading.ts";
import { countFilters, SORTS, writeLogQuery, type LogQuery } from "../log-query.ts";
import type { ConsoleParts } from "../parts.ts";
import { MAX_VIEW_NAME, type SavedView } from "../preferences.ts";
import { icon, NOTHING, numberShown, option, outcomeBadge, simulatedBadge, time, type Html } from "./bits.ts";
import { emptyState, heading, toPhone } from "./layout.ts";
import {
  ATTESTATIONS,
  attestationWords,
  businessName,
  durationWords,
  languageName,
  OUTCOME_WORDS,
} from "./words.ts";

export type LogOptions = {
  readonly query: LogQuery;
  readonly page: Page<CallRow>;
  readonly views: readonly SavedView[];
  readonly mayExport: boolean;
  /** Where the live tail begins; null where it would show nothing of this list. */
  readonly live: boolean;
};

/** Every call, narrowed by what the address says. */
export function logPage(parts: ConsoleParts, options: LogOptions): Html {
  const { query, page, mayExport, live } = options;
  const address = writeLogQuery(query);
  const acts = html`${live ? html`<button type="button" id="live" aria-pressed="false" hidden><span class="pulse" aria-hidden="true"></span><span>Live</span></button>` : NOTHING}
  ${
    mayExport
      ? html`<details class="menu">
          <summary class="button">${icon("export")}<span>Export</span></summary>
          <ul>
            ${(["csv", "ndjson"] as const).map(
              (format) =>
                html`<li>
                  <form method="post" action="/console/log/export/${format}">
                    <input type="hidden" name="query" value="${address}" /><button type="submit">
                      ${format.toUpperCase()}
                    </button>
                  </form>
                </li>`,
            )}
          </ul>
        </details>`
      : NOTHING
  }`;
  return html`${heading("Log", acts, searchedFor(query))} ${viewsBar(options, address)}
    ${filters(parts, query)}
    <div id="tail" data-src="/console/log/live?${address}">
      ${
        page.rows.length === 0
          ? nothingFound(parts, query)
          : callTable(parts, page.rows, { caption: "Calls" })
      }
    </div>
    <p class="unseen" id="tail-status" role="status"></p>
    ${pager(page, "/console/log", address)}`;
}

/** Rows of calls, each a way to the call. */
export function callTable(
  parts: ConsoleParts,
  rows: readonly CallRow[],
  { caption }: { caption: string },
): Html {
  return html`<section class="scroll" tabindex="0" aria-label="${caption}">
    <table class="calls">
      <caption class="unseen">
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">Began</th>
          <th scope="col">Outcome</th>
          <th scope="col">Caller</th>
          <th scope="col">Business</th>
          <th scope="col">Language</th>
          <th scope="col" class="figure">Length</th>
          <th scope="col">Attested</th>
          <th scope="col">Reference</th>
        </tr>
      </thead>
      <tbody data-rows>
        ${rows.map((row) => callRow(parts, row))}
      </tbody>
    </table>
  </section>`;
}

export function callRow(parts: ConsoleParts, row: CallRow): Html {
  return html`<tr data-call="${row.callSid}">
    <td><a href="/console/calls/${row.businessId}/${row.callSid}" data-row-link>${time(row.begunAt)}</a></td>
    <td>${outcomeBadge(row.outcome)} ${simulatedBadge(row.simulated)}</td>
    <td>
      ${row.subscriberId === null || row.caller === null ? numberShown(row.caller) : html`<a href="/console/subscribers/${row.businessId}/${row.subscriberId}">${numberShown(row.caller)}</a>`}${row.direction === "outbound" ? html` <span class="soft">called</span>` : NOTHING}
    </td>
    <td>${businessName(parts.businesses, row.businessId)}</td>
    <td>
      ${row.locale === null ? html`<span class="soft">–</span>` : html`<span title="${languageName(row.locale)}">${row.locale}</span>`}
    </td>
    <td class="figure">${durationWords(row.durationSeconds)}</td>
    <td>
      <span title="${attestationWords(row.attestation).plain}"
        >${attestationWords(row.attestation).short}</span
      >
    </td>
    <td class="figure"><span class="code">${row.reference}</span></td>
  </tr>`;
}

export function pager(page: Page<unknown>, path: string, address: string): Html {
  const link = (words: string, query: string, rel: string) =>
    html`<a class="button" rel="${rel}" href="${path}?${address === "" ? "" : `${address}&`}${query}"
      >${words}</a
    >`;
  if (page.next === null && page.previous === null) return NOTHING;
  return html`<nav class="pager" aria-label="Pages">
    ${page.previous === null ? NOTHING : html`<a class="button" href="${path}${address === "" ? "" : `?${address}`}">First</a>${link("Previous", `page=previous&cursor=${encodeURIComponent(page.previous)}`, "prev")}`}
    ${page.next === null ? NOTHING : html`${link("Next", `page=next&cursor=${encodeURIComponent(page.next)}`, "next")}${link("Last", "page=last", "last")}`}
  </nav>`;
}

function searchedFor({ who, digits, reference }: LogQuery): Html | string {
  const all = html`<a href="/console/log">Show all calls</a>`;
  if (digits !== undefined) return html`Numbers that end in <strong>${digits}</strong>. ${all}`;
  if (reference !== undefined) return html`Reference <strong>${reference}</strong>. ${all}`;
  if (who === "nobody") return html`A number that is not known here. ${all}`;
  if (who !== undefined) return html`One number, at every business. ${all}`;
  return "";
}

function viewsBar({ query, views }: LogOptions, address: string): Html {
  const built = [
    { name: "All calls", query: "" },
    { name: "Granted", query: "outcome=granted" },
    { name: "Withdrawn", query: "outcome=revoked" },
    { name: "Pending", query: "outcome=pending" },
    { name: "Longest", query: "sort=longest" },
  ];
  const known = [...built, ...views].some((view) => view.query === address);
  const plain = query.who === undefined;
  return html`<div class="views">
    <nav aria-label="Views">
      <ul class="tabs">
        ${built.map((view) => viewLink(view, address))}
        ${views.map(
          (view) =>
            html`<li class="own">
              ${viewTab(view, address)}
              <form method="post" action="/console/log/views/remove">
                <input type="hidden" name="name" value="${view.name}" /><button
                  type="submit"
                  class="cross"
                  aria-label="Forget the view ${view.name}"
                >
                  ×
                </button>
              </form>
            </li>`,
        )}
      </ul>
    </nav>
    ${known || !plain ? NOTHING : html`<form class="keep" method="post" action="/console/log/views"><input type="hidden" name="query" value="${address}" /><label class="unseen" for="view-name">Name of this view</label><input id="view-name" name="name" maxlength="${MAX_VIEW_NAME}" placeholder="Name this view" required /><button type="submit">Keep</button></form>`}
  </div>`;
}

function viewLink(view: SavedView, address: string): Html {
  return html`<li>${viewTab(view, address)}</li>`;
}

function viewTab({ name, query }: SavedView, address: string): Html {
  return html`<a
    href="/console/log${query === "" ? "" : `?${query}`}"
    ${query === address ? html` aria-current="true"` : NOTHING}
    >${name}</a
  >`;
}

function filters(parts: ConsoleParts, query: LogQuery): Html {
  const { businesses } = parts;
  const topics = new Set(businesses.flatMap((business) => business.topics.map((topic) => topic.id)));
  const locales = LOCALES.filter((locale) =>
    businesses.some((business) => business.locales.includes(locale)),
  );
  const count = countFilters(query);
  const any = (words: string, chosen: string | undefined) => option("", words, chosen);
  return html`<details class="filters" ${count > 0 ? html` open` : NOTHING}>
    <summary>Filter${count > 0 ? html` <span class="count">${count}</span>` : NOTHING}</summary>
    <form method="get" action="/console/log">
      ${(["who", "digits", "reference"] as const).map((name) => (query[name] === undefined ? NOTHING : html`<input type="hidden" name="${name}" value="${query[name]}" />`))}
      ${choice("business", "Business", html`${any("Every business", query.business)}${businesses.map(({ id, name }) => option(id, name, query.business))}`)}
      ${choice("outcome", "Outcome", html`${any("Every outcome", query.outcome)}${OUTCOMES.map((each) => option(each, OUTCOME_WORDS[each], query.outcome))}`)}
      ${choice("topic", "Topic", html`${any("Every topic", query.topic)}${[...topics].map((id) => option(id, id.replaceAll("-", " "), query.topic))}`)}
      ${choice("locale", "Language", html`${any("Every language", query.locale)}${locales.map((locale) => option(locale, languageName(locale), query.locale))}`)}
      ${choice("jurisdiction", "Law", html`${any("Every law", query.jurisdiction)}${JURISDICTIONS.map((each) => option(each, each, query.jurisdiction))}`)}
      ${choice("direction", "Direction", html`${any("Both", query.direction)}${option("inbound", "They called", query.direction)}${option("outbound", "We called", query.direction)}`)}
      ${choice("attestation", "Attested", html`${any("Any", query.attestation)}${ATTESTATIONS.map((each) => option(each, `${attestationWords(each).short}${each.startsWith("failed-") ? ` (${each.slice(-1)})` : ""}`, query.attestation))}`)}
      ${choice("script", "Script", html`${any("Every script", query.script)}${[...parts.scripts.keys()].map((version) => option(version, version, query.script))}`)}
      ${choice("world", "Calls", html`${any(parts.showSimulated ? "Real and simulated" : "Real", query.world)}${option("real", "Only real", query.world)}${option("simulated", "Only simulated", query.world)}${option("all", "All", query.world)}`)}
      <div class="field">
        <label for="f-since">From</label
        ><input id="f-since" type="date" name="since" value="${query.since ?? ""}" />
      </div>
      <div class="field">
        <label for="f-until">To</label
        ><input id="f-until" type="date" name="until" value="${query.until ?? ""}" />
      </div>
      ${choice("sort", "Order", html`${SORTS.map((each) => option(each, { newest: "Newest first", oldest: "Oldest first", longest: "Longest first" }[each], query.sort ?? "newest"))}`)}
      <div class="field acts">
        <button type="submit" class="primary">Show</button> <a class="button" href="/console/log">Clear</a>
      </div>
    </form>
  </details>`;
}

function choice(name: keyof LogQuery, label: string, options: Html): Html {
  return html`<div class="field">
    <label for="f-${name}">${label}</label
    ><select id="f-${name}" name="${name}">
      ${options}
    </select>
  </div>`;
}

function nothingFound(parts: ConsoleParts, query: LogQuery): Html {
  if (query.who === "nobody")
    return emptyState(
      "Nobody with this number has called.",
      "Check the country code, or search its last four digits.",
    );
  if (writeLogQuery(query) === "")
    return emptyState(
      "No call has come yet.",
      "The first one shows here while it is still going on.",
      toPhone(parts),
    );
  if (query.who !== undefined)
    return emptyState(
      "Nobody has called from this number, or no call of theirs fits.",
      "It may have been keyed in from another one.",
      html`<p><a class="button primary" href="/console/subscribers/${query.who}">This subscriber</a></p>`,
    );
  return emptyState(
    "No call fits.",
    "Loosen a filter, or look at all calls.",
    html`<p><a class="button primary" href="/console/log">Show all calls</a></p>`,
  );
}
