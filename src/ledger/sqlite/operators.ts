import { createRequire } from "node:module";
import type * as Proxy from "drizzle-orm/sqlite-proxy";
import { index, integer, sqliteTable, text, uniqueIndex } from "./drizzle.ts";
import type { Connection } from "./connection.ts";

/**
 * Who may sign in to the console, in the tables that better-auth 1.7 writes. Properties are named as better-auth
 * names its fields; it keeps passwords as hashes and second factors encrypted. Operators belong to the house, not to
 * one business, so these tables carry no business.
 */

export const operator = sqliteTable(
  "operator",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    email: text().notNull(),
    emailVerified: integer({ mode: "boolean" }).notNull().default(false),
    image: text(),
    createdAt: time().notNull(),
    updatedAt: time().notNull(),
    twoFactorEnabled: integer({ mode: "boolean" }).default(false),
    /** viewer, supervisor or admin. */
    role: text(),
    banned: integer({ mode: "boolean" }).default(false),
    banReason: text(),
    banExpires: time(),
  },
  (table) => [uniqueIndex("operator_email").on(table.email)],
);

export const operatorSession = sqliteTable(
  "operator_session",
  {
    id: text().primaryKey(),
    token: text().notNull(),
    userId: operatorId(),
    expiresAt: time().notNull(),
    createdAt: time().notNull(),
    updatedAt: time().notNull(),
    ipAddress: text(),
    userAgent: text(),
    impersonatedBy: text(),
  },
  (table) => [
    uniqueIndex("operator_session_token").on(table.token),
    index("session_of_operator").on(table.userId),
  ],
);

/** One way in of an operator: a password, or an account at an OIDC provider. */
export const operatorAccount = sqliteTable(
  "operator_account",
  {
    id: text().primaryKey(),
    accountId: text().notNull(),
    providerId: text().notNull(),
    userId: operatorId(),
    accessToken: text(),
    refreshToken: text(),
    idToken: text(),
    accessTokenExpiresAt: time(),
    refreshTokenExpiresAt: time(),
    scope: text(),
    password: text(),
    createdAt: time().notNull(),
    updatedAt: time().notNull(),
  },
  (table) => [
    uniqueIndex("operator_account_once").on(table.providerId, table.accountId),
    index("account_of_operator").on(table.userId),
  ],
);

/** Short-lived proofs: sign-in at a provider, a second factor under way. */
export const operatorVerification = sqliteTable(
  "operator_verification",
  {
    id: text().primaryKey(),
    identifier: text().notNull(),
    value: text().notNull(),
    expiresAt: time().notNull(),
    createdAt: time().notNull(),
    updatedAt: time().notNull(),
  },
  (table) => [index("verification_identifier").on(table.identifier)],
);

export const operatorTwoFactor = sqliteTable(
  "operator_two_factor",
  {
    id: text().primaryKey(),
    secret: text().notNull(),
    backupCodes: text().notNull(),
    userId: operatorId(),
    verified: integer({ mode: "boolean" }).default(true),
    failedVerificationCount: integer().default(0),
    lockedUntil: time(),
  },
  (table) => [index("two_factor_of_operator").on(table.userId), index("two_factor_secret").on(table.secret)],
);

/** How often an address has tried something lately. */
export const operatorRateLimit = sqliteTable(
  "operator_rate_limit",
  {
    id: text().primaryKey(),
    key: text().notNull(),
    count: integer().notNull(),
    /** Milliseconds since 1970. */
    lastRequest: integer().notNull(),
  },
  (table) => [uniqueIndex("operator_rate_limit_key").on(table.key)],
);

/** One statement of better-auth's, as Drizzle's proxy driver asks it: rows are lists of values. */
export type OperatorQuery = (
  sql: string,
  params: readonly unknown[],
  method: "run" | "all" | "values" | "get",
) => Promise<OperatorRows>;
/** `changes` of what wrote. Drizzle's type has lists only; for `get` it wants the row itself, or nothing. */
export type OperatorRows = { readonly rows: unknown[]; readonly changes: number };

/** What the console's operators need of the file. */
export type OperatorStore = {
  readonly query: OperatorQuery;
  /** What signs their sessions; see `operatorKey`. */
  readonly key: () => Promise<Uint8Array>;
};

/**
 * Answers them where the file is. Its writes commit one by one beside the group commit, which never leaves a transaction
 * open between turns of the event loop.
 */
export function operatorQueries({ client }: Pick<Connection, "client">): OperatorQuery {
  return async (sql, params, method) => {
    const statement = client.prepare<unknown[], unknown[]>(sql);
    if (!statement.reader) return { rows: [], changes: statement.run(...params).changes };
    statement.raw();
    const rows = method === "get" ? statement.get(...params) : statement.all(...params);
    return { rows: rows as unknown[], changes: 0 };
  };
}

/**
 * better-auth's own adapter on our database: `betterAuth({ database: await operatorDatabase(query), … })`. Imported when
 * it is asked for, because better-auth takes long to load and calls must not wait for it.
 */
export async function operatorDatabase(query: OperatorQuery) {
  const { drizzleAdapter } = await import("better-auth/adapters/drizzle");
  const proxy = createRequire(import.meta.url)("drizzle-orm/sqlite-proxy") as typeof Proxy;
  // Given without a batch's callback, as the second of two, the casing would not be heeded.
  const db = proxy.drizzle(query, noBatch, { casing: "snake_case" });
  return drizzleAdapter(db, {
    provider: "sqlite",
    // A SQLite transaction cannot wait for anything, and this adapter's would have to.
    transaction: false,
    schema: {
      user: operator,
      session: operatorSession,
      account: operatorAccount,
      verification: operatorVerification,
      twoFactor: operatorTwoFactor,
      rateLimit: operatorRateLimit,
    },
  });
}

const noBatch = () => Promise.reject(new Error("Operators' statements come one by one."));

/** Whether anybody may sign in, without loading what lets them. */
export function hasOperators({ db }: Connection): boolean {
  return db.select({ id: operator.id }).from(operator).limit(1).get() !== undefined;
}

/** better-auth reads and writes `Date`. */
function time() {
  return integer({ mode: "timestamp_ms" });
}

function operatorId() {
  return text()
    .notNull()
    .references(() => operator.id, { onDelete: "cascade" });
}
