import { html } from "hono/html";
import type { MessageView } from "../../ledger/messages.ts";
import type { Outgoing } from "../../ledger/outgoing.ts";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import { standingOf, worldMeant, worldWords, type World } from "../../ledger/withdraw.ts";
import { formatNumber } from "../search.ts";
import type { E164 } from "../../call/phone-number.ts";
import type { ConsoleParts } from "../parts.ts";
import { may, type Role } from "../roles.ts";
import { badge, NOTHING, numberShown, pathOf, simulatedBadge, time, type Html } from "./bits.ts";
import { failureWords, obstacleOf } from "./failures.ts";
import { theirWords } from "./inbox.ts";
import { heading } from "./layout.ts";
import { localeField, MAX_NUMBER_LENGTH, mayCallAnyone, outgoingState, whatWords } from "./outgoing.ts";
import { MAX_REASON_LENGTH } from "./withdraw.ts";
import { businessName, languageName, MESSAGE_STATUS_WORDS, PURPOSE_WORDS, topicWords } from "./words.ts";

export type ConversationOptions = {
  readonly person: SubscriberDetail;
  /** The newest first. */
  readonly messages: readonly MessageView[];
  readonly more: boolean;
  /** What is to leave for this person, or did not. */
  readonly unsent: readonly Outgoing[];
  readonly role: Role;
  /** A person's own words that somebody asked to read, which is on record. */
  readonly opened: { readonly id: string; readonly words: string | null } | null;
};

/** What stands between us and the person on WhatsApp, as the newest message that was tried shows; null where nothing does. */
export function obstacle(messages: readonly MessageView[]): string | null {
  const settled = messages.find(
    ({ direction, status, errorCode }) =>
      direction === "out" && (errorCode !== null || status === "delivered" || status === "read"),
  );
  const arrived = settled?.status === "delivered" || settled?.status === "read";
  return settled === undefined || arrived ? null : obstacleOf(settled.errorCode);
}

/** Every message with one person: ours word for word, theirs on request. */
export function conversation(parts: ConsoleParts, options: ConversationOptions): Html {
  const { messages, more } = options;
  return html`<section aria-labelledby="messages-title">
    <h2 id="messages-title">Messages on WhatsApp</h2>
    ${notLeft(parts, options)}
    ${
      messages.length === 0
        ? html`<p class="soft">No message has gone either way.</p>`
        : html`${more ? html`<p class="soft small">The latest ${messages.length}; there are older ones.</p>` : NOTHING}
            <ol class="messages">
              ${messages.map((message) => item(parts, message, options))}
            </ol>`
    }
  </section>`;
}

function notLeft({ now }: ConsoleParts, { unsent }: ConversationOptions): Html {
  if (unsent.length === 0) return NOTHING;
  return html`<ul class="unsent">
    ${unsent.map(
      (job) =>
        html`<li>
          <p>
            <strong>${whatWords(job)}</strong> ${simulatedBadge(job.simulated)}
            <span class="soft small">${time(job.at)}</span>
          </p>
          <p>${outgoingState(job, now())}</p>
        </li>`,
    )}
  </ul>`;
}

function item(
  parts: ConsoleParts,
  message: MessageView,
  { person, role, opened }: ConversationOptions,
): Html {
  const { direction, purpose, topics, status, errorCode, at, locale, simulated, words, id } = message;
  const names = topics.map((topic) => topicWords(parts.businesses, person.businessId, topic)).join(", ");
  const bad = status === "failed" || status === "undelivered" || errorCode !== null;
  const incoming = direction === "in";
  return html`<li data-direction="${direction}" id="m-${id}">
    <p class="what">
      <strong>${incoming ? "From them" : "To them"}: ${PURPOSE_WORDS[purpose]}</strong>
      ${incoming ? NOTHING : badge(bad ? "refused" : status === "queued" ? "pending" : "granted", MESSAGE_STATUS_WORDS[status])}
      ${simulatedBadge(simulated)}
    </p>
    <p class="soft small">
      ${[names, languageName(locale)].filter((part) => part !== "").join(", ")}, ${time(at)}
    </p>
    ${errorCode === null ? NOTHING : html`<p class="small bad">${failureWords(errorCode)} <span class="soft">(${errorCode})</span></p>`}
    ${
      words === null
        ? NOTHING
        : html`<details>
            <summary>The words</summary>
            <blockquote lang="${locale}">${words.split("\n").map((line) => html`<p>${line}</p>`)}</blockquote>
          </details>`
    }
    ${incoming ? theirs(person, message, role, opened) : NOTHING}
  </li>`;
}

function theirs(
  person: SubscriberDetail,
  { id, seq }: MessageView,
  role: Role,
  opened: ConversationOptions["opened"],
): Html {
  if (opened?.id === id) return theirWords(opened.words);
  if (!may(role, "read messages")) return NOTHING;
  return html`<form class="inline" method="post" action="${pathOf(person)}/messages/${id}/read">
    <button type="submit" title="This is written into the access log" aria-label="Read message ${seq}">
      Read
    </button>
  </form>`;
}

/** What is pending ends by itself; null where the business is no longer there. */
export function pendingUntil(
  { businesses }: Pick<ConsoleParts, "businesses">,
  businessId: string,
  since: number,
): number | null {
  const business = businesses.find(({ id }) => id === businessId);
  return business === undefined ? null : since + business.verifyWithinHours * 60 * 60 * 1000;
}

/** Moves a standing consent to another number; nothing to move, no form. */
export function changeCard(person: SubscriberDetail): Html {
  if (!person.consents.some(({ state }) => state === "granted")) return NOTHING;
  return html`<section class="card" aria-labelledby="change-title">
    <h2 id="change-title">Number change</h2>
    <form method="post" action="${pathOf(person)}/change" class="stack">
      <div class="field">
        <label for="change-to">The new number</label
        ><input
          id="change-to"
          name="to"
          type="tel"
          maxlength="${MAX_NUMBER_LENGTH}"
          placeholder="With its country code, such as +1 415 …"
          autocomplete="off"
          required
        />
      </div>
      <div class="field">
        <label for="change-reason">Why it changes</label
        ><input
          id="change-reason"
          name="reason"
          maxlength="${MAX_REASON_LENGTH}"
          placeholder="Asked on the phone, in writing …"
          aria-describedby="change-hint"
          required
        />
      </div>
      <p class="soft small" id="change-hint">It is kept with the person, and erased with them: no numbers.</p>
      <button type="submit">Change …</button>
    </form>
  </section>`;
}

export type Moving = {
  readonly to: E164;
  readonly reason: string;
  readonly world: World;
  readonly topics: readonly string[];
};

/** The topics that a change would move, and in which world. */
export function movingOf(
  { showSimulated }: ConsoleParts,
  { consents }: SubscriberDetail,
): Pick<Moving, "world" | "topics"> {
  const granted = consents.filter(({ state }) => state === "granted");
  const world = worldMeant(
    standingOf(
      granted,
      granted.map(({ topic }) => topic),
    ),
    showSimulated,
  );
  const there = granted.filter(({ simulated }) => simulated === (world === "simulated"));
  return { world, topics: there.map(({ topic }) => topic) };
}

/** Asked once more before it counts. */
export function changePage(
  { businesses, newId }: ConsoleParts,
  person: SubscriberDetail,
  { to, reason, world, topics }: Moving,
): Html {
  const path = pathOf(person);
  const standing = standingOf(person.consents, topics);
  return html`${heading("Change the number?", "", html`${numberShown(person.number)} at ${businessName(businesses, person.businessId)}`)}
    <section class="card narrow" aria-label="Confirmation">
      <p>
        The consent of ${numberShown(person.number)} ends, and that of
        <span class="number revealed">${formatNumber(to)}</span> is pending, about:
      </p>
      <ul class="bullets">
        ${topics.map((topic) => html`<li>${topicWords(businesses, person.businessId, topic)}</li>`)}
      </ul>
      <p>The reason: ${reason}</p>
      <p class="note-well">${worldWords(world, standing)}</p>
      <p class="soft">
        Nothing is sent to the new number about these topics until whoever has it says yes to a question on
        WhatsApp. The old number does not come back by itself.
      </p>
      <form method="post" action="${path}/change" class="acts">
        <input type="hidden" name="confirmed" value="yes" />
        <input type="hidden" name="request" value="${newId()}" />
        <input type="hidden" name="reason" value="${reason}" />
        <input type="hidden" name="to" value="${to}" />
        <button type="submit" class="danger">Change the number</button>
        <a class="button" href="${path}">Leave it as it is</a>
      </form>
    </section>`;
}

/** Calls the person to ask for consent; where that cannot be, it says why. */
export function callCard({ businesses, placeCall, newId }: ConsoleParts, person: SubscriberDetail): Html {
  const business = businesses.find(({ id }) => id === person.businessId);
  if (placeCall === null || !mayCallAnyone(business)) return NOTHING;
  return html`<section class="card" aria-labelledby="call-title">
    <h2 id="call-title">Call and ask for consent</h2>
    <form method="post" action="${pathOf(person)}/call" class="stack">
      <input type="hidden" name="request" value="${newId()}" />
      ${localeField("call-locale", business.locales, undefined)}
      <p class="soft small">Nobody is called who refused or withdrew, at a quiet hour, or too often.</p>
      <button type="submit">Call</button>
    </form>
  </section>`;
}
