import { setImmediate } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import { BLOCKED_CODES, type Quality, type QualityPeriod, type QualityRow } from "../quality.ts";
import type { NumberVault } from "../numbers.ts";
import type { Connection } from "./connection.ts";
import { elsewhere } from "./elsewhere.ts";
import { optOutTallies } from "./opt-outs.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** So much is read at once; then the event loop goes on, so that calls are not delayed. */
const STEP_MS = DAY_MS / 8;
const MAX_DAYS = 92;
/** A day's messages may still be reported as delivered or failed the day after. */
const SETTLED_AFTER_MS = 2 * DAY_MS;
const MAX_KEPT_DAYS = 200;

/** A span's figures of one business, topic and world. */
type Count = QualityRow & { readonly simulated: 0 | 1 };

/**
 * The quality figures. Counts come from covering indexes alone, in short steps, and those of a settled day are kept.
 */
export function sqliteQuality(connection: Connection, { vault }: { vault: NumberVault }): Quality {
  const { client } = connection;
  const kept = new Map<number, readonly Count[]>();
  const countStep = counter(client);

  async function read(from: number, now: number): Promise<readonly Count[]> {
    const known = kept.get(from);
    if (known !== undefined) return known;
    const spans: Count[] = [];
    for (let step = from; step < from + DAY_MS; step += STEP_MS) {
      for (const count of countStep(step, step + STEP_MS)) spans.push(count);
      await setImmediate();
    }
    const counts = sum(spans);
    if (from + DAY_MS + SETTLED_AFTER_MS < now) {
      if (kept.size >= MAX_KEPT_DAYS) kept.clear();
      kept.set(from, counts);
    }
    return counts;
  }

  return {
    async figures({ now, periods, simulated }) {
      const today = Math.floor(now / DAY_MS) * DAY_MS;
      const longest = Math.min(Math.max(0, ...periods), MAX_DAYS);
      const days: (readonly Count[])[] = [];
      for (let back = 0; back < longest; back++) {
        days.push(await read(today - back * DAY_MS, now));
      }
      return periods.map((length): QualityPeriod => ({
        days: length,
        rows: inOneWorld(days.slice(0, length).flat(), simulated),
      }));
    },
    ...elsewhere(client, vault),
  };
}

/** What a span of time brought, from the entries, the messages and the decisions. */
function counter(client: Database): (from: number, until: number) => readonly Count[] {
  const changes = optOutTallies(client);
  const blocked = BLOCKED_CODES.join(", ");
  const messages = client.prepare<[number, number], MessageTally>(
    `SELECT business_id AS businessId, simulated, topics,
       sum(status <> 'queued') AS sent, sum(status IN ('delivered', 'read')) AS delivered,
       sum(status IN ('failed', 'undelivered')) AS failed, sum(coalesce(error_code IN (${blocked}), 0)) AS blocked
     FROM message INDEXED BY message_tally
     WHERE direction = 'out' AND at >= ? AND at < ? GROUP BY 1, 2, 3`,
  );
  const decisions = client.prepare<[number, number], DecisionTally>(
    `SELECT business_id AS businessId, simulated, topic, allowed, count(*) AS count
     FROM decision INDEXED BY decision_tally WHERE at >= ? AND at < ? GROUP BY 1, 2, 3, 4`,
  );

  return (from, until) => [
    ...changes(from, until).map(({ businessId, simulated, topic, change, count }): Count => ({
      ...none(businessId, topic, simulated),
      [change === "ended" ? "revoked" : "granted"]: count,
    })),
    ...messages.all(from, until).flatMap(({ topics, ...counts }) =>
      (JSON.parse(topics) as string[]).map((topic): Count => ({
        ...none(counts.businessId, topic, counts.simulated),
        ...counts,
      })),
    ),
    ...decisions.all(from, until).map(({ businessId, simulated, topic, allowed, count }): Count => ({
      ...none(businessId, topic, simulated),
      [allowed === 1 ? "allowed" : "disallowed"]: count,
    })),
  ];
}

type MessageTally = Pick<Count, "businessId" | "simulated" | "sent" | "delivered" | "failed" | "blocked"> & {
  readonly topics: string;
};
type DecisionTally = Pick<Count, "businessId" | "simulated" | "topic"> & {
  readonly allowed: 0 | 1;
  readonly count: number;
};

const FIGURES = [
  "granted",
  "revoked",
  "sent",
  "delivered",
  "failed",
  "blocked",
  "allowed",
  "disallowed",
] as const satisfies readonly (keyof QualityRow)[];
const NOUGHT = Object.fromEntries(FIGURES.map((name) => [name, 0])) as Record<(typeof FIGURES)[number], 0>;

function none(businessId: string, topic: string, simulated: 0 | 1): Count {
  return { businessId, topic, simulated, ...NOUGHT };
}

/** One row for each business, topic and world, in that order. */
function sum(counts: readonly Count[]): readonly Count[] {
  const rows = new Map<string, Mutable<Count>>();
  for (const { businessId, topic, simulated, ...count } of counts) {
    const key = `${businessId} ${topic} ${simulated}`;
    const row: Mutable<Count> = rows.get(key) ?? none(businessId, topic, simulated);
    for (const name of FIGURES) row[name] += count[name];
    rows.set(key, row);
  }
  return [...rows.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row);
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** The worlds that are asked for, as one. */
function inOneWorld(counts: readonly Count[], simulated: boolean | undefined): readonly QualityRow[] {
  const asked = counts.filter((count) => simulated === undefined || (count.simulated === 1) === simulated);
  return sum(asked.map((count) => ({ ...count, simulated: 0 }))).map(({ simulated: _world, ...row }) => row);
}
