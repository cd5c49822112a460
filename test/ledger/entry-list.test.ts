import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_SCANNED } from "../../src/ledger/sqlite/entry-pages.ts";
import { startLine, type Line } from "../support/line.ts";

const BUSINESSES = ["acme-dental", "hotel-miramar"];
const OTHERS = 700;

let line: Line;
/** More refusals than one page looks at, then one withdrawal; some of another business between them. */
beforeAll(() => {
  line = startLine();
  const add = line.connection.client.prepare(
    `INSERT INTO entry (id, business_id, subscriber_id, kind, topics, locale, jurisdiction, script, source, source_id,
       step, attempt, simulated, commitment, at) VALUES (?, ?, 'somebody', ?, '["offers"]', 'en-US', 'US', '', 'cli', ?,
       'revoke', 1, 0, 'c', ?)`,
  );
  line.connection.client.transaction(() => {
    for (let n = 1; n <= MAX_SCANNED + OTHERS; n++) {
      const business = n % 1_000 === 0 ? "hotel-miramar" : "acme-dental";
      add.run(randomUUIDv7(), business, "refused", `request ${n}`, n);
    }
    add.run(randomUUIDv7(), "acme-dental", "revoked", "the last", MAX_SCANNED);
  })();
});
afterAll(() => line.stop());

describe("somebody who reads a long log", () => {
  it("gets a page without anything, and the way on, where a filter hits little", async () => {
    const filter = { businessIds: BUSINESSES, kind: "revoked" } as const;
    const first = await line.memory.entries.page(filter, 0, 10);
    expect(first).toEqual({ entries: [], next: MAX_SCANNED });
    const second = await line.memory.entries.page(filter, first.next ?? 0, 10);
    expect(second.entries.map(({ entry }) => entry.sourceId)).toEqual(["the last"]);
    expect(second.next).toBeNull();
  });

  it("misses none where the page is full, however small it is", async () => {
    const found: number[] = [];
    for (let after: number | null = 0, page = 0; after !== null && page < 100; page++) {
      const { entries, next }: Awaited<ReturnType<Line["memory"]["entries"]["page"]>> =
        await line.memory.entries.page({ businessIds: ["hotel-miramar"] }, after, 7);
      expect(entries.length).toBeLessThanOrEqual(7);
      found.push(...entries.map(({ entry }) => entry.at));
      after = next;
    }
    expect(found).toEqual(Array.from({ length: MAX_SCANNED / 1_000 }, (_, n) => (n + 1) * 1_000));
  });

  it("gets nothing of a business that was not asked for, neither in pages nor by an id", async () => {
    const none = await line.memory.entries.page({ businessIds: [] }, 0, 10);
    expect(none.entries).toEqual([]);
    const [row] = line.connection.client.prepare("SELECT id FROM entry WHERE kind = 'revoked'").all() as {
      id: string;
    }[];
    const id = row?.id ?? "";
    expect(await line.memory.entries.get(["hotel-miramar"], id)).toBeNull();
    expect((await line.memory.entries.get(BUSINESSES, id))?.entry.sourceId).toBe("the last");
  });
});
