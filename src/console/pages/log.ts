import { html } from "hono/html";
import type { CallRow, FoundSubscriber, Page } from "../../ledger/reading.ts";
import type { Mistake } from "../address.ts";
import { logAddress, writeLogQuery, type LogQuery } from "../log-query.ts";
import type { ConsoleParts } from "../parts.ts";
import type { SavedView } from "../preferences.ts";
import { NOTHING, numberShown, outcomeBadge, simulatedBadge, time, type Html } from "./bits.ts";
import { exportMenu } from "./export.ts";
import { filtersForm } from "./filters.ts";
import { emptyState, heading, toPhone } from "./layout.ts";
import { mistakesBox } from "./mistakes.ts";
import { viewsBar, type ViewsOptions } from "./views.ts";
import { attestationWords, businessName, durationWords, languageName } from "./words.ts";

export type LogOptions = {
  readonly query: LogQuery;
  /** Of the address; where there are any, nothing is listed. */
  readonly mistakes: readonly Mistake[];
  readonly page: Page<CallRow>;
  /** How many calls the filter allows; null where that is not said. */
  readonly count: { readonly calls: number; readonly more: boolean; readonly at: number } | null;
  /** Everyone whose number ends in the digits that were searched for. */
  readonly people: { readonly found: readonly FoundSubscriber[]; readonly more: boolean };
  readonly views: readonly SavedView[];
  readonly refusedView: ViewsOptions["refused"];
  readonly mayExport: boolean;
  /** Where the live tail goes on from; null where it would show nothing of this list. */
  readonly liveAfter: string | null;
};

/** Every call, narrowed by what the address says. */
export function logPage(parts: ConsoleParts, options: LogOptions): Html {
  const { query, mistakes, page, people, views, refusedView, mayExport, liveAfter } = options;
  const address = writeLogQuery(query);
  const fine = mistakes.length === 0;
  const acts = html`${liveAfter === null ? NOTHING : html`<button type="button" id="live" aria-pressed="false" hidden><span class="pulse" aria-hidden="true"></span><span>Live</span></button>`}
  ${mayExport && fine ? exportMenu("/console/log", address) : NOTHING}`;
  return html`${heading("Log", acts, searchedFor(query))}
    ${viewsBar({ query: fine ? query : null, views, refused: refusedView })}
    ${mistakesBox(mistakes, logAddress(query))} ${filtersForm(parts, query, mistakes)}
    ${peopleFound(parts, people)} ${countLine(options)}
    <p id="tail-notice" class="problem" role="alert" hidden>
      <span data-words></span> <a href="${logAddress(query)}">Load the page again</a>
    </p>
    <div id="tail" data-src="/console/log/live?${address}" data-after="${liveAfter ?? ""}">
      ${
        page.rows.length === 0
          ? fine
            ? nothingFound(parts, query, people.found)
            : NOTHING
          : callTable(parts, page.rows, { caption: "Calls" })
      }
    </div>
    <p class="unseen" id="tail-status" role="status"></p>
    ${pager(page, "/console/log", address)}`;
}

const numbers = new Intl.NumberFormat("en-GB");

/** So that a figure elsewhere can be held against the list that it leads to. */
function countLine({ count }: LogOptions): Html {
  if (count === null || count.calls === 0) return NOTHING;
  const { calls, more, at } = count;
  const words = `${more ? "More than " : ""}${numbers.format(calls)} ${calls === 1 ? "call" : "calls"}`;
  return html`<p class="soft small" id="count">${words}, as of ${time(at, "clock")}</p>`;
}

/** People are found by their digits also where they never called: somebody else named their number. */
function peopleFound(parts: ConsoleParts, { found, more }: LogOptions["people"]): Html {
  if (found.length === 0) return NOTHING;
  return html`<section class="card" aria-labelledby="people-title">
    <h2 id="people-title">People with these last digits</h2>
    <ul class="people bullets">
      ${found.map(
        ({ id, businessId, number, called }) =>
          html`<li>
            <div>
              <a href="/console/subscribers/${businessId}/${id}">${numberShown(number)}</a>
              <span class="soft"
                >${businessName(parts.businesses, businessId)}${called ? "" : ", never called"}</span
              >
            </div>
          </li>`,
      )}
    </ul>
    ${more ? html`<p class="soft small">There are more than ${found.length}. Search the whole number.</p>` : NOTHING}
  </section>`;
}

/** Rows of calls, each a way to the call. */
export function callTable(
  parts: ConsoleParts,
  rows: readonly CallRow[],
  { caption }: { caption: string },
): Html {
  return html`<section class="scroll" tabindex="0" aria-label="${caption}">
    <table class="calls stacked">
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

function nothingFound(parts: ConsoleParts, query: LogQuery, people: readonly FoundSubscriber[]): Html {
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
  if (people.length > 0) {
    const never = people.every(({ called }) => !called);
    const words = "Another caller named the number, or it came by WhatsApp, the API or the console.";
    return never
      ? emptyState("Nobody has called from such a number.", words)
      : emptyState("No call of theirs fits.", "Loosen a filter.");
  }
  return emptyState(
    "No call fits.",
    "Loosen a filter, or look at all calls.",
    html`<p><a class="button primary" href="/console/log">Show all calls</a></p>`,
  );
}
