import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

/** Somebody wants no more messages, and says so in writing. */
async function withdraws(): Promise<void> {
  await line.ledger.revoke({
    businessId: "acme-dental",
    number: "+14155550123",
    topics: ["policy-updates"],
    simulated: true,
    source: "console",
    sourceId: "asked in writing",
    reason: null,
    locale: "en-US",
    jurisdiction: "US",
    script: "2026-11-22",
    at: line.clock.now,
  });
}

const parsed = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((each) => JSON.parse(each) as Record<string, unknown>);

describe("a supervisor takes a list along", () => {
  it("of other entries, as the page is filtered, with numbers masked", async () => {
    await line.granted();
    await withdraws();
    const supervisor = await line.operator("supervisor");
    const shown = await supervisor.page("/console/entries?world=simulated&kind=revoked");
    expect(shown).toContain('action="/console/entries/export/csv"');
    expect(shown).toContain('name="query" value="kind=revoked&amp;world=simulated"');
    const answer = await supervisor.post("/console/entries/export/csv", {
      query: "kind=revoked&world=simulated",
    });
    expect(answer.headers.get("content-disposition")).toMatch(/filename="entries-\d{4}-\d\d-\d\d\.csv"$/);
    const [head, row, rest] = (await answer.text()).split("\r\n");
    expect(head).toBe('"at","entry","kind","business","number","subscriber","topics","source","simulated"');
    expect(row).toContain(`"revoked","acme-dental","'+1••••••0123"`);
    expect(row).toContain('"policy-updates","console",true');
    expect(rest).toBe("");
    const none = await supervisor.post("/console/entries/export/ndjson", { query: "world=real" });
    expect(await none.text()).toBe("");
  });

  it("of what leaves, in one world", async () => {
    await line.granted();
    const event = {
      businessId: "hotel-miramar",
      cause: "entry-1:endpoint-1",
      subscriberId: null,
      simulated: false,
      entryId: null,
      payload: { kind: "event", endpointId: "endpoint-1" },
      dueAt: line.clock.now,
      expiresAt: line.clock.now + 60_000,
      requestedBy: null,
    } as const;
    await line.memory.outgoing.add([event], line.clock.now);
    const supervisor = await line.operator("supervisor");
    const exported = async (query: string) =>
      (await supervisor.post("/console/outgoing/export/ndjson", { query })).text();
    expect(parsed(await exported("kind=message&world=simulated"))).toMatchObject([
      { kind: "message", what: "What was agreed, and how to leave", number: "+1••••••0123", simulated: true },
    ]);
    expect(parsed(await exported("world=real"))).toMatchObject([
      { kind: "event", business: "hotel-miramar", number: null, state: "waiting", simulated: false },
    ]);
    const real = await supervisor.page("/console/outgoing?world=real");
    expect(real).toContain("An event for another system");
    expect(real).not.toContain("+1••••••0123");
    const simulated = await supervisor.page("/console/outgoing?world=simulated");
    expect(simulated).toContain("+1••••••0123");
    expect(simulated).not.toContain("An event for another system");
  });

  it("of accesses, over all its pages, and each export is the first thing in it", async () => {
    const supervisor = await line.operator("supervisor");
    for (let looks = 0; looks < 230; looks++) {
      await line.reading.logAccess({
        actor: supervisor.id,
        actorName: supervisor.email,
        action: "looked",
        businessId: "acme-dental",
        subject: `somebody-${looks}`,
        detail: "a subscriber",
        at: line.clock.now,
      });
    }
    const all = parsed(await (await supervisor.post("/console/accesses/export/ndjson")).text());
    expect(all[0]).toMatchObject({ who: supervisor.email, action: "exported", detail: "accesses as ndjson" });
    const looked = all.filter(({ action }) => action === "looked").map(({ subject }) => subject);
    expect(looked).toEqual(Array.from({ length: 230 }, (_, n) => `somebody-${229 - n}`));
    const query = "action=looked&subject=somebody-7";
    const some = parsed(await (await supervisor.post("/console/accesses/export/ndjson", { query })).text());
    expect(some).toHaveLength(11);
  });

  it("and nothing leaves, and nothing is logged, where the filter cannot be read", async () => {
    const supervisor = await line.operator("supervisor");
    for (const list of ["entries", "outgoing", "accesses"]) {
      const answer = await supervisor.post(`/console/${list}/export/csv`, { query: "since=yesterday" });
      expect([list, answer.status]).toEqual([list, 400]);
      expect((await supervisor.post(`/console/${list}/export/xlsx`)).status).toBe(404);
    }
    expect((await line.accesses()).map(({ action }) => action)).not.toContain("exported");
  });

  it("and a number that was typed into the filter of the access log does not stay in it", async () => {
    const supervisor = await line.operator("supervisor");
    await supervisor.post("/console/accesses/export/csv", { query: "subject=%2B14155550123" });
    const [latest] = await line.accesses();
    expect(latest).toMatchObject({ action: "exported", detail: "accesses as csv" });
  });

  it("but a viewer is offered no export", async () => {
    const viewer = await line.operator("viewer");
    for (const list of ["log", "entries", "outgoing"]) {
      expect(await viewer.page(`/console/${list}`)).not.toContain("/export/");
    }
  });
});

describe("who looks at other entries of some days", () => {
  it("keeps the days when another filter is chosen, because they are fields of the form", async () => {
    const viewer = await line.operator("viewer");
    const shown = await viewer.page("/console/entries?since=2026-11-22&until=2026-11-23");
    expect(shown).toMatch(/name="since"\s+value="2026-11-22"/);
    expect(shown).toMatch(/name="until"\s+value="2026-11-23"/);
  });
});
