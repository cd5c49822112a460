import { createHash } from "node:crypto";
import { html } from "hono/html";
import type { Business } from "../../call/business.ts";
import { lastDigits, spaced } from "../../call/phone-number.ts";
import type { CallEvent } from "../../ledger/ledger.ts";
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
    ${call.events.map((event, index) => {
      const served = event.kind === "served" ? servedItem(event, options) : null;
      return html`<li data-kind="${event.kind}">
        <p class="when">
          ${time(event.at, "clock")}<span class="soft">+${clock(event.at - call.begunAt)}</span>
        </p>
        ${served ?? (event.kind === "key" ? keyItem(event, call.events[index - 1]) : statusItem(event))}
      </li>`;
    })}
  </ol>`;
}

function servedItem(event: CallEvent, { call, business, script }: TimelineOptions): Html {
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

function keyItem(event: CallEvent, before: CallEvent | undefined): Html {
  if (event.step === "begin") return html`<p class="what"><strong>The call began</strong></p>`;
  if (event.key !== null)
    return html`<p class="what">
      <kbd>${event.key}</kbd> <strong>Pressed ${event.key}</strong
      ><span class="soft"
        >${stepWords(event.step).toLowerCase()}${before === undefined ? "" : `, after ${clock(event.at - before.at)}`}</span
      >
    </p>`;
  return html`<p class="what">
    <strong
      >${event.step.startsWith("other-number") ? "Keyed in a number, or nothing" : "No single key"}</strong
    ><span class="soft">silence, several keys, or hung up</span>
  </p>`;
}

function statusItem(event: CallEvent): Html {
  return html`<p class="what">
    <strong>${STATUS_WORDS[event.step] ?? event.step}</strong
    ><span class="soft">status from the carrier</span>
  </p>`;
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
};

/** `0:07`, `12:30`. */
function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
