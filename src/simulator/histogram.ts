/** Durations in so many buckets whatever their number: memory stays flat, a quantile is right to 2.5 %. */
export type Histogram = {
  add(ms: number): void;
  count(): number;
  /** The value that a share of all values does not exceed; 0 when there are none. */
  quantile(share: number): number;
  max(): number;
};

export type Quantiles = { count: number; p50: number; p95: number; p99: number; max: number };

const smallestMs = 0.01;
const growth = 1.05;
/** The last bucket begins at about 25 minutes. */
const buckets = 384;

export function histogram(): Histogram {
  const counts = new Uint32Array(buckets);
  let count = 0;
  let largest = 0;
  return {
    add(ms) {
      const bucket = Math.floor(Math.log(Math.max(ms, smallestMs) / smallestMs) / Math.log(growth));
      const index = Math.min(buckets - 1, Math.max(0, bucket));
      counts[index] = (counts[index] ?? 0) + 1;
      count += 1;
      largest = Math.max(largest, ms);
    },
    count: () => count,
    max: () => largest,
    quantile(share) {
      let left = Math.ceil(share * count);
      if (left === 0) return 0;
      const index = counts.findIndex((inBucket) => (left -= inBucket) <= 0);
      return Math.min(largest, smallestMs * growth ** (index + 0.5));
    },
  };
}

export function quantiles(of: Histogram): Quantiles {
  const [p50, p95, p99] = [of.quantile(0.5), of.quantile(0.95), of.quantile(0.99)];
  return { count: of.count(), p50, p95, p99, max: of.max() };
}
