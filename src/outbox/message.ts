import type { ConsentState } from "../call/consent.ts";
import { templateOf, type Business, type Locale, type TemplateUse } from "../call/business.ts";
import type { E164 } from "../call/phone-number.ts";
import type { OutPurpose } from "../call/reply.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Messages } from "../ledger/messages.ts";
import type { Addressee, Composed, Outgoing, OutgoingStore } from "../ledger/outgoing.ts";
import type { SentMessage, TwilioRest } from "../twilio/rest.ts";
import {
  cancelled,
  CLOCK_SKEW_MS,
  failed,
  fateOf,
  NO_ACCOUNT,
  notNow,
  type Carrier,
  type Job,
  type Seen,
} from "./carrier.ts";

export type MessageParts = {
  readonly publicUrl: string;
  readonly businesses: readonly Business[];
  readonly ledger: Pick<Ledger, "numberOf">;
  readonly outgoing: Pick<OutgoingStore, "addressee" | "compose">;
  readonly messages: Pick<Messages, "withSubscriber" | "borneByOthers">;
  /** Renders the words. Law 9: nothing here words anything. */
  readonly write: (business: Business, message: Written) => Omit<Composed, "contentSid">;
  /** As a message names them, in its language. */
  readonly topicNames: (business: Business, topics: readonly string[], locale: Locale) => string;
  /** Law 6: each world has its own account; null where this line has none. */
  readonly restOf: (simulated: boolean) => TwilioRest | null;
};

/** What is to be put into words. */
export type Written = Pick<MessagePayload, "purpose" | "topics" | "locale" | "jurisdiction" | "script">;

type MessagePayload = Job<"message">["payload"];

/** Of one person's messages, the newest ones: what is looked for is among them. */
const MAX_KEPT = 100;

/**
 * WhatsApp messages. What stands is read again when a message leaves, so that nobody is told of a consent that has ended
 * meanwhile; its words are durable before it leaves.
 */
export function messageCarrier(parts: MessageParts): Carrier<"message"> {
  const { publicUrl, businesses, ledger, outgoing, messages, write, topicNames, restOf } = parts;
  const businessOf = (job: Outgoing) => businesses.find((one) => one.id === job.businessId);
  const numberOf = async ({ businessId, subscriberId }: Outgoing) =>
    subscriberId === null ? null : ledger.numberOf(businessId, subscriberId);

  /** What is kept of this message and of the others with this person; the newest come first. */
  const kept = async ({ businessId, subscriberId }: Outgoing) =>
    subscriberId === null ? [] : messages.withSubscriber(businessId, subscriberId, MAX_KEPT);

  return {
    async look(job) {
      const business = businessOf(job);
      const number = await numberOf(job);
      // An erased number cannot be looked for, and is not written to again.
      if (business === undefined || number === null) return { kind: "absent" };
      const known = await kept(job);
      const own = known.find(({ id }) => id === job.id);
      // Words are durable before they leave: without them, nothing has left.
      if (own === undefined) return { kind: "absent" };
      if (own.sid !== null) return { kind: "arrived", sid: own.sid };
      const found = await restOf(job.simulated)?.findMessages(addresses(business, number));
      if (found === undefined) return { kind: "unknown", reason: NO_ACCOUNT };
      if (found.kind === "unknown") return found;
      const sids = found.items.map(({ sid }) => sid);
      const others = new Set(await messages.borneByOthers(job.businessId, job.id, sids));
      const words = templateFor(business, job.payload) === null ? own.words : null;
      return ours(
        job,
        words,
        found.items.filter(({ sid }) => !others.has(sid)),
      );
    },

    async send(job, now) {
      const business = businessOf(job);
      if (business === undefined) return failed("The business is no longer in the business file.");
      const person = await outgoing.addressee(job);
      if (person === null) return cancelled("The number has been erased.");
      const rest = restOf(job.simulated);
      if (rest === null) return notNow(NO_ACCOUNT);
      const contentSid = templateFor(business, job.payload);
      const { purpose, locale, sessionUntil } = job.payload;
      if (contentSid === null && (sessionUntil === null || sessionUntil <= now)) {
        return failed(`No approved template for ${purpose} in ${locale}: set whatsapp.templates.${purpose}.`);
      }
      const standing = stillTrue(job, business, person);
      // An earlier attempt has put it into words, which never change: they are sent, or none are.
      const topics = person.composedTopics ?? standing;
      if (standing === null || topics === null || !topics.every((topic) => standing.includes(topic))) {
        return cancelled("What it tells of no longer stands.");
      }
      const composed = { ...job, payload: { ...job.payload, topics } };
      const words = write(business, composed.payload);
      await outgoing.compose(composed, { ...words, contentSid }, now);
      const content =
        contentSid === null
          ? { body: words.words }
          : // The third is for the payloads of the template's buttons.
            {
              contentSid,
              variables: { "1": business.name, "2": topicNames(business, topics, locale), "3": job.id },
            };
      const statusCallback = `${publicUrl}/whatsapp/status?outgoing=${job.id}`;
      return fateOf(
        await rest.sendMessage({ ...addresses(business, person.number), statusCallback, content }),
      );
    },
  };
}

function addresses(business: Business, number: E164) {
  return { from: `whatsapp:${business.whatsapp.sender}`, to: `whatsapp:${number}` };
}

/** The topics that the message may still speak of; null where none is left. */
function stillTrue(
  { payload, simulated, at }: Job<"message">,
  business: Business,
  person: Addressee,
): readonly string[] | null {
  const consents = person.consents.filter((one) => one.simulated === simulated);
  const states = new Map(consents.map(({ topic, state }) => [topic, state]));
  // Law 8: whoever asked to join, and stopped while the notice waited, is not asked any more.
  const stopped = new Set(
    consents.flatMap((one) => (one.state === "revoked" && one.at > at ? [one.topic] : [])),
  );
  const configured = new Set(business.topics.map(({ id }) => id));
  const where = (topics: readonly string[], stands: (state: ConsentState | undefined) => boolean) => {
    const left = topics.filter((topic) => configured.has(topic) && stands(states.get(topic)));
    return left.length === 0 ? null : left;
  };
  switch (payload.purpose) {
    case "confirmation":
      return where(payload.topics, (state) => state === "granted");
    case "verification":
      return where(payload.topics, (state) => state === "pending");
    case "withdrawn":
      return where(payload.topics, (state) => state !== "granted");
    case "notice":
      return where(
        payload.topics.filter((topic) => !stopped.has(topic)),
        () => true,
      );
    case "refused":
    case "help":
      return payload.topics.filter((topic) => configured.has(topic));
  }
}

/** The template that carries it; null where the words themselves are sent, which only a session allows. */
function templateFor(business: Business, { purpose, locale }: Written): string | null {
  const use = templateUse(purpose);
  return use === null ? null : templateOf(business, use, locale);
}

/** `refused` and `help` only ever answer, within a session. */
function templateUse(purpose: OutPurpose): TemplateUse | null {
  switch (purpose) {
    case "confirmation":
    case "verification":
    case "notice":
    case "withdrawn":
      return purpose;
    case "refused":
    case "help":
      return null;
  }
}

/**
 * Whether one of these, which no message of ours bears, is the one whose answer was lost. Of one person's messages only
 * one is under way, so what went there since is ours, unless its words say otherwise.
 *
 * @param words null where a template carried them: how it reads is not known here, and rather one message too few is
 * sent than two
 */
function ours(
  { unclearSince }: Job<"message">,
  words: string | null,
  messages: readonly SentMessage[],
): Seen {
  const since = (unclearSince ?? 0) - CLOCK_SKEW_MS;
  const match = messages.find(
    ({ direction, createdAt, body }) =>
      direction !== "inbound" &&
      createdAt >= since &&
      (words === null || body === null || body.trim() === words.trim()),
  );
  return match === undefined ? { kind: "absent" } : { kind: "arrived", sid: match.sid };
}
