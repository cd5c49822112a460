import { html } from "hono/html";
import type { Business, Locale } from "../../call/business.ts";
import type { E164 } from "../../call/phone-number.ts";
import type { MessageView } from "../../ledger/messages.ts";
import {
  OUTGOING_STATES,
  type Outgoing,
  type OutgoingKind,
  type OutgoingState,
} from "../../ledger/outgoing.ts";
import type { Mistake, WORLDS } from "../address.ts";
import type { RecordingStep } from "../../ledger/recordings.ts";
import type { ConsoleParts } from "../parts.ts";
import { may, type Role } from "../roles.ts";
import {
  attribute,
  badge,
  DASH,
  NOTHING,
  numberShown,
  option,
  simulatedBadge,
  time,
  type Html,
} from "./bits.ts";
import { exportMenu } from "./export.ts";
import { failureWords } from "./failures.ts";
import { emptyState, heading } from "./layout.ts";
import { choiceField, mistakesBox, typedIn, worldField } from "./mistakes.ts";
import { businessName, languageName, MESSAGE_STATUS_WORDS, PURPOSE_WORDS } from "./words.ts";

export type OutgoingQuery = {
  readonly state?: OutgoingState | undefined;
  readonly kind?: OutgoingKind | undefined;
  readonly business?: string | undefined;
  readonly world?: (typeof WORLDS)[number] | undefined;
};

export type OutgoingRow = {
  readonly job: Outgoing;
  /** Null where it is for no person, or for an erased one. */
  readonly number: E164 | null;
  /** Of a message that left: how far it came since. */
  readonly message: MessageView | null;
};

export type OutgoingOptions = {
  readonly rows: readonly OutgoingRow[];
  readonly next: number | null;
  readonly first: boolean;
  readonly query: OutgoingQuery;
  readonly mistakes: readonly Mistake[];
  readonly address: string;
  readonly role: Role;
  readonly problem: string;
  readonly done: string;
  /** What was typed into the form for a call, where it could not be taken. */
  readonly typed: TypedCall | null;
};

export type TypedCall = { readonly business: string; readonly locale: string };

/** No number is longer, however it is written. */
export const MAX_NUMBER_LENGTH = 40;

export const OUTGOING_KINDS = [
  "message",
  "call",
  "event",
  "recording",
] as const satisfies readonly OutgoingKind[];

const KIND_WORDS: Readonly<Record<OutgoingKind, string>> = {
  message: "Messages",
  call: "Calls",
  event: "Events for other systems",
  recording: "Recordings of calls",
};

const STEP_WORDS: Readonly<Record<RecordingStep, string>> = {
  start: "The start of a recording",
  stop: "The end of a recording, before somebody else took over",
  keep: "The digest of a recording",
  delete: "The deletion of a recording",
};

const STATE_WORDS: Readonly<Record<OutgoingState, readonly [words: string, tone: string]>> = {
  waiting: ["Waiting", "pending"],
  sending: ["Leaving now", "in-progress"],
  sent: ["Left", "granted"],
  failed: ["Failed", "refused"],
  expired: ["Too late", "refused"],
  cancelled: ["Not needed any more", "none"],
};

/** What leaves the house: messages, calls and events; what became of each, and another try for what failed. */
export function outgoingPage(parts: ConsoleParts, options: OutgoingOptions): Html {
  const { rows, query, mistakes, address, problem, done, role } = options;
  const rest = `/console/outgoing${address === "" ? "" : `?${address}`}`;
  const acts = may(role, "export") && mistakes.length === 0 ? exportMenu("/console/outgoing", address) : "";
  return html`${heading("What leaves", acts, "Messages on WhatsApp, calls that ask for consent, and events for other systems.")}
    ${problem === "" ? NOTHING : html`<p class="problem" role="alert">${problem}</p>`}
    ${done === "" ? NOTHING : html`<p class="done" role="status">${done}</p>`}
    ${may(role, "call") ? callAnyone(parts, options) : NOTHING}
    <form class="filters open" method="get" action="/console/outgoing">
      ${choiceField("o-state", "state", "State", html`${option("", "Any", typedIn(mistakes, "state") ?? query.state)}${OUTGOING_STATES.map((each) => option(each, STATE_WORDS[each][0], query.state))}`, mistakes)}
      ${choiceField("o-kind", "kind", "What", html`${option("", "Everything", typedIn(mistakes, "kind") ?? query.kind)}${OUTGOING_KINDS.map((each) => option(each, KIND_WORDS[each], query.kind))}`, mistakes)}
      ${choiceField("o-business", "business", "Business", html`${option("", "Every one", typedIn(mistakes, "business") ?? query.business)}${parts.businesses.map(({ id, name }) => option(id, name, query.business))}`, mistakes)}
      ${worldField("o-world", query.world, parts.showSimulated, mistakes)}
      <div class="field acts">
        <button type="submit" class="primary">Show</button>
        <a class="button" href="/console/outgoing">Clear</a>
      </div>
    </form>
    ${
      mistakes.length > 0
        ? mistakesBox(mistakes, rest)
        : rows.length === 0
          ? nothing(address)
          : table(parts, options)
    }
    ${turning(options)}`;
}

/** How a row stands, in one line and the sentence that explains it. */
export function outgoingState(job: Outgoing, now: number): Html {
  const { state, attempts, dueAt, unclearSince, errorCode, errorMessage } = job;
  const [words, tone] = STATE_WORDS[state];
  const tries = attempts === 0 ? "" : attempts === 1 ? "tried once" : `tried ${attempts} times`;
  const wait =
    state !== "waiting"
      ? NOTHING
      : dueAt <= now
        ? html`due now`
        : html`${attempts === 0 ? "due" : "next try"} ${time(dueAt)}`;
  const why = failureWords(errorCode, errorMessage);
  return html`${badge(tone, words)}
  ${tries === "" && wait === NOTHING ? NOTHING : html`<span class="soft small">${tries}${tries !== "" && wait !== NOTHING ? ", " : ""}${wait}</span>`}
  ${unclearSince === null ? NOTHING : html`<br /><span class="soft small">Nobody knows whether the last try arrived: it is looked for first.</span>`}
  ${why === "" ? NOTHING : html`<br /><span class="small">${why}${errorCode === null ? NOTHING : html` <span class="soft">(${errorCode})</span>`}</span>`}`;
}

function nothing(address: string): Html {
  return address === ""
    ? emptyState(
        "Nothing has left yet.",
        "Somebody who agrees, withdraws or is asked for gets a message; it shows here.",
      )
    : emptyState("Nothing fits.", "Loosen the filter.");
}

function table(parts: ConsoleParts, { rows, role, address }: OutgoingOptions): Html {
  return html`<section class="scroll" tabindex="0" aria-label="What leaves">
    <table class="stacked">
      <caption class="unseen">
        What leaves, the latest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Asked for</th>
          <th scope="col">What</th>
          <th scope="col">For whom</th>
          <th scope="col">Business</th>
          <th scope="col">State</th>
          <th scope="col">Again</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => outgoingRow(parts, row, role, address))}
      </tbody>
    </table>
  </section>`;
}

function outgoingRow(
  parts: ConsoleParts,
  { job, number, message }: OutgoingRow,
  role: Role,
  address: string,
): Html {
  const { businessId, id, subscriberId, simulated, at, state } = job;
  const person = numberShown(number);
  return html`<tr>
    <td>${time(at)}</td>
    <td class="wrap">${whatWords(job)} ${simulatedBadge(simulated)}</td>
    <td>
      ${job.payload.kind === "event" || subscriberId === null ? DASH : html`<a href="/console/subscribers/${businessId}/${subscriberId}">${person}</a>`}
    </td>
    <td>${businessName(parts.businesses, businessId)}</td>
    <td class="free">${outgoingState(job, parts.now())} ${message === null ? NOTHING : fateOf(message)}</td>
    <td>
      ${
        may(role, "retry") && (state === "failed" || state === "expired")
          ? html`<form class="inline" method="post" action="/console/outgoing/${businessId}/${id}/retry">
              <input type="hidden" name="query" value="${address}" />
              <button type="submit" aria-label="Try again: ${whatWords(job)}, row ${job.seq}">
                Try again
              </button>
            </form>`
          : DASH
      }
    </td>
  </tr>`;
}

/** How far a message came once it had left. */
function fateOf({ status, errorCode }: MessageView): Html {
  if (status === "queued") return NOTHING;
  const bad = status === "failed" || status === "undelivered";
  return html`${badge(bad ? "refused" : "granted", MESSAGE_STATUS_WORDS[status])}
  ${errorCode === null ? NOTHING : html`<br /><span class="small">${failureWords(errorCode)} <span class="soft">(${errorCode})</span></span>`}`;
}

export function whatWords({ payload }: Outgoing): string {
  switch (payload.kind) {
    case "message":
      return PURPOSE_WORDS[payload.purpose];
    case "call":
      return "A call that asks for consent";
    case "event":
      return "An event for another system";
    case "recording":
      return STEP_WORDS[payload.step];
  }
}

function turning({ next, first, address }: OutgoingOptions): Html {
  if (next === null && first) return NOTHING;
  const query = (more: string) => [address, more].filter((part) => part !== "").join("&");
  return html`<nav class="pager" aria-label="Pages">
    ${first ? NOTHING : html`<a class="button" href="/console/outgoing?${query("")}">First</a>`}
    ${next === null ? NOTHING : html`<a class="button" rel="next" href="/console/outgoing?${query(`before=${next}`)}">Next</a>`}
  </nav>`;
}

/** A number that nobody may have on record yet. Where the line may call nobody, it says what to do. */
function callAnyone({ businesses, placeCall, newId }: ConsoleParts, { typed }: OutgoingOptions): Html {
  if (placeCall === null) return NOTHING;
  const calling = businesses.filter(({ calls }) => calls.countries.length > 0);
  return html`<details class="card narrow" ${attribute("open", typed !== null)}>
    <summary>Call somebody and ask for consent</summary>
    ${
      calling.length === 0
        ? html`<p class="soft">
            No business may call: name the countries in the business file, under calls.
          </p>`
        : html`<form method="post" action="/console/outgoing/call" class="stack">
            <input type="hidden" name="request" value="${newId()}" />
            <div class="field">
              <label for="call-business">Business</label
              ><select id="call-business" name="business">
                ${calling.map(({ id, name }) => option(id, name, typed?.business ?? calling[0]?.id))}
              </select>
            </div>
            <div class="field">
              <label for="call-number">Number</label
              ><input
                id="call-number"
                name="number"
                type="tel"
                maxlength="${MAX_NUMBER_LENGTH}"
                autocomplete="off"
                placeholder="With its country code, such as +1 415 …"
                required
              />
            </div>
            ${localeField("call-locale", [...new Set(calling.flatMap(({ locales }) => locales))], typed?.locale)}
            <p class="soft small">
              Nobody is called who refused or withdrew, at a quiet hour, too often, or where the business may
              not call. A machine that answers is hung up on.
            </p>
            <button type="submit" class="primary">Call</button>
          </form>`
    }
  </details>`;
}

export function localeField(id: string, locales: readonly Locale[], chosen: string | undefined): Html {
  return html`<div class="field">
    <label for="${id}">Language</label
    ><select id="${id}" name="locale">
      ${option("", "The person is asked", chosen)}
      ${locales.map((locale) => option(locale, languageName(locale), chosen))}
    </select>
  </div>`;
}

/** Whether the business may call anybody at all. */
export function mayCallAnyone(business: Business | undefined): business is Business {
  return business !== undefined && business.calls.countries.length > 0;
}
