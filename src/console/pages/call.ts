import { html } from "hono/html";
import type { Business } from "../../call/business.ts";
import type { Entry } from "../../ledger/ledger.ts";
import type { CallDetail } from "../../ledger/reading.ts";
import type { ConsoleParts } from "../parts.ts";
import { may, type Role } from "../roles.ts";
import { formatNumber } from "../search.ts";
import { badge, icon, NOTHING, numberShown, outcomeBadge, simulatedBadge, time, type Html } from "./bits.ts";
import { heading } from "./layout.ts";
import { recordingCard, type RecordingShown } from "./recording.ts";
import { millisecondsWords, timeline } from "./timeline.ts";
import {
  attestationWords,
  businessName,
  durationWords,
  ENTRY_WORDS,
  languageName,
  sourceWithin,
  OUTCOME_MEANING,
  topicWords,
} from "./words.ts";

export type CallOptions = {
  readonly call: CallDetail;
  readonly role: Role;
  readonly revealed: boolean;
  /** Null where the call was not to be recorded. */
  readonly recorded: RecordingShown | null;
};

/** One call: what was heard, what was pressed, what was recorded of it. */
export function callPage(parts: ConsoleParts, { call, role, revealed, recorded }: CallOptions): Html {
  const business = parts.businesses.find((each) => each.id === call.businessId);
  const version = call.script ?? business?.script ?? "";
  const script = parts.scripts.get(version);
  const person =
    call.subscriberId === null ? null : `/console/subscribers/${call.businessId}/${call.subscriberId}`;
  const beside = html`${person === null ? NOTHING : html`<a class="button" href="${person}">${icon("person")}<span>This subscriber</span></a>`}`;
  return html`${heading(
      html`Call ${call.reference} ${outcomeBadge(call.outcome)} ${simulatedBadge(call.simulated)}`,
      beside,
      OUTCOME_MEANING[call.outcome],
    )}
    <div class="columns call">
      <section aria-labelledby="heard-title">
        <h2 id="heard-title">What was heard and pressed</h2>
        ${call.events.length === 0 ? html`<p class="soft">Nothing is kept of this call but that it was.</p>` : timeline({ call, business, script })}
      </section>
      <div class="rail">
        <section class="card" aria-labelledby="facts-title">
          <h2 id="facts-title">Facts</h2>
          <dl class="facts">
            <div>
              <dt>Caller</dt>
              <dd>${numberShown(call.caller, revealed)}${reveal(call, role, revealed)}</dd>
            </div>
            <div>
              <dt>Business</dt>
              <dd>${businessName(parts.businesses, call.businessId)}</dd>
            </div>
            <div>
              <dt>Line</dt>
              <dd>${formatNumber(call.line)}</dd>
            </div>
            <div>
              <dt>Began</dt>
              <dd>${time(call.begunAt)}</dd>
            </div>
            <div>
              <dt>Ended</dt>
              <dd>${call.endedAt === null ? "still going on" : time(call.endedAt)}</dd>
            </div>
            <div>
              <dt>Length</dt>
              <dd>${durationWords(call.durationSeconds)}</dd>
            </div>
            <div>
              <dt>Direction</dt>
              <dd>${call.direction === "inbound" ? "they called" : "we called"}</dd>
            </div>
            <div>
              <dt>Language</dt>
              <dd>${call.locale === null ? "–" : languageName(call.locale)}</dd>
            </div>
            <div>
              <dt>Law</dt>
              <dd>${call.jurisdiction ?? "–"}</dd>
            </div>
            <div>
              <dt>Attested</dt>
              <dd>
                ${attestationWords(call.attestation).short}<br /><span class="soft small"
                  >${attestationWords(call.attestation).plain}</span
                >
              </dd>
            </div>
            <div>
              <dt>Script</dt>
              <dd>
                ${scriptName(call, business, version)}${script === undefined ? NOTHING : html`<br /><code class="small" title="${script.digest}">${script.digest.slice(0, 16)}…</code>`}
              </dd>
            </div>
            ${webhooksFact(call)}
            <div>
              <dt>Call SID</dt>
              <dd><code class="small break">${call.callSid}</code></dd>
            </div>
          </dl>
        </section>
        ${entriesCard(parts, call, role)} ${recorded === null ? NOTHING : recordingCard(recorded, role)}
      </div>
    </div>`;
}

/** A way to the words, where they are still the ones that are spoken. */
function scriptName({ businessId, locale }: CallDetail, business: Business | undefined, version: string) {
  if (version === "") return "–";
  if (version !== business?.script) return html`${version} <span class="soft small">no longer spoken</span>`;
  return html`<a href="/console/script?business=${businessId}&amp;locale=${locale ?? ""}">${version}</a>`;
}

/** How fast the line was for this caller; nothing where it was not kept. */
function webhooksFact({ webhooks }: CallDetail): Html {
  if (webhooks.length === 0) return NOTHING;
  const slowest = Math.max(...webhooks.map(({ milliseconds }) => milliseconds));
  return html`<div>
    <dt>Webhooks</dt>
    <dd>${webhooks.length}, the slowest answered in ${millisecondsWords(slowest)}</dd>
  </div>`;
}

function reveal(
  { caller, subscriberId, businessId, callSid }: CallDetail,
  role: Role,
  revealed: boolean,
): Html {
  if (caller === null || subscriberId === null || revealed || !may(role, "reveal")) return NOTHING;
  return html` <form class="inline" method="post" action="/console/calls/${businessId}/${callSid}/reveal">
    <button type="submit" class="quiet" title="This is written into the access log">Reveal</button>
  </form>`;
}

function entriesCard(parts: ConsoleParts, call: CallDetail, role: Role): Html {
  return html`<section class="card" aria-labelledby="entries-title">
    <h2 id="entries-title">On record</h2>
    ${
      call.entries.length === 0
        ? html`<p class="soft">This call left no entry. Silence is never consent.</p>`
        : html`<ul class="entries">
            ${call.entries.map((entry) => entryItem(parts, entry, role, `call=${call.callSid}`, entry.subscriberId !== call.subscriberId))}
          </ul>`
    }
  </section>`;
}

/** One entry of the ledger, with the way to its evidence. `through` says how it was reached. */
export function entryItem(
  parts: ConsoleParts,
  entry: Entry,
  role: Role,
  through: string,
  /** The entry is about another number than the call's. */
  ofAnother = false,
): Html {
  const topics = entry.topics
    .map((topic) => topicWords(parts.businesses, entry.businessId, topic))
    .join(", ");
  const key = entry.key === null ? NOTHING : html`, key <kbd>${entry.key}</kbd>`;
  const reason = entry.reason === null ? NOTHING : html`<p class="small">Reason: ${entry.reason}</p>`;
  const evidence = html`<a
    class="button small"
    href="/console/evidence/${entry.businessId}/${entry.id}?${through}"
    >${icon("shield")}<span>Evidence</span></a
  >`;
  const person = html`<p class="small">
    <a href="/console/subscribers/${entry.businessId}/${entry.subscriberId}">The number it is about</a>
  </p>`;
  return html`<li>
    <div>
      <p>
        ${badge(entry.kind, ENTRY_WORDS[entry.kind])}
        <span>${topics}</span> ${simulatedBadge(entry.simulated)}
      </p>
      <p class="soft small">${time(entry.at)}, ${sourceOf(entry, through)}${key}</p>
      ${reason} ${linked(entry, role)} ${ofAnother ? person : NOTHING}
      <p class="soft small">Entry ${entry.seq} <code class="break">${entry.id}</code></p>
    </div>
    ${may(role, "evidence") ? evidence : NOTHING}
  </li>`;
}

/** The entries that this one follows from, each with its own evidence. */
function linked({ businessId, subscriberId, confirms, supersedes }: Entry, role: Role): Html {
  const to = (words: string, id: string | null) => {
    if (id === null) return NOTHING;
    const shown = html`<code class="break">${id}</code>`;
    const href = `/console/evidence/${businessId}/${id}?subscriber=${subscriberId}`;
    return html`<p class="small">
      ${words} ${may(role, "evidence") ? html`<a href="${href}">${shown}</a>` : shown}
    </p>`;
  };
  return html`${to("Confirms entry", confirms)} ${to("Follows a number change, entry", supersedes)}`;
}

/** A way to the call, unless one has just come from there. */
function sourceOf({ source, businessId, sourceId }: Entry, through: string): Html | string {
  const words = sourceWithin(source);
  if (source !== "call" || through.startsWith("call=")) return words;
  return html`<a href="/console/calls/${businessId}/${sourceId}">${words}</a>`;
}
