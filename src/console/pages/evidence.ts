import { html } from "hono/html";
import type { EntryKind } from "../../call/consent.ts";
import type { Entry } from "../../ledger/ledger.ts";
import type { MessageProof } from "../../ledger/messages.ts";
import { verdictOf, type Evidence, type Exchange } from "../evidence.ts";
import type { ConsoleParts } from "../parts.ts";
import { badge, icon, NOTHING, numberShown, simulatedBadge, utc, type Html } from "./bits.ts";
import { theirWords } from "./inbox.ts";
import { heading } from "./layout.ts";
import type { Role } from "../roles.ts";
import { recordingCard } from "./recording.ts";
import { timeline } from "./timeline.ts";
import {
  attestationWords,
  ENTRY_WORDS,
  languageName,
  MESSAGE_STATUS_WORDS,
  sourceWithin,
  sourceWords,
} from "./words.ts";

export type EvidenceOptions = {
  readonly evidence: Evidence;
  readonly zip: string;
  /** Where the receipt is, as PDF; null where there are none. */
  readonly receipt: string | null;
  readonly role: Role;
  readonly madeBy: string;
  readonly madeAt: number;
};

/** What the page is called, in the browser and as a file: the entry, and the reference that its caller was told. */
export function evidenceTitle({ view, call }: Evidence): string {
  return `Evidence, entry ${view.entry.seq}${call === null ? "" : `, call ${call.reference}`}`;
}

/** One entry as it would be laid before somebody who doubts it; made to be printed. */
export function evidencePage(
  parts: ConsoleParts,
  { evidence, zip, receipt, role, madeBy, madeAt }: EvidenceOptions,
): Html {
  const { record, view, call, withdrawn, exchange, recorded, confirmed, superseded, checks } = evidence;
  const { entry, notice, number } = view;
  const business = parts.businesses.find((each) => each.id === entry.businessId);
  const beside = html`<button type="button" data-print hidden>
      ${icon("print")}<span>Print or save as PDF</span>
    </button>
    ${
      receipt === null
        ? NOTHING
        : html`<a class="button" href="${receipt}" download>${icon("shield")}<span>Receipt (PDF)</span></a>`
    }
    <a class="button primary" href="${zip}" download>${icon("export")}<span>Download ZIP</span></a>`;
  return html`<article class="evidence">
    ${heading(
      TITLES[entry.kind],
      beside,
      html`Entry ${entry.seq}${call === null ? NOTHING : html` of call ${call.reference}`}
      ${badge(entry.kind, ENTRY_WORDS[entry.kind])} ${simulatedBadge(entry.simulated)}`,
    )}
    ${entry.simulated ? html`<p class="problem">This entry was made by the simulator. It is not consent.</p>` : NOTHING}
    <section class="card" aria-labelledby="who-title">
      <h2 id="who-title">What is on record</h2>
      <dl class="facts wide">
        <div>
          <dt>Entry</dt>
          <dd><code class="break">${entry.id}</code></dd>
        </div>
        <div>
          <dt>Says</dt>
          <dd>${ENTRY_WORDS[entry.kind]} (${record.eventState})</dd>
        </div>
        <div>
          <dt>When</dt>
          <dd>${utc(entry.at)}</dd>
        </div>
        <div>
          <dt>Subscriber</dt>
          <dd>${numberShown(number)}<br /><code class="small break">${entry.subscriberId}</code></dd>
        </div>
        <div>
          <dt>Controller</dt>
          <dd>
            ${business === undefined ? entry.businessId : html`${business.legalName}<br /><span class="soft small">${business.contact.postalAddress}, ${business.contact.email}</span>`}
          </dd>
        </div>
        <div>
          <dt>For</dt>
          <dd>
            ${entry.kind === "recorded" ? "the call as a whole" : html`${record.topics.map((topic) => ("name" in topic ? `${topic.name} (${topic.category})` : topic.id)).join(", ")}, on WhatsApp`}
          </dd>
        </div>
        <div>
          <dt>How</dt>
          <dd>
            ${sourceWords(entry.source)}${entry.key === null ? NOTHING : html`, key <kbd>${entry.key}</kbd> at ${entry.step}, attempt ${entry.attempt}`}
          </dd>
        </div>
        <div>
          <dt>Law, language</dt>
          <dd>
            ${entry.jurisdiction},
            ${languageName(entry.locale)}${withdrawn === null ? NOTHING : html`<br /><span class="soft small">as in the notice of entry ${withdrawn.seq}</span>`}
          </dd>
        </div>
        ${
          withdrawn === null
            ? NOTHING
            : html`<div>
                <dt>Withdraws</dt>
                <dd>
                  Entry ${withdrawn.seq}: ${ENTRY_WORDS[withdrawn.kind].toLowerCase()},
                  ${sourceWithin(withdrawn.source)}, ${utc(withdrawn.at)}<br /><code class="small break"
                    >${withdrawn.id}</code
                  >
                </dd>
              </div>`
        }
        ${confirmed === null ? NOTHING : earlier("Confirms", confirmed)}
        ${superseded === null ? NOTHING : earlier("Supersedes", superseded)}
        <div>
          <dt>Attested</dt>
          <dd>${attestationWords(entry.attestation).plain}</dd>
        </div>
        <div class="across">
          <dt>Script</dt>
          <dd>
            ${entry.script}<br /><code class="small break"
              >${parts.scripts.get(entry.script)?.digest ?? "not here"}</code
            >
          </dd>
        </div>
        ${
          entry.reason === null
            ? NOTHING
            : html`<div>
                <dt>Reason</dt>
                <dd>${entry.reason}</dd>
              </div>`
        }
        <div class="across">
          <dt>Commitment</dt>
          <dd><code class="small break">${entry.commitment}</code></dd>
        </div>
      </dl>
    </section>
    ${
      notice === null
        ? NOTHING
        : html`<section class="card" aria-labelledby="notice-title">
            <h2 id="notice-title">The notice and the question, word for word</h2>
            <p class="soft">
              ${exchange === null ? "Served" : "Sent on WhatsApp"} ${utc(notice.at)}, in
              ${languageName(entry.locale)}.${exchange === null ? " What stands in {{…}} belonged to the one call; below it is filled in." : ""}
            </p>
            <blockquote lang="${entry.locale}">
              ${notice.words.split("\n").map((line) => html`<p>${line}</p>`)}
            </blockquote>
            <p class="digest soft">SHA-256 <code class="break">${notice.wordsDigest}</code></p>
          </section>`
    }
    ${exchange === null ? NOTHING : exchangeCard(exchange)}
    ${recorded === null ? NOTHING : recordingCard(recorded, role)}
    <section class="card" aria-labelledby="checks-title">
      <h2 id="checks-title">Checked just now</h2>
      <ul class="checks">
        ${checks.map(
          (check) =>
            html`<li data-ok="${String(check.ok)}">
              <p><strong>${check.name}</strong> ${badge(toneOf(check.ok), verdictOf(check))}</p>
              <p class="soft small break">${check.detail}</p>
            </li>`,
        )}
      </ul>
    </section>
    ${
      call === null
        ? NOTHING
        : html`<section aria-labelledby="events-title">
            <h2 id="events-title">The whole call</h2>
            <p class="soft small"><code class="break">${call.callSid}</code></p>
            ${timeline({ call, business, script: parts.scripts.get(entry.script) })}
          </section>`
    }
    <p class="soft small">
      Made ${utc(madeAt)} by ${madeBy}. Numbers are masked; the commitment proves the whole number to whoever
      has it.
    </p>
    <section class="card" aria-labelledby="record-title">
      <h2 id="record-title">Record (ISO/IEC TS 27560)</h2>
      <section class="scroll" tabindex="0" aria-label="Record as JSON">
        <pre>${JSON.stringify(record, null, 2)}</pre>
      </section>
    </section>
  </article>`;
}

/** Another entry that this one follows from, with its own evidence. */
function earlier(words: string, { seq, kind, source, at, id, businessId, subscriberId }: Entry): Html {
  return html`<div>
    <dt>${words}</dt>
    <dd>
      <a href="/console/evidence/${businessId}/${id}?subscriber=${subscriberId}">Entry ${seq}</a>:
      ${ENTRY_WORDS[kind].toLowerCase()}, ${sourceWithin(source)}, ${utc(at)}<br /><code class="small break"
        >${id}</code
      >
    </dd>
  </div>`;
}

/** Both messages that the entry rests on: when, under which names, and the person's own words. */
function exchangeCard({ notice, reply, replyWords }: Exchange): Html {
  return html`<section class="card" aria-labelledby="exchange-title">
    <h2 id="exchange-title">On WhatsApp</h2>
    <dl class="facts wide">
      ${notice === null ? NOTHING : messageFacts("The notice", notice, notice.contentSid === null ? NOTHING : html`<br />template <code class="small break">${notice.contentSid}</code>`)}
      ${reply === null ? NOTHING : messageFacts("The answer", reply, reply.payload === null ? NOTHING : html`<br />button <code class="small break">${reply.payload}</code>`)}
    </dl>
    ${
      reply === null
        ? NOTHING
        : html`<h3>The answer, word for word</h3>
            ${theirWords(replyWords)}
            <p class="soft small">
              What could be a number is left out. HMAC of the whole words
              <code class="break">${reply.commitment ?? "none"}</code>
            </p>`
    }
  </section>`;
}

function messageFacts(
  words: string,
  { id, sid, at, status }: MessageProof,
  more: Html | typeof NOTHING,
): Html {
  return html`<div>
    <dt>${words}</dt>
    <dd>
      ${utc(at)}, ${MESSAGE_STATUS_WORDS[status].toLowerCase()}<br /><code class="small break">${id}</code
      ><br /><code class="small break">${sid ?? "no SID"}</code>${more}
    </dd>
  </div>`;
}

const TITLES: Readonly<Record<EntryKind, string>> = {
  granted: "Evidence of consent",
  confirmed: "Evidence of consent",
  pending: "Evidence of a request",
  refused: "Evidence of refusal",
  revoked: "Evidence of withdrawal",
  recorded: "Evidence of a recording",
};

function toneOf(ok: boolean | null): string {
  if (ok === null) return "none";
  return ok ? "granted" : "refused";
}
