import { createHash } from "node:crypto";
import { html } from "hono/html";
import type { Business } from "../../call/business.ts";
import { lastDigits, spaced } from "../../call/phone-number.ts";
import type { AnsweredWebhook, CallEvent } from "../../ledger/ledger.ts";
import type { CallDetail } from "../../ledger/reading.ts";
import type { Script } from "../../script/script.ts";
import { icon, NOTHING, time, type Html } from "./bits.ts";
import { durationWords, languageName, stepWords } from "./words.ts";

export type TimelineOptions = {
  readonly call: CallDetail;
  readonly business: Business | undefined;
  readonly script: Script | undefined;
};

/** Everything that happened in a call, in order, with the words as they were served. */
export function timeline(options: TimelineOptions): Html {
  const { call } = options;
  return html`<ol class="timeline">
    ${momentsOf(call).map(
      (moment) =>
        html`<li data-kind="${moment.kind}" ${isTrouble(moment) ? html` data-trouble="yes"` : NOTHING}>
          <p class="when">
            ${time(moment.at, "clock")}<span class="soft">+${clock(moment.at - call.begunAt)}</span>
          </p>
          ${itemOf(moment, options)}
        </li>`,
    )}
  </ol>`;
}

/** One line of the timeline: an event, with the webhook that brought it; or a webhook that brought none. */
type Moment = { readonly at: number } & (
  | {
      readonly kind: CallEvent["kind"];
      readonly event: CallEvent;
      readonly before: CallEvent | undefined;
      readonly broughtBy: AnsweredWebhook | undefined;
    }
  | { readonly kind: "webhook"; readonly webhook: AnsweredWebhook }
);

function momentsOf({ events, webhooks }: CallDetail): readonly Moment[] {
  const good = new Map(
    webhooks
      .filter((each) => !each.repeated && !failed(each))
      .toReversed()
      .map((each) => [placeOf(each), each]),
  );
  const brought = new Set<AnsweredWebhook>();
  const moments = events.map((event, index): Moment => {
    const broughtBy =
      event.kind === "served" ? undefined : good.get(`${event.kind} ${event.step} ${event.attempt}`);
    if (broughtBy !== undefined) brought.add(broughtBy);
    return { at: event.at, kind: event.kind, event, before: events[index - 1], broughtBy };
  });
  const others = webhooks.filter((each) => !brought.has(each));
  // Events keep the order of their numbers, whatever a clock did meanwhile.
  for (const webhook of others) {
    const later = moments.findIndex(({ at }) => at > webhook.at);
    moments.splice(later === -1 ? moments.length : later, 0, { at: webhook.at, kind: "webhook", webhook });
  }
  return moments;
}

function placeOf({ route, step, attempt }: AnsweredWebhook): string {
  return `${route === "status" ? "status" : "key"} ${step ?? ""} ${attempt ?? ""}`;
}

function isTrouble(moment: Moment): boolean {
  return moment.kind === "webhook" && failed(moment.webhook);
}

function failed({ outcome, httpStatus }: AnsweredWebhook): boolean {
  return outcome === FAILED || httpStatus >= 400;
}

/** See `AnsweredWebhook.outcome`. */
const FAILED = "sorry";

function itemOf(moment: Moment, options: TimelineOptions): Html {
  switch (moment.kind) {
    case "served":
      return servedItem(moment.event, moment.before, options);
    case "key":
      return keyItem(moment);
    case "status":
      return statusItem(moment);
    case "webhook":
      return webhookItem(moment.webhook);
  }
}

function servedItem(
  event: CallEvent,
  before: CallEvent | undefined,
  { call, business, script }: TimelineOptions,
): Html {
  // The carrier is answered all the same.
  if (before?.keypress === "hang-up")
    return html`<p class="what">
      <strong>Nothing more was heard</strong><span class="soft">nobody listened</span>
    </p>`;
  const words = event.words ?? "";
  const lines = words.split("\n");
  const pace = script?.locales.get(event.locale as "en-US")?.charactersPerSecond;
  const seconds = pace === undefined ? null : Math.ceil(Array.from(words).length / pace);
  const digest = createHash("sha256").update(words).digest("hex");
  const offers = event.step === "language" ? (business?.locales ?? []) : [];
  // The offers stand one after the other, each in its own language.
  const each = offers.length === 0 ? lines.length : Math.max(1, Math.floor(lines.length / offers.length));
  return html`<div class="said">
    <p class="what">
      <strong>${stepWords(event.step)}</strong
      ><span class="soft"
        >${offers.length > 0 ? "every language" : languageName(event.locale)}${event.attempt > 1 ? `, time ${event.attempt}` : ""}${seconds === null ? "" : `, about ${durationWords(seconds)}`}</span
      ><button type="button" class="quiet speak" data-speak hidden>
        ${icon("speak")}<span>Read aloud</span>
      </button>
    </p>
    <blockquote lang="${event.locale}">
      ${lines.map((line, index) => {
        const offered = offers[Math.floor(index / each)];
        return html`<p${offered === undefined ? NOTHING : html` lang="${offered}"`}>${filled(line, call)}</p>`;
      })}
    </blockquote>
    <p class="digest soft">SHA-256 of the words <code title="${digest}">${digest.slice(0, 16)}…</code></p>
  </div>`;
}

/** Slots that belonged to the call are filled and marked; a number that was read out stays masked. */
function filled(line: string, call: CallDetail) {
  return line.split(/(\{\{\w+\}\})/u).map((part) => {
    if (part === "{{reference}}") return slot(spaced(call.reference), "the reference of the call");
    if (part === "{{lastDigits}}" && call.caller !== null)
      return slot(lastDigits(call.caller), "the last four digits of the calling number");
    if (part === "{{number}}") return slot("•••", "a number, read out in full");
    return part;
  });
}

function slot(words: string, title: string): Html {
  return html`<mark title="${title}">${words}</mark>`;
}

function keyItem({ event, before, broughtBy }: Brought): Html {
  const speed = speedOf(broughtBy);
  if (event.step === "begin")
    return html`<p class="what"><strong>The call began</strong><span class="soft">${speed}</span></p>`;
  const after = before === undefined ? null : `after ${clock(event.at - before.at)}`;
  const beside = [stepWords(event.step).toLowerCase(), after, speed].filter(Boolean).join(", ");
  return html`<p class="what">
    ${event.key === null ? NOTHING : html`<kbd>${event.key}</kbd> `}<strong>${pressedWords(event)}</strong
    ><span class="soft">${beside}</span>
  </p>`;
}

type Brought = Exclude<Moment, { kind: "webhook" }>;

function pressedWords({ keypress, key, step }: CallEvent): string {
  switch (keypress) {
    case "key":
      return `Pressed ${key ?? ""}`;
    case "digits":
      return step === "other-number" ? "Keyed in a number" : "Pressed several keys";
    case "silence":
      return "Pressed nothing";
    case "hang-up":
      return "Hung up";
    // A call from before it was kept.
    case null:
      return key === null ? "Pressed nothing, several keys, or hung up" : `Pressed ${key}`;
  }
}

function statusItem({ event, broughtBy }: Brought): Html {
  const swept = event.step === "swept";
  const from = swept ? "the carrier never told of an end" : "status from the carrier";
  return html`<p class="what">
    <strong>${STATUS_WORDS[event.step] ?? event.step}</strong
    ><span class="soft">${[from, speedOf(broughtBy)].filter(Boolean).join(", ")}</span>
  </p>`;
}

/** A webhook that brought no event: its answer went wrong, or the carrier asked again. */
function webhookItem(webhook: AnsweredWebhook): Html {
  const { route, step } = webhook;
  const [what, meaning] = webhookWords(webhook);
  const named = route === "status" ? STATUS_WORDS[step ?? ""] : step === "begin" ? "The call began" : null;
  const about = named ?? (step === null ? null : stepWords(step));
  return html`<p class="what">
    <strong>${what}</strong
    ><span class="soft">${[about?.toLowerCase(), meaning, speedOf(webhook)].filter(Boolean).join(", ")}</span>
  </p>`;
}

function webhookWords({ route, httpStatus, outcome }: AnsweredWebhook): [what: string, meaning: string] {
  if (httpStatus >= 500) return ["Something failed on our side", `the carrier was told so (${httpStatus})`];
  if (httpStatus >= 400) return [`Refused with ${httpStatus}`, outcome.replace(/\.$/u, "")];
  if (outcome === FAILED) return ["Something failed on our side", "the caller heard the apology"];
  const same = route === "status" ? "nothing was written" : "same answer, nothing was written";
  return ["The carrier asked again", same];
}

/** Empty where it was not kept. */
function speedOf(webhook: AnsweredWebhook | undefined): string {
  return webhook === undefined ? "" : `answered in ${millisecondsWords(webhook.milliseconds)}`;
}

const STATUS_WORDS: Readonly<Record<string, string>> = {
  queued: "Queued",
  initiated: "Dialling",
  ringing: "Ringing",
  "in-progress": "Answered",
  completed: "The call ended",
  busy: "Busy",
  "no-answer": "Nobody picked up",
  canceled: "Cancelled",
  failed: "Failed",
  machine: "A machine answered: hung up without a word",
  swept: "Closed by the line itself",
};

/** `2.4 ms`, `12 ms`, `1,204 ms`. */
export function millisecondsWords(milliseconds: number): string {
  const shown =
    milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds).toLocaleString("en-US");
  return `${shown}\u{a0}ms`;
}

/** `0:07`, `12:30`. */
function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
