/** So much at once, and so much again in a second. */
export type Allowance = { readonly burst: number; readonly perSecond: number };

/**
 * - `requests`: one key's, of every kind but the next.
 * - `permissions`: one key's; asked before each message, so the bound is what a wrong loop must not exceed.
 * - `failures`: of one address; wrong keys.
 */
export type Allowances = Readonly<Record<"requests" | "permissions" | "failures", Allowance>>;

export const ALLOWANCES: Allowances = {
  requests: { burst: 200, perSecond: 100 },
  permissions: { burst: 20_000, perSecond: 10_000 },
  failures: { burst: 20, perSecond: 0.5 },
};

/** Names that are remembered; the one that has been quiet longest is forgotten first. */
export const MAX_BUCKETS = 10_000;

export type Taken = {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Whole seconds until the bucket is full again; where it is empty, until there is one more. */
  readonly seconds: number;
};

/** Token buckets in this process, one for each name. */
export function tokenBuckets({ burst, perSecond }: Allowance, now: () => number) {
  const buckets = new Map<string, { tokens: number; at: number }>();

  function bucketOf(name: string) {
    const at = now();
    const known = buckets.get(name) ?? { tokens: burst, at };
    // A clock that is set back takes nothing away.
    const elapsedSeconds = Math.max(at - known.at, 0) / 1000;
    buckets.delete(name);
    if (buckets.size >= MAX_BUCKETS) buckets.delete(buckets.keys().next().value ?? "");
    const bucket = { tokens: Math.min(burst, known.tokens + elapsedSeconds * perSecond), at };
    buckets.set(name, bucket);
    return bucket;
  }

  return {
    take(name: string): Taken {
      const bucket = bucketOf(name);
      const allowed = bucket.tokens >= 1;
      if (allowed) bucket.tokens -= 1;
      const missing = allowed ? burst - bucket.tokens : 1 - bucket.tokens;
      return { allowed, remaining: Math.floor(bucket.tokens), seconds: Math.ceil(missing / perSecond) };
    },
    /** Names that are remembered. */
    size: () => buckets.size,
    /** For RateLimit-Policy: so many in the seconds that an empty bucket takes to fill. */
    policy: `q=${burst};w=${Math.ceil(burst / perSecond)}`,
  };
}
