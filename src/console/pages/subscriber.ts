import { html } from "hono/html";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import type { ConsoleParts } from "../parts.ts";
import { may, neededFor, type Role } from "../roles.ts";
import { badge, DASH, NOTHING, numberShown, pathOf, simulatedBadge, time, type Html } from "./bits.ts";
import { entryItem } from "./call.ts";
import {
  callCard,
  changeCard,
  conversation,
  obstacle,
  pendingUntil,
  type ConversationOptions,
} from "./conversation.ts";
import { heading } from "./layout.ts";
import { callTable } from "./log.ts";
import { privacyCard } from "./privacy.ts";
import { withdrawCard } from "./withdraw.ts";
import { businessName, STATE_WORDS, topicWords } from "./words.ts";

export type SubscriberOptions = ConversationOptions & {
  readonly revealed: boolean;
  /** Why something was not done. */
  readonly problem: string;
  /** What was just done, said once. */
  readonly done: string;
};

export const MAX_NOTE_LENGTH = 1_000;

/** Where one person stands, how it came to that, and what can be done. */
export function subscriberPage(parts: ConsoleParts, options: SubscriberOptions): Html {
  const { person, role, revealed, done, problem } = options;
  const barrier = obstacle(options.messages);
  const name = businessName(parts.businesses, person.businessId);
  const path = pathOf(person);
  const reveal =
    revealed || !may(role, "reveal")
      ? NOTHING
      : html`<form method="post" action="${path}/reveal">
          <button type="submit" title="This is written into the access log">Reveal the number</button>
        </form>`;
  const number = html`${numberShown(person.number, revealed)}${barrier === null ? NOTHING : html` ${badge("refused", barrier)}`}`;
  return html`${heading(number, reveal, `Subscriber of ${name}`)}
    ${problem === "" ? NOTHING : html`<p class="problem" role="alert">${problem}</p>`}
    ${done === "" ? NOTHING : html`<p class="done" role="status">${done}</p>`}
    <div class="columns call">
      <div>
        ${standing(parts, person, role)}
        <section aria-labelledby="history-title">
          <h2 id="history-title">Every entry, in order</h2>
          ${
            person.entries.length === 0
              ? html`<p class="soft">Nothing is on record of this number.</p>`
              : html`<ol class="history">
                  ${person.entries.map(
                    (entry) =>
                      html`<li data-tone="${entry.kind}">
                        <ul class="entries">
                          ${entryItem(parts, entry, role, `subscriber=${person.id}`)}
                        </ul>
                      </li>`,
                  )}
                </ol>`
          }
        </section>
        ${conversation(parts, options)}
      </div>
      <div class="rail">
        ${may(role, "withdraw") ? withdrawCard(parts, person) : NOTHING}
        ${may(role, "move") ? changeCard(person) : NOTHING}
        ${may(role, "call") ? callCard(parts, person) : NOTHING} ${notes(person, role)}
        ${may(role, "erase") ? privacyCard(person) : NOTHING}
      </div>
    </div>
    <section aria-labelledby="calls-title">
      <h2 id="calls-title">Calls</h2>
      ${person.calls.length === 0 ? html`<p class="soft">This number has not called.</p>` : callTable(parts, person.calls, { caption: "Calls of this subscriber" })}
    </section>`;
}

function standing(parts: ConsoleParts, person: SubscriberDetail, role: Role): Html {
  const business = parts.businesses.find((each) => each.id === person.businessId);
  const silent = (business?.topics ?? [])
    .filter((topic) => !person.consents.some((consent) => consent.topic === topic.id))
    .map((topic) => topic.id);
  return html`<section aria-labelledby="standing-title">
    <h2 id="standing-title">Present consent</h2>
    <section class="scroll" tabindex="0" aria-label="Consent by topic">
      <table class="stacked">
        <thead>
          <tr>
            <th scope="col">Topic</th>
            <th scope="col">Category</th>
            <th scope="col">State</th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          ${person.consents.map(
            (consent) =>
              html`<tr>
                <th scope="row">${topicWords(parts.businesses, person.businessId, consent.topic)}</th>
                <td>${business?.topics.find((topic) => topic.id === consent.topic)?.category ?? "–"}</td>
                <td>
                  ${badge(consent.state, STATE_WORDS[consent.state])} ${simulatedBadge(consent.simulated)}
                </td>
                <td data-label="since" class="wrap">
                  ${time(consent.at)}${consent.state === "pending" ? endsAt(parts, person.businessId, consent.at) : NOTHING}
                </td>
              </tr>`,
          )}
          ${silent.map(
            (topic) =>
              html`<tr>
                <th scope="row">${topicWords(parts.businesses, person.businessId, topic)}</th>
                <td>${business?.topics.find((each) => each.id === topic)?.category ?? "–"}</td>
                <td>${badge("none", "Never asked")}</td>
                <td>${DASH}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </section>
    ${role === "viewer" ? html`<p class="soft small">To withdraw or to add a note takes the role ${neededFor("withdraw")}.</p>` : NOTHING}
  </section>`;
}

/** What nobody confirms ends by itself. */
function endsAt(parts: ConsoleParts, businessId: string, since: number): Html {
  const until = pendingUntil(parts, businessId, since);
  if (until === null) return NOTHING;
  return html`<br /><span class="soft small">ends ${time(until)}, unless confirmed</span>`;
}

function notes(person: SubscriberDetail, role: Role): Html {
  return html`<section class="card" aria-labelledby="notes-title">
    <h2 id="notes-title">Notes</h2>
    ${
      person.notes.length === 0
        ? html`<p class="soft">No notes yet.</p>`
        : html`<ol class="notes">
            ${person.notes.map(
              (note) =>
                html`<li>
                  <p class="note">${note.text}</p>
                  <p class="soft small">${note.author}, ${time(note.at)}</p>
                </li>`,
            )}
          </ol>`
    }
    ${
      may(role, "note")
        ? html`<form method="post" action="${pathOf(person)}/notes" class="stack">
            <div class="field">
              <label for="note">Add a note</label
              ><textarea id="note" name="text" rows="3" maxlength="${MAX_NOTE_LENGTH}" required></textarea>
            </div>
            <p class="soft small">A note cannot be changed or taken back.</p>
            <button type="submit">Add</button>
          </form>`
        : NOTHING
    }
  </section>`;
}
