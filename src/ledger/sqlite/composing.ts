import type { NumberVault } from "../numbers.ts";
import type { OutgoingStore } from "../outgoing.ts";
import type { Connection } from "./connection.ts";
import type { EntryBook } from "./entry-book.ts";
import type { Write } from "./group-commit.ts";

/** What a message says is durable before it leaves; composed once more, the first words stand. */
export function composer({ client }: Pick<Connection, "client">, write: Write): OutgoingStore["compose"] {
  const addText = client.prepare<[string, string, string, string, string, number]>(
    `INSERT INTO served_text (business_id, digest, words_digest, twiml, words, at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const composed = client.prepare<[string, string]>("SELECT 1 FROM message WHERE id = ? AND business_id = ?");
  const addMessage = client.prepare<ComposedValues>(
    `INSERT INTO message (business_id, id, direction, purpose, subscriber_id, simulated, locale, jurisdiction, script,
       topics, text_digest, content_sid, entry_id, status, at)
     VALUES (?, ?, 'out', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?)
     ON CONFLICT (id, business_id) DO NOTHING`,
  );
  return async ({ businessId, id, subscriberId, simulated, entryId, payload }, words, at) => {
    if (payload.kind !== "message" || subscriberId === null) {
      throw new Error(`${id} is no message to a person: nothing is composed for it.`);
    }
    const { purpose, topics, locale, jurisdiction, script } = payload;
    await write(() => {
      // Words that nothing carries would stand there with the time of nobody's reading.
      if (composed.get(id, businessId) !== undefined) return;
      addText.run(businessId, words.digest, words.wordsDigest, words.twiml, words.words, at);
      const about = JSON.stringify(topics);
      addMessage.run(
        ...([
          businessId,
          id,
          purpose,
          subscriberId,
          simulated ? 1 : 0,
          locale,
          jurisdiction,
          script,
          about,
        ] as const),
        ...([words.digest, words.contentSid, entryId, at] as const),
      );
    });
  };
}

/** Whom a message goes to, as it stands now. */
export function addressees(
  { client }: Pick<Connection, "client">,
  { vault, book: { statements } }: { vault: NumberVault; book: EntryBook },
): OutgoingStore["addressee"] {
  const topicsOf = client
    .prepare<[string, string], string>("SELECT topics FROM message WHERE id = ? AND business_id = ?")
    .pluck();
  return async ({ businessId, id, subscriberId }) => {
    if (subscriberId === null) return null;
    const person = statements.subscriberById.get({ businessId, id: subscriberId });
    if (person === undefined) return null;
    const composed = topicsOf.get(id, businessId);
    return {
      number: vault.decrypt(subscriberId, person.number),
      consents: statements.consentsOf.all({ businessId, subscriberId }),
      composedTopics: composed === undefined ? null : (JSON.parse(composed) as string[]),
    };
  };
}

type ComposedValues = [
  ...whose: [businessId: string, id: string, purpose: string, subscriberId: string, simulated: 0 | 1],
  ...what: [locale: string, jurisdiction: string, script: string, topics: string],
  ...rest: [textDigest: string, contentSid: string | null, entryId: string | null, at: number],
];
