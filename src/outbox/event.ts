import { Webhook } from "standardwebhooks";
import type { Entry } from "../ledger/ledger.ts";
import type { Endpoint, Endpoints } from "../ledger/integration.ts";
import { cancelled, failed, notNow, type Carrier } from "./carrier.ts";
import type { Post } from "./post.ts";

export type EventParts = {
  readonly endpoints: Pick<Endpoints, "list" | "secret" | "disable">;
  /** Null where the ledger has no such entry. */
  readonly entryOf: (businessId: string, entryId: string) => Promise<Entry | null>;
  readonly post: Post;
};

const GONE = 410;

/**
 * What the ledger recorded, told to other systems: signed as standardwebhooks.com says, at least once, under an id by
 * which a repeated one is known. It never holds a number: who may know it asks the API.
 */
export function eventCarrier({ endpoints, entryOf, post }: EventParts): Carrier<"event"> {
  return {
    // A receiver knows a repeated event by its id: nothing to look for.
    look: async () => ({ kind: "absent" }),

    async send(job, now) {
      const { businessId, entryId, payload } = job;
      const endpoint = (await endpoints.list()).find(
        (one) => one.businessId === businessId && one.id === payload.endpointId,
      );
      if (endpoint === undefined || endpoint.disabledAt !== null) {
        return cancelled("The endpoint is switched off.");
      }
      const secret = await endpoints.secret(businessId, endpoint.id);
      const entry = entryId === null ? null : await entryOf(businessId, entryId);
      if (secret === null || entry === null) return failed("There is nothing to tell.");
      const answer = await post(endpoint.url, ...signed(secret, job.id, now, JSON.stringify(eventOf(entry))));
      if (answer.kind === "failed") return notNow(answer.reason);
      return afterStatus(answer.status, endpoint, now);
    },
  };

  async function afterStatus(status: number, { businessId, id }: Endpoint, now: number) {
    if (status >= 200 && status < 300) return { kind: "accepted", sid: null } as const;
    const failure = { code: String(status), message: `The endpoint answered with HTTP ${status}.` };
    if (status !== GONE) return { kind: "again", failure, unclear: false, afterMs: 0 } as const;
    await endpoints.disable(businessId, id, now);
    return { kind: "failed", failure } as const;
  }
}

/** Type, time and the entry, without the number and without what could lead to it. */
export function eventOf(entry: Entry) {
  const { id, kind, businessId, subscriberId, topics, locale, jurisdiction, source, simulated } = entry;
  const at = new Date(entry.at).toISOString();
  return {
    type: `consent.${kind}`,
    timestamp: at,
    data: {
      id,
      kind,
      business: businessId,
      subscriber: subscriberId,
      topics,
      locale,
      jurisdiction,
      source,
      simulated,
      at,
    },
  };
}

function signed(
  secret: string,
  id: string,
  now: number,
  body: string,
): [body: string, headers: Record<string, string>] {
  const time = new Date(now);
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, time, body),
  };
  return [body, headers];
}
