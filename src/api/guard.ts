import { hash } from "node:crypto";
import type { ApiKey, Scope } from "../ledger/integration.ts";
import { headerOf, type ApiContext, type ApiGuard, type ApiParts } from "./parts.ts";
import { refuse } from "./problem.ts";
import { ALLOWANCES, tokenBuckets, type Taken } from "./rate-limit.ts";

/** RFC 6750; a key of ours is far shorter. */
const BEARER = /^Bearer +([\w\-.~+/]{1,200}=*)$/i;

export type Guards = (scope: Scope, allowance?: "requests" | "permissions") => ApiGuard;

/**
 * Who asks, and whether they may: a key that is known and has not expired (401), not too often (429), with the scope
 * (403). Wrong keys have an allowance of their own, by address, so that a valid key never pays for a neighbour's.
 */
export function guards({ keys, now, allowances }: ApiParts): Guards {
  const of = { ...ALLOWANCES, ...allowances };
  const buckets = {
    requests: tokenBuckets(of.requests, now),
    permissions: tokenBuckets(of.permissions, now),
  };
  const failures = tokenBuckets(of.failures, now);

  async function keyOf(bearer: string | undefined): Promise<ApiKey | null> {
    return bearer === undefined ? null : keys.find(hash("sha256", bearer), now());
  }

  function refuseStranger(c: ApiContext, given: boolean) {
    const taken = failures.take(networkOf(c.env?.incoming?.socket?.remoteAddress ?? "127.0.0.1"));
    if (!taken.allowed)
      return refuseTooMany(c, taken, "Too many requests with a wrong key from this address.");
    const error = given ? ', error="invalid_token"' : "";
    c.header("WWW-Authenticate", `Bearer realm="yesline"${error}`);
    const detail = given ? "The key is not known, was revoked, or has expired." : "No key was sent.";
    return refuse(c, "unauthorized", detail);
  }

  return (scope, allowance = "requests") => {
    const bucket = buckets[allowance];
    const policy = `"${allowance}";${bucket.policy}`;
    return async (c, next) => {
      const authorization = headerOf(c, "authorization");
      const bearer = BEARER.exec(authorization ?? "")?.[1];
      const key = await keyOf(bearer);
      if (key === null || bearer === undefined) return refuseStranger(c, authorization !== undefined);
      const taken = bucket.take(key.id);
      c.header("RateLimit-Policy", policy);
      c.header("RateLimit", `"${allowance}";r=${taken.remaining};t=${taken.seconds}`);
      if (!taken.allowed) return refuseTooMany(c, taken, "This key has used up its allowance.");
      if (!key.scopes.includes(scope)) {
        c.header("WWW-Authenticate", `Bearer realm="yesline", error="insufficient_scope", scope="${scope}"`);
        return refuse(c, "missing-scope", `This takes a key with the scope ${scope}.`);
      }
      c.set("key", key);
      c.set("bearer", bearer);
      return next();
    };
  };
}

function refuseTooMany(c: ApiContext, { seconds }: Taken, detail: string) {
  c.header("Retry-After", String(seconds));
  return refuse(c, "too-many-requests", detail);
}

/** Whoever has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  return address.includes(":") && !address.includes(".") ? address.split(":").slice(0, 4).join(":") : address;
}
