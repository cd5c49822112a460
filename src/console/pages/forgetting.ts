import { html } from "hono/html";
import type { Business } from "../../call/business.ts";
import type { Certificate, ExpiredPage, RetentionRun } from "../../ledger/privacy.ts";
import type { ConsoleParts } from "../parts.ts";
import { badge, DASH, NOTHING, pathOf, time, type Html } from "./bits.ts";
import { heading } from "./layout.ts";

export type ForgettingOptions = {
  readonly kept: readonly { readonly business: Business; readonly runs: readonly RetentionRun[] }[];
  readonly certificates: readonly Certificate[];
  readonly last: ReturnType<ConsoleParts["lastRetention"]>;
  /** How many were just forgotten; not a number: nobody was. */
  readonly done: number;
};

/** Retention by business, the last runs of it, and everybody who was erased, by certificate. */
export function forgettingPage({ kept, certificates, last, done }: ForgettingOptions): Html {
  return html`${heading("Forgetting", "", "Who is no longer needed is forgotten by itself, once a day; who asks for it, at once.")}
    ${Number.isNaN(done) ? NOTHING : html`<p class="done" role="status">${done} forgotten.</p>`}
    <section class="card" aria-labelledby="retention-title">
      <h2 id="retention-title">Retention</h2>
      <p>${lastRound(last)}</p>
      <div class="scroll" tabindex="0" aria-label="Retention by business">
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">Business</th>
              <th scope="col">Kept for</th>
              <th scope="col">Runs that forgot somebody</th>
              <th scope="col"><span class="unseen">What to do</span></th>
            </tr>
          </thead>
          <tbody>
            ${kept.map(({ business, runs }) => keptRow(business, runs))}
          </tbody>
        </table>
      </div>
      <p class="soft small">
        Whoever’s consent stands is never forgotten by itself. The law of a person’s notice or country may
        want longer than the business does: then that counts.
      </p>
    </section>
    <section class="card" aria-labelledby="certificates-title">
      <h2 id="certificates-title">Certificates of erasure</h2>
      ${certificates.length === 0 ? html`<p class="soft">Nobody has been erased.</p>` : certificateTable(certificates)}
    </section>`;
}

function lastRound(last: ForgettingOptions["last"]): Html {
  if (last === null) return html`The first daily round begins five minutes after the start.`;
  const what = last.ok
    ? `${last.forgotten} forgotten.`
    : "It failed for one business at least: the log of the line says why.";
  return html`The last daily round ended ${time(last.at)}. ${what}
  ${last.ok ? NOTHING : badge("refused", "Failed")}`;
}

function keptRow({ id, name, retention }: Business, runs: readonly RetentionRun[]): Html {
  return html`<tr>
    <th scope="row">${name}</th>
    <td data-label="Kept for"><code>${retention}</code></td>
    <td data-label="Runs">
      ${
        runs.length === 0
          ? DASH
          : html`<ul class="bullets">
              ${runs.map(({ at, byName, forgotten }) => html`<li>${time(at)}: ${forgotten}, by ${byName}</li>`)}
            </ul>`
      }
    </td>
    <td><a class="button small" href="/console/forgetting/${id}">Who is past it</a></td>
  </tr>`;
}

function certificateTable(certificates: readonly Certificate[]): Html {
  return html`<div class="scroll" tabindex="0" aria-label="Certificates of erasure, the newest first">
    <table class="stacked">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Business</th>
          <th scope="col">Why</th>
          <th scope="col">By</th>
          <th scope="col">Certificate</th>
        </tr>
      </thead>
      <tbody>
        ${certificates.map(
          ({ id, businessId, cause, byName, at, tracesGoneAt }) =>
            html`<tr>
              <td data-label="When">${time(at)}</td>
              <td data-label="Business">${businessId}</td>
              <td data-label="Why">
                ${CAUSES[cause]} ${tracesGoneAt === null ? badge("pending", "Old pages left") : NOTHING}
              </td>
              <td data-label="By">${byName}</td>
              <td data-label="Certificate">
                <a href="/console/erasures/${businessId}/${id}"><code class="break">${id}</code></a>
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const CAUSES = { request: "On request", retention: "The retention had ended" } as const;

type Found = { readonly people: ExpiredPage["people"]; readonly more: boolean };

export type ExpiredOptions = {
  readonly business: Business;
  readonly expired: Found;
  /** Who will be past it by then, if nothing more happens with them. */
  readonly soon: Found;
  readonly soonDays: number;
};

/** Who would be forgotten now, before anybody is. */
export function expiredPage({ business, expired, soon, soonDays }: ExpiredOptions): Html {
  const { id: businessId, name, retention } = business;
  const { people, more } = expired;
  const further = soon.people.length - people.length;
  return html`${heading("Past the retention", "", html`${name} keeps what it needs no more for <code>${retention}</code>.`)}
    <section class="card" aria-labelledby="expired-title">
      <h2 id="expired-title">${counted(expired)} would be forgotten now</h2>
      ${
        people.length === 0
          ? html`<p class="soft">Nobody has to be.</p>`
          : html`<form method="post" action="/console/forgetting/${businessId}" class="stack">
              <ul class="bullets">
                ${people.map(
                  ({ subscriberId, noUseAfter }) =>
                    html`<li>
                      <input type="hidden" name="person" value="${subscriberId}" />
                      <a href="${pathOf({ businessId, id: subscriberId })}"
                        ><code class="break">${subscriberId}</code></a
                      >, no use after ${time(noUseAfter)}
                    </li>`,
                )}
              </ul>
              <p class="note-well">
                It cannot be taken back. Who had withdrawn stays withdrawn, by a keyed hash. Whoever calls
                meanwhile is left alone.
              </p>
              <button type="submit" class="danger">
                Forget ${people.length === 1 ? "this one" : `these ${people.length}`} now
              </button>
            </form>`
      }
      ${more ? html`<p class="soft">There may be more: the daily round finds all of them.</p>` : NOTHING}
      <p class="soft">
        ${further > 0 ? `${soon.more ? "At least " : ""}${further} more within ${soonDays} days, if nothing more happens with them.` : `Nobody more within ${soonDays} days.`}
      </p>
      <a class="button" href="/console/forgetting">Back</a>
    </section>`;
}

function counted({ people, more }: Found): string {
  return more ? `At least ${people.length}` : String(people.length);
}
