import { html, raw } from "hono/html";
import { mask, type E164 } from "../../call/phone-number.ts";
import type { CallOutcome } from "../../ledger/reading.ts";
import { formatNumber } from "../search.ts";
import { OUTCOME_MEANING, OUTCOME_WORDS } from "./words.ts";

/** A piece of a page; what was typed by anyone is escaped in it. */
export type Html = ReturnType<typeof html>;

export const NOTHING = raw("");

/** A cell without anything to say; on a phone it is left out. */
export const DASH = html`<span class="soft dash">–</span>`;

/** How a moment is shown: `moment` with its day, `clock` alone, `day` alone. */
type TimeStyle = "moment" | "clock" | "day";

const FORMATS: Readonly<Record<TimeStyle, Intl.DateTimeFormat>> = {
  moment: formatter({
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }),
  clock: formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  day: formatter({ weekday: "short", day: "numeric", month: "short" }),
};

/** In UTC as the server writes it; the reader's browser turns it into their zone and keeps UTC in the title. */
export function time(at: number, style: TimeStyle = "moment"): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" data-style="${style}" title="${utc(at)}"
    >${FORMATS[style].format(at)}${style === "day" ? "" : " UTC"}</time
  >`;
}

export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function outcomeBadge(outcome: CallOutcome): Html {
  return html`<span class="badge" data-tone="${outcome}" title="${OUTCOME_MEANING[outcome]}"
    >${OUTCOME_WORDS[outcome]}</span
  >`;
}

export function badge(tone: string, words: string): Html {
  return html`<span class="badge" data-tone="${tone}">${words}</span>`;
}

export function simulatedBadge(simulated: boolean): Html {
  return simulated
    ? html`<span class="badge hollow" title="Made by the simulator: never consent">Simulated</span>`
    : NOTHING;
}

/** Law 10: masked, unless someone with the role has asked for it and that is on record. */
export function numberShown(number: E164 | null, revealed = false): Html {
  if (number === null) return html`<span class="soft">Withheld or erased</span>`;
  return revealed
    ? html`<span class="number revealed">${formatNumber(number)}</span>`
    : html`<span class="number">${mask(number)}</span>`;
}

/** Where a person's page is. */
export function pathOf({ businessId, id }: { readonly businessId: string; readonly id: string }): string {
  return `/console/subscribers/${businessId}/${id}`;
}

/** Someone who hears the page hears what the drawing says elsewhere. */
export function icon(name: keyof typeof STROKES): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d="${raw(STROKES[name])}" />
  </svg>`;
}

/** Strokes on a grid of 24 by 24. */
const STROKES = {
  today: "M4 19.5h16M6.5 16v-5M12 16V5M17.5 16V8.5",
  log: "M8.5 6.5H20M8.5 12H20M8.5 17.5H20M4.2 6.5h.1M4.2 12h.1M4.2 17.5h.1",
  checks: "M12 3.5l7 2.6v5.4c0 4.4-2.9 7.6-7 9-4.1-1.4-7-4.6-7-9V6.1zM8.8 12l2.3 2.3 4.2-4.4",
  script: "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 16h6",
  accesses:
    "M2.8 12S6 5.8 12 5.8 21.2 12 21.2 12 18 18.2 12 18.2 2.8 12 2.8 12ZM12 9.3a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4Z",
  forgetting:
    "M7 3.5h10M7 20.5h10M8.2 3.5c0 5 7.6 5.4 7.6 8.5s-7.6 3.5-7.6 8.5M15.8 3.5c0 5-7.6 5.4-7.6 8.5s7.6 3.5 7.6 8.5",
  operators:
    "M9 11.2a3.4 3.4 0 1 0 0-6.8 3.4 3.4 0 0 0 0 6.8ZM2.8 19.5c.4-3.4 2.9-5.4 6.2-5.4s5.8 2 6.2 5.4M16 5a3 3 0 0 1 0 5.9M17.8 14.4c2 .7 3.2 2.5 3.4 5.1",
  entries: "M12 20.2a8.2 8.2 0 1 0-7.3-4.5L3.8 20.2l4.5-.9a8.2 8.2 0 0 0 3.7.9ZM8.6 12.2l2.4 2.3 4.4-4.6",
  inbox: "M4 13.5 6.6 5h10.8l2.6 8.5V19H4zM4 13.5h4.6l1.2 2.5h4.4l1.2-2.5H20",
  outgoing: "M20.5 3.5 3.5 10.2l6.6 3.2 3.3 7.1zM10.1 13.4l4.6-4.2",
  keys: "M8 19.2a3.9 3.9 0 1 0 0-7.8 3.9 3.9 0 0 0 0 7.8ZM10.8 12.6l8.7-8.1M15.5 8.2l2.8 2.8",
  endpoints:
    "M12 4.5v5.2M12 9.7 5.8 16M12 9.7l6.2 6.3M12 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM4.8 19.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM19.2 19.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  help: "M9.3 9.3a2.8 2.8 0 1 1 4 2.6c-.9.5-1.3 1-1.3 2M12 17.2h.1M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z",
  search: "M10.8 4.5a6.3 6.3 0 1 0 0 12.6 6.3 6.3 0 0 0 0-12.6ZM15.5 15.5l4.7 4.7",
  speak: "M4.5 9.7v4.6h3L12 18V6L7.5 9.7h-3ZM15.5 9.2a4 4 0 0 1 0 5.6M18 6.7a7.5 7.5 0 0 1 0 10.6",
  export: "M12 4v10.5M7.7 10.5 12 14.7l4.3-4.2M5 19.5h14",
  print: "M7 8.5v-5h10v5M7 17H4.5v-8h15v8H17M7 14h10v6.5H7z",
  person: "M12 11.5a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6ZM4.8 20c.6-3.9 3.5-6 7.2-6s6.6 2.1 7.2 6",
  shield: "M12 3.5 19 6v5.5c0 4.3-2.8 7.3-7 9-4.2-1.7-7-4.7-7-9V6zM9 11.8l2.2 2.2 4-4.2",
  phone:
    "M6.6 3.5 9 4.4l1.2 4-1.9 1.8a12.6 12.6 0 0 0 5.5 5.5l1.8-1.9 4 1.2.9 2.4c.3 1-.2 2-1.1 2.4-1.3.6-2.8.5-4.9-.2A18 18 0 0 1 4.4 9.5c-.7-2.1-.8-3.6-.2-4.9.4-.9 1.4-1.4 2.4-1.1Z",
} as const;

/** The attribute where it holds, nothing where it does not. */
export function attribute(name: "checked" | "selected" | "disabled" | "required" | "open", holds: boolean) {
  return holds ? raw(` ${name}`) : NOTHING;
}

export function option(value: string, words: string, chosen: string | undefined): Html {
  return html`<option value="${value}" ${attribute("selected", value === (chosen ?? ""))}>${words}</option>`;
}

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC", hourCycle: "h23" });
}
