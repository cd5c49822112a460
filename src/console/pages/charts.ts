import { html } from "hono/html";
import type { CallOutcome, Overview } from "../../ledger/reading.ts";
import { time, type Html } from "./bits.ts";
import { OUTCOME_WORDS } from "./words.ts";

/** What the days' bars are stacked of, from the ground up. */
export const STACKED: readonly CallOutcome[] = [
  "granted",
  "pending",
  "refused",
  "revoked",
  "unchanged",
  "no-answer",
  "agent",
  "machine",
  "hung-up",
  "in-progress",
];

const WIDTH = 640;
const HEIGHT = 190;
const GROUND = 164;
/** What a digit of the axis takes, in the size that it has on a phone; and the gap to the picture. */
const DIGIT = 12;
const GAP = 8;
const TOP = 18;

/** Calls by day and outcome: a picture for who sees it, and the same figures as a table beside it. */
export function daysChart(days: Overview["days"]): Html {
  const highest = niceTop(Math.max(1, ...days.map((day) => day.calls)));
  const left = GAP + DIGIT * axisWords(highest).length;
  const slot = (WIDTH - left) / days.length;
  const ticks = [0, highest / 2, highest].filter(Number.isInteger);
  const y = (value: number) => GROUND - (value / highest) * (GROUND - TOP);
  return html`<svg
    class="chart"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    role="img"
    aria-label="Calls of the last ${days.length} days by outcome; the table has the figures"
  >
    ${ticks.map(
      (tick) =>
        html`<line class="grid" x1="${left}" x2="${WIDTH}" y1="${y(tick)}" y2="${y(tick)}" /><text
            class="tick"
            x="${left - GAP}"
            y="${y(tick) + 4}"
            text-anchor="end"
            >${axisWords(tick)}</text
          >`,
    )}
    ${days.map((day, index) => {
      const x = left + index * slot;
      return html`${bar(day, x + slot * 0.18, slot * 0.64, y)}<text
          class="tick${labelClass(days.length - 1 - index)}"
          x="${index === days.length - 1 ? WIDTH : round(x + slot / 2)}"
          y="${GROUND + 18}"
          text-anchor="${index === days.length - 1 ? "end" : "middle"}"
          >${dayOfMonth(day.from)}</text
        >`;
    })}
  </svg>`;
}

/** What is left of all calls at each step towards a yes: a bar beside each figure. */
export function funnelTable(
  funnel: Overview["funnel"],
  addressOf: (step: keyof Overview["funnel"]) => string,
): Html {
  const steps = [
    ["Reached", "reached"],
    ["Heard the notice", "noticeHeard"],
    ["Answered", "answered"],
    ["Granted", "granted"],
  ] as const;
  const share = (count: number) => (funnel.reached === 0 ? 0 : (count / funnel.reached) * 100);
  return html`<table class="funnel">
    <caption class="unseen">
      Today, from reached to granted
    </caption>
    <thead class="unseen">
      <tr>
        <th scope="col">Step</th>
        <th scope="col">Picture</th>
        <th scope="col">Calls</th>
        <th scope="col">Of those reached</th>
      </tr>
    </thead>
    <tbody>
      ${steps.map(
        ([words, step], index) =>
          html`<tr>
            <th scope="row">${words}</th>
            <td>${shareBar(share(funnel[step]), index)}</td>
            <td class="figure">${counted(funnel[step], addressOf(step))}</td>
            <td class="figure soft">
              ${funnel.reached === 0 ? "–" : `${Math.round(share(funnel[step]))} %`}
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function shareBar(percent: number, index: number): Html {
  return html`<svg viewBox="0 0 100 18" preserveAspectRatio="none" aria-hidden="true" focusable="false">
    <rect class="rail" width="100" height="18" rx="1.5" />
    <rect class="fill step-${index}" width="${round(percent)}" height="18" rx="1.5" />
  </svg>`;
}

/** A figure that leads to the calls it counts; nought leads nowhere. */
function counted(count: number, address: string): Html {
  return count === 0 ? html`<span class="soft">0</span>` : html`<a href="${address}">${count}</a>`;
}

/** The same figures as the picture, for everyone; `addressOf` without an outcome: all of the day. */
export function daysTable(
  days: Overview["days"],
  addressOf: (from: number, outcome?: CallOutcome) => string,
): Html {
  const shown = STACKED.filter((outcome) => days.some((day) => day.outcomes[outcome] > 0));
  return html`<table>
    <caption class="unseen">
      Calls by day and outcome
    </caption>
    <thead>
      <tr>
        <th scope="col">Day</th>
        <th scope="col" class="figure">Calls</th>
        ${shown.map((outcome) => html`<th scope="col" class="figure">${OUTCOME_WORDS[outcome]}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${days.toReversed().map(
        (day) =>
          html`<tr>
            <th scope="row">${time(day.from, "day")}</th>
            <td class="figure">${counted(day.calls, addressOf(day.from))}</td>
            ${shown.map((outcome) => html`<td class="figure">${counted(day.outcomes[outcome], addressOf(day.from, outcome))}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

export function legend(days: Overview["days"]): Html {
  const shown = STACKED.filter((outcome) => days.some((day) => day.outcomes[outcome] > 0));
  return html`<ul class="legend">
    ${shown.map((outcome) => html`<li data-tone="${outcome}">${OUTCOME_WORDS[outcome]}</li>`)}
  </ul>`;
}

function bar(day: Overview["days"][number], x: number, width: number, y: (value: number) => number) {
  let below = 0;
  return STACKED.filter((outcome) => day.outcomes[outcome] > 0).map((outcome) => {
    const from = below;
    below += day.outcomes[outcome];
    return html`<rect
      class="part"
      data-tone="${outcome}"
      x="${round(x)}"
      y="${round(y(below))}"
      width="${round(width)}"
      height="${round(y(from) - y(below))}"
      ><title>${OUTCOME_WORDS[outcome]}: ${day.outcomes[outcome]}</title></rect
    >`;
  });
}

const compact = new Intl.NumberFormat("en-GB", { notation: "compact" });

/** `500`, `1.5K`, `2M`: four signs at most beside the picture. */
function axisWords(value: number): string {
  return value < 1_000 ? String(value) : compact.format(value);
}

/** 1, 2 or 5 with noughts: an axis that ends on a number people know. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

const numeric = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** `from` is the day's first moment where the reader is, so noon is safely inside it for every zone. */
function dayOfMonth(from: number): string {
  return numeric.format(from + 12 * 60 * 60 * 1000);
}

/** Every second label makes room on a phone, and today's stays. */
function labelClass(daysBeforeToday: number): string {
  if (daysBeforeToday === 0) return " now";
  return daysBeforeToday % 2 === 0 ? "" : " alternate";
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
