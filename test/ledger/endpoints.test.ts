import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TooManyEndpoints, type Endpoint } from "../../src/ledger/integration.ts";
import { open } from "../../src/ledger/sqlite/connection.ts";
import { MAX_ENDPOINTS } from "../../src/ledger/sqlite/endpoints.ts";
import { agree, callOf, ledgerOn, openMemory, SECRET, withdrawalOf, type Memory } from "../support/memory.ts";

const SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW = Date.UTC(2026, 10, 23, 9);
const DAY_MS = 24 * 60 * 60 * 1000;

let memory: Memory;
beforeEach(() => {
  memory = openMemory();
});
afterEach(() => memory.close());

function endpoint(over: Partial<Endpoint> = {}): Omit<Endpoint, "disabledAt"> {
  return {
    businessId: "acme-dental",
    id: "endpoint-1",
    url: "https://crm.example/events",
    kinds: ["granted", "revoked"],
    description: "The clinic's CRM.",
    createdAt: NOW,
    createdBy: "eve@example.com",
    ...over,
  };
}

/** To which endpoints the entries so far are told, oldest first. */
async function told(): Promise<string[]> {
  const rows = await memory.outgoing.list({ kind: "event", limit: 100 });
  return rows.toReversed().map(({ payload }) => (payload.kind === "event" ? payload.endpointId : "?"));
}

describe("an endpoint", () => {
  it("is told of each entry of a kind that it wants, once, in the entry's own transaction", async () => {
    await memory.endpoints.add(endpoint(), SIGNING_SECRET);
    await memory.endpoints.add(endpoint({ id: "endpoint-2", kinds: ["refused"] }), SIGNING_SECRET);
    await memory.endpoints.add(endpoint({ businessId: "other", id: "endpoint-3" }), SIGNING_SECRET);
    const call = callOf();
    await agree(memory.ledger, call);
    await agree(memory.ledger, call);
    const [event, ...more] = await memory.outgoing.list({ kind: "event", limit: 10 });
    const entryId = memory.rows("entry")[0]?.["id"];
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      cause: `event:endpoint-1:${String(entryId)}`,
      entryId,
      subscriberId: memory.rows("subscriber")[0]?.["id"],
      payload: { kind: "event", endpointId: "endpoint-1" },
      simulated: false,
      dueAt: call.at,
      expiresAt: call.at + 3 * DAY_MS,
    });
  });

  it("is told of withdrawals that nobody is written to about, too", async () => {
    await memory.endpoints.add(endpoint(), SIGNING_SECRET);
    await memory.ledger.revoke(withdrawalOf("+14155550199"));
    expect(await told()).toEqual(["endpoint-1"]);
  });

  it("is told nothing from the moment that it is disabled, and again once it is enabled", async () => {
    await memory.endpoints.add(endpoint(), SIGNING_SECRET);
    await agree(memory.ledger, callOf());
    expect(await memory.endpoints.disable("acme-dental", "endpoint-1", NOW)).toBe(true);
    expect(await memory.endpoints.disable("acme-dental", "endpoint-1", NOW)).toBe(false);
    await agree(memory.ledger, callOf({ caller: "+14155550124" }));
    expect(await told()).toHaveLength(1);
    expect(await memory.endpoints.list()).toMatchObject([{ id: "endpoint-1", disabledAt: NOW }]);
    expect(await memory.endpoints.enable("acme-dental", "endpoint-1")).toBe(true);
    expect(await memory.endpoints.enable("acme-dental", "endpoint-1")).toBe(false);
    await agree(memory.ledger, callOf({ caller: "+14155550125" }));
    expect(await told()).toHaveLength(2);
  });

  it("that is added in the same moment as an entry is told of it, where it was committed before", async () => {
    await agree(memory.ledger, callOf());
    const adding = memory.endpoints.add(endpoint(), SIGNING_SECRET);
    const revoking = memory.ledger.revoke(withdrawalOf("+14155550199"));
    await Promise.all([adding, revoking]);
    expect(await told()).toEqual(["endpoint-1"]);
  });

  it("that could not be added is told nothing, also by who looked meanwhile", async () => {
    await memory.endpoints.add(endpoint(), SIGNING_SECRET);
    const [again, revoked] = await Promise.allSettled([
      memory.endpoints.add(endpoint({ kinds: ["revoked"] }), SIGNING_SECRET),
      memory.ledger.revoke(withdrawalOf("+14155550199")),
    ]);
    expect([again.status, revoked.status]).toEqual(["rejected", "fulfilled"]);
    expect(await told()).toEqual(["endpoint-1"]);
  });

  it("that another process adds or disables is known at the next entry", async () => {
    const other = ledgerOn(open(memory.file, { busyTimeoutMs: 0 }));
    await agree(memory.ledger, callOf());
    await other.endpoints.add(endpoint(), SIGNING_SECRET);
    await agree(memory.ledger, callOf({ caller: "+14155550124" }));
    expect(await told()).toEqual(["endpoint-1"]);
    await other.endpoints.disable("acme-dental", "endpoint-1", NOW);
    await agree(memory.ledger, callOf({ caller: "+14155550125" }));
    expect(await told()).toEqual(["endpoint-1"]);
    await other.ledger.close();
  });
});

describe("an endpoint's secret", () => {
  it("is sealed at rest, and opens for its own endpoint only", async () => {
    await memory.endpoints.add(endpoint(), SIGNING_SECRET);
    await memory.endpoints.add(endpoint({ id: "endpoint-2" }), "whsec_other");
    expect(await memory.endpoints.secret("acme-dental", "endpoint-1")).toBe(SIGNING_SECRET);
    expect(await memory.endpoints.secret("acme-dental", "endpoint-2")).toBe("whsec_other");
    expect(await memory.endpoints.secret("acme-dental", "endpoint-9")).toBeNull();
    expect(await memory.endpoints.secret("other", "endpoint-1")).toBeNull();
    for (const row of memory.rows("endpoint")) {
      expect((row["secret"] as Buffer).toString("latin1")).not.toMatch(/whsec|MfKQ9r8G/);
    }
    memory.connection.client.exec(
      "UPDATE endpoint SET secret = (SELECT secret FROM endpoint WHERE id = 'endpoint-1') WHERE id = 'endpoint-2'",
    );
    await expect(memory.endpoints.secret("acme-dental", "endpoint-2")).rejects.toThrow(
      "unable to authenticate data",
    );
  });

  it("is not read with another key", async () => {
    await memory.endpoints.add(endpoint(), SIGNING_SECRET);
    const other = ledgerOn(
      open(memory.file, { busyTimeoutMs: 0 }),
      SECRET.map((byte) => byte + 1),
    );
    await expect(other.endpoints.secret("acme-dental", "endpoint-1")).rejects.toThrow(
      "unable to authenticate data",
    );
    await other.ledger.close();
  });
});

describe("the endpoints of one business", () => {
  it("are so many and no more, because each entry makes a row for each of them", async () => {
    for (let nth = 0; nth < MAX_ENDPOINTS; nth++) {
      await memory.endpoints.add(endpoint({ id: `endpoint-${nth}` }), SIGNING_SECRET);
    }
    const late = endpoint({ id: "late" });
    await expect(memory.endpoints.add(late, SIGNING_SECRET)).rejects.toThrow(TooManyEndpoints);
    await memory.endpoints.disable("acme-dental", "endpoint-0", NOW);
    await memory.endpoints.add(late, SIGNING_SECRET);
    await expect(memory.endpoints.enable("acme-dental", "endpoint-0")).rejects.toThrow("disable one of them");
    await memory.endpoints.add(endpoint({ businessId: "other" }), SIGNING_SECRET);
    expect(await memory.endpoints.list()).toHaveLength(MAX_ENDPOINTS + 2);
  });
});
