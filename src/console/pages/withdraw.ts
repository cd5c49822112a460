import { html } from "hono/html";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import {
  standingOf,
  worldMeant,
  WORLDS,
  worldWords,
  type Standing,
  type World,
} from "../../ledger/withdraw.ts";
import type { ConsoleParts } from "../parts.ts";
import { attribute, NOTHING, numberShown, pathOf, type Html } from "./bits.ts";
import { heading } from "./layout.ts";
import { businessName, topicWords } from "./words.ts";

export const MAX_REASON_LENGTH = 200;

/** What somebody wants withdrawn: which topics, and whether in earnest. */
export type Asked = {
  readonly world: World;
  readonly topics: readonly string[];
  readonly standing: Standing;
};

/** From what a form said. Where it named no world, the one that stands is meant. */
export function askedFor(
  parts: ConsoleParts,
  person: SubscriberDetail,
  chosen: readonly string[],
  said: string,
): Asked {
  const known = topicsOf(parts, person).filter((topic) => chosen.includes(topic));
  const standing = standingOf(person.consents, known);
  const world = WORLDS.find((each) => each === said) ?? worldMeant(standing, parts.showSimulated);
  // What nobody simulated a yes to is left as it is; a real "no" may come before any yes.
  const topics =
    world === "real" || !standing.simulated
      ? known
      : known.filter((topic) => standingOf(person.consents, [topic]).simulated);
  return { world, topics, standing };
}

/** The form beside a person; which world it is about is chosen where that is not plain. */
export function withdrawCard(parts: ConsoleParts, person: SubscriberDetail): Html {
  const topics = topicsOf(parts, person);
  const standing = standingOf(person.consents, topics);
  const stands = (topic: string) =>
    person.consents.some((consent) => isOpen(consent) && consent.topic === topic);
  const none = !standing.real && !standing.simulated;
  return html`<section class="card" aria-labelledby="withdraw-title">
    <h2 id="withdraw-title">${none ? "Never write to this number" : "Withdraw"}</h2>
    ${none ? html`<p class="soft">No consent stands. Whoever wants no messages may say so all the same.</p>` : NOTHING}
    <form method="post" action="${pathOf(person)}/withdraw" class="stack">
      ${standing.simulated ? worlds(parts, standing) : html`<input type="hidden" name="world" value="real" />`}
      <fieldset>
        <legend>Topics</legend>
        ${topics.map((topic) => html`<label class="check"><input type="checkbox" name="topic" value="${topic}" ${attribute("checked", none || stands(topic))} /> ${topicWords(parts.businesses, person.businessId, topic)}</label>`)}
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
      <p class="soft small" id="reason-hint">It is kept with the person, and erased with them: no numbers.</p>
      <button type="submit" class="danger">${none ? "Never write …" : "Withdraw …"}</button>
    </form>
  </section>`;
}

/** Asked once more before it counts, with what will be written and why. */
export function withdrawPage(
  { businesses, newId }: ConsoleParts,
  person: SubscriberDetail,
  { world, topics, standing }: Asked,
  reason: string,
): Html {
  const path = pathOf(person);
  const words = wordsOf(world, standing);
  return html`${heading(`${words.deed}?`, "", html`${numberShown(person.number)} at ${businessName(businesses, person.businessId)}`)}
    <section class="card narrow" aria-label="Confirmation">
      <p>${words.meaning}</p>
      <ul class="bullets">
        ${topics.map((topic) => html`<li>${topicWords(businesses, person.businessId, topic)}</li>`)}
      </ul>
      <p>The reason: ${reason}</p>
      <p class="note-well">${worldWords(world, standing)}</p>
      <p class="soft">
        It counts at once and stays in the ledger for good. The person can agree again by calling.
      </p>
      <form method="post" action="${path}/withdraw" class="acts">
        <input type="hidden" name="confirmed" value="yes" />
        <input type="hidden" name="world" value="${world}" />
        <input type="hidden" name="request" value="${newId()}" />
        <input type="hidden" name="reason" value="${reason}" />
        ${topics.map((topic) => html`<input type="hidden" name="topic" value="${topic}" />`)}
        <button type="submit" class="danger">${words.deed}</button>
        <a class="button" href="${path}">Leave it as it is</a>
      </form>
    </section>`;
}

/** On a line for real callers nobody's choice is guessed, where only simulated consent stands. */
function worlds({ showSimulated }: ConsoleParts, standing: Standing): Html {
  const checked = standing.real ? "real" : showSimulated ? "simulated" : "";
  return html`<fieldset>
    <legend>What</legend>
    ${WORLDS.toReversed().map(
      (world) =>
        html`<label class="check"
            ><input
              type="radio"
              name="world"
              value="${world}"
              ${attribute("checked", world === checked)}
              required
              aria-describedby="world-${world}"
            />
            ${wordsOf(world, standing).deed}</label
          >
          <p class="soft small beneath" id="world-${world}">${worldWords(world, standing)}</p>`,
    )}
  </fieldset>`;
}

function wordsOf(world: World, { real }: Standing): { readonly deed: string; readonly meaning: string } {
  if (world === "simulated")
    return {
      deed: "Withdraw the simulated consent",
      meaning: "What simulated calls left ends, about:",
    };
  return {
    deed: real ? "Withdraw consent" : "Never write to this number",
    meaning: "From now on nothing may be sent about:",
  };
}

/** All that may be withdrawn from: what the business asks about, and what it once did. */
function topicsOf(
  { businesses }: ConsoleParts,
  { businessId, consents }: SubscriberDetail,
): readonly string[] {
  const asked = businesses.find(({ id }) => id === businessId)?.topics ?? [];
  return [...new Set([...asked.map(({ id }) => id), ...consents.map(({ topic }) => topic)])];
}

function isOpen({ state }: SubscriberDetail["consents"][number]): boolean {
  return state === "granted" || state === "pending";
}
