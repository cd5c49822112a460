import { html } from "hono/html";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import type { ConsoleParts } from "../parts.ts";
import { may, neededFor, type Role } from "../roles.ts";
import { attribute, badge, NOTHING, numberShown, simulatedBadge, time, type Html } from "./bits.ts";
import { entryItem } from "./call.ts";
import { heading } from "./layout.ts";
import { callTable } from "./log.ts";
import { businessName, STATE_WORDS, topicWords } from "./words.ts";

export type SubscriberOptions = {
  readonly person: SubscriberDetail;
  readonly role: Role;
  readonly revealed: boolean;
  /** What was just done, said once. */
  readonly done: string;
};

export const MAX_NOTE_LENGTH = 1_000;
export const MAX_REASON_LENGTH = 200;

/** Where one person stands, how it came to that, and what can be done. */
export function subscriberPage(parts: ConsoleParts, options: SubscriberOptions): Html {
  const { person, role, revealed, done } = options;
  const name = businessName(parts.businesses, person.businessId);
  const path = pathOf(person);
  const reveal =
    revealed || !may(role, "reveal")
      ? NOTHING
      : html`<form method="post" action="${path}/reveal">
          <button type="submit" title="This is written into the access log">Reveal the number</button>
        </form>`;
  return html`${heading(numberShown(person.number, revealed), reveal, `Subscriber of ${name}`)}
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
      </div>
      <div class="rail">${withdrawCard(parts, person, role)} ${notes(person, role)}</div>
    </div>
    <section aria-labelledby="calls-title">
      <h2 id="calls-title">Calls</h2>
      ${person.calls.length === 0 ? html`<p class="soft">This number has not called.</p>` : callTable(parts, person.calls, { caption: "Calls of this subscriber" })}
    </section>`;
}

/** Asked once more before it counts. */
export function withdrawPage(
  parts: ConsoleParts,
  person: SubscriberDetail,
  chosen: readonly string[],
  reason: string,
): Html {
  const path = pathOf(person);
  return html`${heading("Withdraw consent?", "", html`${numberShown(person.number)} at ${businessName(parts.businesses, person.businessId)}`)}
    <section class="card narrow" aria-label="Confirmation">
      <p>From now on nothing may be sent about:</p>
      <ul class="bullets">
        ${chosen.map((topic) => html`<li>${topicWords(parts.businesses, person.businessId, topic)}</li>`)}
      </ul>
      <p>The reason: ${reason}</p>
      <p class="soft">
        It counts at once and stays in the ledger for good. The person can agree again by calling.
      </p>
      <form method="post" action="${path}/withdraw" class="acts">
        <input type="hidden" name="confirmed" value="yes" />
        <input type="hidden" name="request" value="${parts.newId()}" />
        <input type="hidden" name="reason" value="${reason}" />
        ${chosen.map((topic) => html`<input type="hidden" name="topic" value="${topic}" />`)}
        <button type="submit" class="danger">Withdraw</button>
        <a class="button" href="${path}">Leave it as it is</a>
      </form>
    </section>`;
}

export function pathOf({ businessId, id }: { businessId: string; id: string }): string {
  return `/console/subscribers/${businessId}/${id}`;
}

function standing(parts: ConsoleParts, person: SubscriberDetail, role: Role): Html {
  const business = parts.businesses.find((each) => each.id === person.businessId);
  const silent = (business?.topics ?? [])
    .filter((topic) => !person.consents.some((consent) => consent.topic === topic.id))
    .map((topic) => topic.id);
  return html`<section aria-labelledby="standing-title">
    <h2 id="standing-title">Present consent</h2>
    <section class="scroll" tabindex="0" aria-label="Consent by topic">
      <table>
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
                <td>${time(consent.at)}</td>
              </tr>`,
          )}
          ${silent.map(
            (topic) =>
              html`<tr>
                <th scope="row">${topicWords(parts.businesses, person.businessId, topic)}</th>
                <td>${business?.topics.find((each) => each.id === topic)?.category ?? "–"}</td>
                <td>${badge("none", "Never asked")}</td>
                <td><span class="soft">–</span></td>
              </tr>`,
          )}
        </tbody>
      </table>
    </section>
    ${role === "viewer" ? html`<p class="soft small">To withdraw or to add a note takes the role ${neededFor("withdraw")}.</p>` : NOTHING}
  </section>`;
}

function withdrawCard(parts: ConsoleParts, person: SubscriberDetail, role: Role): Html {
  const open = [
    ...new Set(
      person.consents
        .filter(({ state }) => state === "granted" || state === "pending")
        .map(({ topic }) => topic),
    ),
  ];
  if (!may(role, "withdraw")) return NOTHING;
  return html`<section class="card" aria-labelledby="withdraw-title">
    <h2 id="withdraw-title">Withdraw</h2>
    ${
      open.length === 0
        ? html`<p class="soft">There is nothing to withdraw.</p>`
        : html`<form method="post" action="${pathOf(person)}/withdraw" class="stack">
            <fieldset>
              <legend>Topics</legend>
              ${open.map((topic) => html`<label class="check"><input type="checkbox" name="topic" value="${topic}" ${attribute("checked", true)} /> ${topicWords(parts.businesses, person.businessId, topic)}</label>`)}
            </fieldset>
            <div class="field">
              <label for="reason">Reason</label
              ><input
                id="reason"
                name="reason"
                maxlength="${MAX_REASON_LENGTH}"
                placeholder="Asked on the phone, in writing …"
                required
                aria-describedby="reason-hint"
              />
            </div>
            <p class="soft small" id="reason-hint">It stays in the ledger for good: no names, no numbers.</p>
            <button type="submit" class="danger">Withdraw …</button>
          </form>`
    }
  </section>`;
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
