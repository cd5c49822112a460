import { html } from "hono/html";
import type { QualityPeriod } from "../../ledger/quality.ts";
import type { CallOutcome, CallRow, Overview } from "../../ledger/reading.ts";
import { dayOf } from "../address.ts";
import { logAddress, type LogQuery } from "../log-query.ts";
import type { ConsoleParts } from "../parts.ts";
import type { Trouble } from "../troubles.ts";
import { badge, time, type Html } from "./bits.ts";
import { daysChart, daysTable, funnelTable, legend } from "./charts.ts";
import { emptyState, heading, toPhone } from "./layout.ts";
import { callTable } from "./log.ts";
import { qualityCard, whatsAppCard, type WhatsAppToday } from "./quality.ts";
import { OUTCOME_WORDS } from "./words.ts";

export type TodayOptions = {
  readonly overview: Overview;
  readonly latest: readonly CallRow[];
  readonly troubles: readonly Trouble[];
  readonly quality: readonly QualityPeriod[];
  /** What came on WhatsApp today. */
  readonly whatsApp: WhatsAppToday;
  /** Minutes east of UTC; null until the reader's browser has told, and days are UTC days. */
  readonly utcOffsetMinutes: number | null;
};

/** What a supervisor reads first. */
const FIGURES: readonly CallOutcome[] = ["granted", "refused", "revoked", "no-answer", "hung-up"];

/** What each step of the funnel counts. */
const FUNNEL: Readonly<Record<keyof Overview["funnel"], LogQuery>> = {
  reached: { reach: "reached" },
  noticeHeard: { reach: "heard" },
  answered: { reach: "answered" },
  granted: { outcome: "granted" },
};

export function todayPage(parts: ConsoleParts, options: TodayOptions): Html {
  const { overview, latest, troubles, utcOffsetMinutes } = options;
  const today = overview.days.at(-1);
  const none = overview.days.every((day) => day.calls === 0);
  /** Law of this page: each figure leads to exactly the calls that it counts. */
  const on = (from: number, query: LogQuery = {}) => {
    const day = dayOf(from, utcOffsetMinutes ?? 0);
    return logAddress({ ...query, since: day, until: day });
  };
  const onWhatsApp = whatsAppCard(options.whatsApp, dayOf(today?.from ?? 0, utcOffsetMinutes ?? 0));
  const under = `${parts.showSimulated ? "Simulated calls are counted: no Twilio account is configured." : "Simulated calls are left out."}${utcOffsetMinutes === null ? " Days are UTC days until your browser has told its zone." : ""}`;
  return html`${heading("Today", "", under)}
    <section aria-label="Figures of today" class="figures">
      ${figure("In progress", overview.inProgress, "now", logAddress({ outcome: "in-progress" }), "in-progress")}
      ${FIGURES.map((outcome) =>
        figure(
          OUTCOME_WORDS[outcome],
          today?.outcomes[outcome] ?? 0,
          usually(overview.days, outcome),
          on(today?.from ?? 0, { outcome }),
          outcome,
        ),
      )}
    </section>
    ${
      none
        ? html`${emptyState(
              "No call has come yet.",
              "As soon as somebody calls the line, it shows here and in the log.",
              toPhone(parts),
            )}
            <div class="columns even">${onWhatsApp} ${wrong(troubles)}</div>
            ${qualityCard(parts.businesses, options.quality)}`
        : html`<div class="columns">
              <div class="rail">
                <section class="card" aria-labelledby="days-title">
                  <h2 id="days-title">Last ${overview.days.length} days</h2>
                  ${legend(overview.days)} ${daysChart(overview.days)}
                  <details>
                    <summary>The figures as a table</summary>
                    <section class="scroll" tabindex="0" aria-label="Calls by day">
                      ${daysTable(overview.days, (from, outcome) => on(from, { outcome }))}
                    </section>
                  </details>
                </section>
                ${wrong(troubles)}
              </div>
              <div class="rail">
                <section class="card" aria-labelledby="funnel-title">
                  <h2 id="funnel-title">From ring to yes, today</h2>
                  ${funnelTable(overview.funnel, (step) => on(today?.from ?? 0, FUNNEL[step]))}
                </section>
                ${onWhatsApp}
              </div>
            </div>
            ${qualityCard(parts.businesses, options.quality)}
            <section aria-labelledby="latest-title">
              <div class="title-row">
                <h2 id="latest-title">Latest calls</h2>
                <a href="/console/log">The whole log</a>
              </div>
              ${callTable(parts, latest, { caption: "The latest calls" })}
            </section>`
    } `;
}

function figure(words: string, count: number, beside: string, href: string, tone: string): Html {
  return html`<a class="figure-card" href="${href}" data-tone="${tone}"
    ><span class="label">${words}</span><strong>${count}</strong><span class="soft">${beside}</span></a
  >`;
}

/** What a day brought before today, from the first one on that had a call: days before the line was there say nothing. */
function usually(days: Overview["days"], outcome: CallOutcome): string {
  const first = days.findIndex((day) => day.calls > 0);
  const before = first === -1 ? [] : days.slice(first, -1);
  if (before.length === 0) return "today is the first day";
  const mean = before.reduce((sum, day) => sum + day.outcomes[outcome], 0) / before.length;
  if (mean === 0) return "none on earlier days";
  if (before.length === 1) return `yesterday: ${Math.round(mean)}`;
  return `before: ${mean < 10 ? mean.toFixed(1) : Math.round(mean)} a day`;
}

function wrong(troubles: readonly Trouble[]): Html {
  return html`<section class="card" aria-labelledby="wrong-title">
    <h2 id="wrong-title">What went wrong</h2>
    ${
      troubles.length === 0
        ? html`<p class="soft">No webhook has failed or been refused since the server started.</p>`
        : html`<section class="scroll" tabindex="0" aria-label="Webhooks that went wrong">
            <table class="stacked">
              <thead>
                <tr>
                  <th scope="col">Webhook</th>
                  <th scope="col">Reason</th>
                  <th scope="col" class="figure">Times</th>
                  <th scope="col">Last</th>
                </tr>
              </thead>
              <tbody>
                ${troubles.map(
                  (trouble) =>
                    html`<tr>
                      <td>
                        ${trouble.route}
                        ${badge(trouble.status >= 500 ? "refused" : "no-answer", String(trouble.status))}
                      </td>
                      <td class="free">${trouble.reason}</td>
                      <td class="figure" data-label="times">${trouble.count}</td>
                      <td data-label="last">${time(trouble.lastAt, "clock")}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </section>`
    }
  </section>`;
}
