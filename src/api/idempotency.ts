import { createHmac, hash } from "node:crypto";
import { headerOf, type ApiContext, type ApiGuard, type ApiParts } from "./parts.ts";
import { refuse } from "./problem.ts";

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** As it is described. It is checked here and not with the route's schemas, which would read every header for it. */
export const IDEMPOTENCY_PARAMETER = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "Names this request for a day: sent again, it is answered the same and done once. A UUID is a good one.",
  schema: { type: "string", pattern: IDEMPOTENCY_KEY.source },
  example: "0b7e1b5c-2d43-4c39-9a39-0c8e4c0f8a55",
} as const;

/** Refusals that were about the request's form or the moment: whoever mends it may use the same key. */
const NOT_KEPT: ReadonlySet<number> = new Set([400, 401, 403, 409, 413, 415, 429]);

/**
 * A POST with an Idempotency-Key is done once: the same request again gets the first one's answer, with
 * `Idempotency-Replayed: true`; another request under the same key is refused.
 */
export function repeatable({ idempotency, now }: ApiParts): ApiGuard {
  return async (c, next) => {
    const name = headerOf(c, "idempotency-key");
    if (name === undefined) return next();
    if (!IDEMPOTENCY_KEY.test(name)) return refuseInvalidKey(c);
    const { id } = c.get("key");
    const known = await idempotency.begin(id, name, await requestDigest(c), now());
    if (known === "busy") {
      c.header("Retry-After", "1");
      return refuse(c, "request-in-progress", "The request with this Idempotency-Key has no answer yet.");
    }
    if (known === "differs")
      return refuse(c, "idempotency-key-reused", "This Idempotency-Key stands for another request.");
    if (known !== "new") {
      c.header("Idempotency-Replayed", "true");
      const contentType = known.status >= 400 ? "application/problem+json" : "application/json";
      return new Response(known.body, {
        status: known.status,
        headers: c.body(null, 200, { "Content-Type": contentType }).headers,
      });
    }
    await next();
    const { status } = c.res;
    if (status >= 500 || NOT_KEPT.has(status)) await idempotency.forget(id, name);
    else await idempotency.keep(id, name, { status, body: await c.res.clone().text() });
    return undefined;
  };
}

/**
 * Names what a request brings about, so that one that was lost on the way and is run again brings it about once: the
 * same for the same request under the same key on one day, and never the same otherwise.
 */
export async function requestName(c: ApiContext, { now, newId }: ApiParts): Promise<string> {
  const name = headerOf(c, "idempotency-key");
  if (name === undefined) return newId();
  const day = Math.floor(now() / DAY_MS);
  return hash("sha256", `${c.get("key").id}\n${name}\n${day}\n${await requestDigest(c)}`).slice(
    0,
    NAME_DIGITS,
  );
}

const DAY_MS = 24 * 60 * 60 * 1000;
const NAME_DIGITS = 32;

function refuseInvalidKey(c: ApiContext) {
  const detail = "must be 1 to 255 printable ASCII characters without spaces";
  return refuse(c, "invalid-request", "One part of the request is not valid.", {
    errors: [{ detail, header: "Idempotency-Key" }],
  });
}

/**
 * Keyed with the API key, which is kept nowhere: a bare digest would tell the number in it to whoever tries them all.
 * Hex.
 */
async function requestDigest(c: ApiContext): Promise<string> {
  return createHmac("sha256", c.get("bearer"))
    .update(`${c.req.method} ${c.req.path}\n${await c.req.text()}`)
    .digest("hex");
}
