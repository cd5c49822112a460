import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { Business, Locale } from "../call/business.ts";
import type { E164 } from "../call/phone-number.ts";
import type { ApiKey, ApiKeys, Decisions, Entries, Idempotency } from "../ledger/integration.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Messages } from "../ledger/messages.ts";
import type { Outgoing } from "../ledger/outgoing.ts";
import type { Privacy } from "../ledger/privacy.ts";
import type { Reading } from "../ledger/reading.ts";
import type { PdfPress } from "../proof/pdf-press.ts";
import type { Receipt } from "../proof/receipt.ts";
import type { Allowances } from "./rate-limit.ts";

/** What the door for other systems is made of. */
export type ApiParts = {
  /** The line's own address: the description and every problem's type name it. */
  readonly publicUrl: string;
  readonly businesses: readonly Business[];
  readonly ledger: Pick<Ledger, "subscriber" | "revoke">;
  readonly messages: Pick<Messages, "changeNumber">;
  readonly entries: Entries;
  readonly reading: Pick<Reading, "logAccess">;
  readonly keys: Pick<ApiKeys, "find">;
  readonly idempotency: Idempotency;
  readonly decisions: Decisions;
  /** An entry with its proof; null where these businesses have no such entry. Absent: the line keeps no log. */
  readonly receipt?: (businessIds: readonly string[], entryId: string) => Promise<Receipt | null>;
  /** The same for people; absent: receipts are JSON only. */
  readonly printReceipt?: PdfPress;
  readonly privacy: Pick<Privacy, "isSuppressed">;
  /** Null where the line places no calls: then the routes are neither there nor described. */
  readonly calls: CallDesk | null;
  /** Something may have to leave now. */
  readonly wake: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Names a request. */
  readonly newId: () => string;
  readonly onError: (error: Error) => void;
  readonly allowances?: Partial<Allowances>;
};

/** Who places outgoing opt-in calls, and brings an agent's live call into the flow. Both guard themselves. */
export type CallDesk = {
  readonly placeCall: (request: CallRequest) => Promise<Placed>;
  readonly find: (businessId: string, id: string) => Promise<Outgoing | null>;
  readonly bringIn: (request: BringIn) => Promise<BroughtIn>;
};

export type CallRequest = {
  readonly businessId: string;
  readonly to: E164;
  readonly locale: Locale | null;
  readonly simulated: boolean;
  /** The API key's id. */
  readonly requestedBy: string;
  /** The same request repeated has the same name, and places one call. */
  readonly cause: string;
  readonly expiresInMinutes?: number | undefined;
  readonly at: number;
};
export type Placed = { readonly kind: "queued"; readonly id: string } | CallRefused;

export type BringIn = {
  readonly businessId: string;
  readonly callSid: string;
  readonly returnUrl: string | null;
  readonly locale?: Locale | undefined;
  readonly requestedBy: string;
  readonly at: number;
};
export type BroughtIn = { readonly kind: "brought-in" } | CallRefused;

/** `reason` for machines, `explanation` for people; neither holds a number. */
export type CallRefused = {
  readonly kind: "refused";
  readonly reason: string;
  readonly explanation: string;
};

export type ApiEnv = {
  Bindings: {
    readonly incoming?: {
      readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
      readonly socket?: { readonly remoteAddress?: string };
    };
  };
  Variables: {
    publicUrl: string;
    key: ApiKey;
    /** The key itself, for the time of one request. */
    bearer: string;
  };
};
export type ApiRoutes = OpenAPIHono<ApiEnv, {}, "/api">;
export type ApiContext = Context<ApiEnv>;
export type ApiGuard = MiddlewareHandler<ApiEnv>;

/** The businesses that a key may see. What it may not see looks like what does not exist. */
export function businessesOf({ businesses }: ApiParts, key: ApiKey): readonly Business[] {
  const { businesses: only } = key;
  return only === null ? businesses : businesses.filter(({ id }) => only.includes(id));
}

export function businessOf({ businesses }: ApiParts, key: ApiKey, id: string): Business | undefined {
  if (key.businesses !== null && !key.businesses.includes(id)) return undefined;
  return businesses.find((business) => business.id === id);
}

/** One header, from where the server has it already: asking the Request makes all of them first. */
export function headerOf(c: ApiContext, name: string): string | undefined {
  const given = c.env?.incoming?.headers;
  if (given === undefined) return c.req.header(name);
  const value = given[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
