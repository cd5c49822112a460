import type { z } from "@hono/zod-openapi";
import { PROBLEMS, type ProblemKind } from "./problem.ts";
import { Problem } from "./answers.ts";

/** Parts that every route's description has. */

export const SECURITY = [{ apiKey: [] }];

export function json<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { "application/json": { schema } } } as const;
}

export function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { "application/json": { schema } } } as const;
}

function problem(...kinds: readonly ProblemKind[]) {
  const description = kinds.map((kind) => `${PROBLEMS[kind].title}.`).join(" ");
  return { description, content: { "application/problem+json": { schema: Problem } } } as const;
}

/** A route's own answers and its refusals. Not a spread: the route's type would forget which statuses there are. */
export function answers<A extends object, B extends object>(own: A, refusals: B): A & B {
  return { ...own, ...refusals };
}

/** What every route with a key may answer instead. */
export const REFUSALS = {
  400: problem("invalid-request"),
  401: problem("unauthorized"),
  403: problem("missing-scope", "unknown-business"),
  429: problem("too-many-requests"),
  500: problem("internal-error"),
  503: problem("unavailable"),
} as const;

/** And what a POST may answer besides. */
export const POST_REFUSALS = {
  ...REFUSALS,
  409: problem("request-in-progress"),
  413: problem("body-too-large"),
  415: problem("unsupported-media-type"),
  422: problem("idempotency-key-reused"),
} as const;

export const REFUSALS_OR_NOT_FOUND = { ...REFUSALS, 404: problem("not-found") } as const;
export const CALL_REFUSALS = {
  ...POST_REFUSALS,
  422: problem("call-refused", "idempotency-key-reused"),
} as const;
