import type { EntryKind } from "../call/consent.ts";
import type { E164 } from "../call/phone-number.ts";
import type { Question, Reason, Verdict } from "../call/permission.ts";
import type { EntryFilter, EntryView } from "./ledger.ts";

/** What other systems may do with a key. `numbers:read`: numbers in clear, also those that the key did not ask for. */
export const SCOPES = [
  "consents:read",
  "consents:write",
  "permissions",
  "entries:read",
  "calls:write",
  "numbers:read",
] as const;
export type Scope = (typeof SCOPES)[number];

/** What a key gets that asks for nothing: all but numbers in clear, which whoever makes the key has to mean. */
export const USUAL_SCOPES = SCOPES.filter((scope) => scope !== "numbers:read");

/** A key as it is listed: never the key itself, of which only a digest is kept. */
export type ApiKey = {
  readonly id: string;
  readonly name: string;
  /** The first characters, by which a person recognises it. */
  readonly prefix: string;
  readonly scopes: readonly Scope[];
  /** Null: every business of the line. */
  readonly businesses: readonly string[] | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
};

/** As many keys stand as may; the message says what to do. */
export class TooManyKeys extends Error {}

export type ApiKeys = {
  /** @param digest SHA-256 of the key, hex. @throws {TooManyKeys} */
  add(key: Omit<ApiKey, "revokedAt" | "lastUsedAt">, digest: string): Promise<void>;
  /**
   * One indexed read, and none where this process has read the key within the last second: null for what never was, is
   * revoked or has expired. Notes the use, once a minute.
   */
  find(digest: string, now: number): Promise<ApiKey | null>;
  list(): Promise<readonly ApiKey[]>;
  /** @returns false where there is none to revoke. `which`: its id, its prefix, or its name where only one has it */
  revoke(which: string, at: number): Promise<boolean>;
};

/** A POST that may be repeated: the second one gets the first one's answer. Kept for a day. */
export type Idempotency = {
  /**
   * @param requestDigest SHA-256 of method, path and body, hex
   * @returns "new": go on, and `keep` the answer; "busy": the first one is still under way; "differs": the key was used
   * for another request
   */
  begin(
    keyId: string,
    idempotencyKey: string,
    requestDigest: string,
    at: number,
  ): Promise<"new" | "busy" | "differs" | KeptAnswer>;
  keep(keyId: string, idempotencyKey: string, answer: KeptAnswer): Promise<void>;
  /** The request failed on our side: the next one may try anew. */
  forget(keyId: string, idempotencyKey: string): Promise<void>;
};
export type KeptAnswer = { readonly status: number; readonly body: string };

/** A decision on "may I send this?", as it is kept. */
export type Decision = {
  readonly businessId: string;
  /** Null where the number is unknown to the ledger. */
  readonly subscriberId: string | null;
  readonly topic: string;
  readonly simulated: boolean;
  /** For when it was asked. */
  readonly sendAt: number;
  readonly allowed: boolean;
  /** Whether the business has a cap now: what was allowed without one does not count towards a later one. */
  readonly capped: boolean;
  readonly reason: Reason;
  readonly entryId: string | null;
  readonly keyId: string;
  readonly at: number;
};

export type Decisions = {
  /**
   * May this be sent? Looked up, decided (see `decide`) and kept in one go: two at once are never both the cap's last.
   * Resolves once it is durable.
   */
  ask(question: Asked): Promise<Verdict & { readonly id: string; readonly entryId: string | null }>;
};

/** In which world, and who asked when. */
export type Asked = Question & Pick<Decision, "simulated" | "keyId" | "at">;

/** The two halves of it, for whoever looks at one alone. */
export type DecisionBook = {
  /**
   * What a decision stands on, read in one go. `allowedBefore`: how many sends of this topic to this number are allowed
   * already within `windowMs` of each other and of `sendAt`; later ones count too, since nobody must ask in order.
   * Counted only where consent stands. `windowMs` zero: nothing is counted.
   */
  standing(question: {
    readonly businessId: string;
    readonly number: E164;
    readonly topic: string;
    readonly simulated: boolean;
    readonly sendAt: number;
    readonly windowMs: number;
  }): Standing;
  /** Resolves once it is durable; from now on `standing` counts it. @returns its id */
  keep(decision: Decision): Promise<string>;
};

export type Standing = {
  readonly subscriberId: string | null;
  readonly state: "granted" | "refused" | "pending" | "revoked" | "none";
  readonly entryId: string | null;
  readonly allowedBefore: number;
};

/** Where events go: an address of another system, and the secret that signs them. */
export type Endpoint = {
  readonly businessId: string;
  readonly id: string;
  readonly url: string;
  readonly kinds: readonly EntryKind[];
  readonly description: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly disabledAt: number | null;
};

/** A business has as many as may be; the message says what to do. */
export class TooManyEndpoints extends Error {}

export type Endpoints = {
  /** @param secret Standard Webhooks' `whsec_…`; sealed at rest. @throws {TooManyEndpoints} */
  add(endpoint: Omit<Endpoint, "disabledAt">, secret: string): Promise<void>;
  list(): Promise<readonly Endpoint[]>;
  secret(businessId: string, id: string): Promise<string | null>;
  disable(businessId: string, id: string, at: number): Promise<boolean>;
  /** @throws {TooManyEndpoints} */
  enable(businessId: string, id: string): Promise<boolean>;
};

/** An agent's call that was brought into the flow, and where it goes back to. */
export type LiveCall = {
  readonly businessId: string;
  readonly callSid: string;
  readonly returnUrl: string | null;
  readonly requestedBy: string;
  readonly at: number;
};

export type LiveCalls = {
  /** The first one stands; a call can be brought in once. @returns false where it was already */
  add(call: LiveCall): Promise<boolean>;
  find(businessId: string, callSid: string): Promise<LiveCall | null>;
  /** Twilio did not take the call over: it may be tried again. */
  remove(businessId: string, callSid: string): Promise<void>;
};

/** The log for other systems: a page at a time, each of them a short look however little the filter hits. */
export type Entries = {
  /**
   * @param after 0, or `next` of the page before
   * @returns in commit order; a page may hold fewer than `limit`, or none: `next` is null where the log ends
   */
  page(
    filter: Omit<EntryFilter, "businessId"> & { readonly businessIds: readonly string[] },
    after: number,
    limit: number,
  ): Promise<{ readonly entries: readonly EntryView[]; readonly next: number | null }>;
  get(businessIds: readonly string[], id: string): Promise<EntryView | null>;
};
