import type { Memory } from "../../src/ledger/sqlite/memory.ts";
import type { Answer, Delivery } from "./exchange.ts";
import type { Nature } from "./nature.ts";
import type { Accepted } from "./provider.ts";
import type { Setting, World } from "./setting.ts";
import type { EntryRow, Row, Witness } from "./witness.ts";

export type MessageOracleParts = {
  readonly setting: Setting;
  readonly witness: Witness;
  readonly nature: Nature;
  readonly breach: (law: string, what: string) => void;
};

/** What stood when a worker took something out of the queue. */
type Claimed = { readonly seq: number; readonly isKnown: boolean };

const STOPS: ReadonlySet<string> = new Set(["STOP", "BAJA"]);
const YESES: ReadonlySet<string> = new Set(["YES", "yes"]);
/** Twilio's clock and ours may differ by so much, or nobody can tell one message from another. */
const CLOCKS_AGREE_MS = 60_000;

/** Remembers who wrote what and what has left, and holds the ledger against it. */
export function messageOracle({ setting, witness, nature, breach }: MessageOracleParts) {
  const claimed = new Map<string, Claimed>();
  const accepted = new Map<string, Accepted>();
  const written = new Map<string, Delivery>();

  /** Notes what stands when something is taken out; nothing else is changed. */
  function watch(memory: Memory): Memory {
    const { outgoing } = memory;
    return {
      ...memory,
      outgoing: {
        ...outgoing,
        async claim(want) {
          const jobs = await outgoing.claim(want);
          for (const { id, businessId, subscriberId } of jobs)
            claimed.set(id, {
              seq: witness.lastSeq(),
              isKnown: personOf(businessId, subscriberId) !== undefined,
            });
          return jobs;
        },
      },
    };
  }

  function personOf(businessId: unknown, subscriberId: unknown): Row | undefined {
    return witness.one("SELECT * FROM subscriber WHERE business_id = ? AND id = ?", businessId, subscriberId);
  }

  function jobOf(fields: URLSearchParams): Row | undefined {
    const id = outgoingIdOf(fields);
    return id === null ? undefined : witness.one("SELECT * FROM outbox WHERE id = ?", id);
  }

  /** A message is about to leave. */
  function leaves(world: World, fields: URLSearchParams): void {
    const job = jobOf(fields);
    const id = String(job?.["id"]);
    const message = witness.one("SELECT * FROM message WHERE id = ?", id);
    const since = claimed.get(id);
    if (job === undefined || message === undefined || since === undefined) {
      breach("2", "a message leaves that is not on the disk");
      return;
    }
    const isSimulated = job["simulated"] === 1;
    if (isSimulated !== (world === "simulated")) breach("6", `message ${id} leaves in the other world`);
    const businessId = String(job["business_id"]);
    const person = personOf(businessId, job["subscriber_id"]);
    if (person === undefined) {
      if (!since.isKnown) breach("5", `message ${id} is sent to somebody who was erased before`);
      return;
    }
    const number = (fields.get("To") ?? "").replace("whatsapp:", "") as `+${string}`;
    if (person["blind_index"] !== setting.vault.blindIndex(businessId, number))
      breach("10", `message ${id} goes to somebody else`);
    const whose = { businessId, subscriberId: String(job["subscriber_id"]), simulated: isSimulated };
    const wanted = WANTED[String(message["purpose"])];
    for (const topic of JSON.parse(String(message["topics"])) as string[]) {
      const states = witness.statesSince(whose, topic, since.seq);
      if (wanted !== undefined && !states.some(wanted))
        breach("8", `message ${id}, ${String(message["purpose"])}: ${topic} is ${states.join(", then ")}`);
    }
  }

  function answered(delivery: Delivery, { status }: Answer): void {
    if (delivery.kind !== "message" || status !== 200) return;
    const { MessageSid: sid = "", Body = "" } = delivery.fields;
    const message = witness.one("SELECT * FROM message WHERE sid = ?", sid);
    if (message === undefined) {
      breach("2", `message ${sid} was answered, and is not on the disk`);
      return;
    }
    const entries = witness.entries().filter(({ messageId }) => messageId === message["id"]);
    if (STOPS.has(Body) && !entries.some(({ kind }) => kind === "revoked"))
      breach("8", `"${Body}" in ${sid} was answered, and nothing has ended`);
  }

  /** Laws 1 and 3, in writing: a yes, to a question that had left for this person. */
  function checkEntry(entry: EntryRow): void {
    const reply = witness.one("SELECT * FROM message WHERE id = ?", entry.messageId);
    const delivery = written.get(String(reply?.["sid"]));
    if (delivery === undefined) {
      breach("1", `${entry.kind} ${entry.id}: nobody wrote it`);
      return;
    }
    if (entry.simulated !== (delivery.world === "simulated"))
      breach("6", `${entry.id} is in the other world`);
    if (entry.kind !== "granted" && entry.kind !== "confirmed") return;
    const { Body = "", From } = delivery.fields;
    if (!YESES.has(Body)) breach("1", `${entry.kind} ${entry.id} by the word "${Body}"`);
    const question = accepted.get(entry.noticeMessageId ?? "");
    if (question === undefined || question.to !== From || question.world !== delivery.world)
      breach("3", `${entry.kind} ${entry.id}: no question had left for this person`);
  }

  return {
    watch,
    leaves,
    answered,
    wrote: (delivery: Delivery) => void written.set(delivery.fields["MessageSid"] ?? "", delivery),
    accepts(message: Accepted): void {
      const id = outgoingIdOf(message.fields);
      if (message.kind !== "Messages" || id === null) return;
      if (accepted.has(id) && Math.abs(nature.skew()) < CLOCKS_AGREE_MS)
        breach("4", `message ${id} is sent twice`);
      accepted.set(id, message);
    },
    check(entries: readonly EntryRow[]): void {
      for (const entry of entries) if (entry.source === "whatsapp") checkEntry(entry);
      for (const job of witness.all("SELECT * FROM outbox WHERE kind = 'message' AND state = 'sent'")) {
        if (!accepted.has(String(job["id"])))
          breach("8", `message ${String(job["id"])} counts as sent, and never was`);
      }
    },
  };
}

/** What a message may tell of. */
const WANTED: Readonly<Record<string, (state: string) => boolean>> = {
  confirmation: (state) => state === "granted",
  verification: (state) => state === "pending",
  withdrawn: (state) => state !== "granted",
};

function outgoingIdOf(fields: URLSearchParams): string | null {
  const callback = fields.get("StatusCallback");
  return callback === null ? null : new URL(callback).searchParams.get("outgoing");
}
