import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
let supervisor: Awaited<ReturnType<ConsoleLine["operator"]>>;
beforeEach(async () => {
  line = await startConsoleLine();
  supervisor = await line.operator("supervisor", "sue@example.com");
  for (const [n, actorName] of ["eve@example.com", "eva@example.com", "bob@example.com"].entries()) {
    await line.reading.logAccess({
      actor: `op-${n}`,
      actorName,
      action: n === 0 ? "revealed" : "looked",
      businessId: "acme-dental",
      subject: `0199aaaa-${n}`,
      detail: `detail ${n}`,
      at: line.clock.now - n * 24 * 60 * 60 * 1000,
    });
  }
});
afterEach(() => line.stop());

async function details(query: string): Promise<string[]> {
  const shown = await supervisor.page(`/console/accesses?${query}`);
  return [...shown.matchAll(/detail (\d)/g)].map(([, n = ""]) => n);
}

describe("who reads the access log", () => {
  it("finds people by the beginning of their address, in any case", async () => {
    expect(await details("who=ev")).toEqual(["1", "0"]);
    expect(await details("who=EVE@example.com")).toEqual(["0"]);
    expect(await details("who=example.com")).toEqual([]);
    expect(await supervisor.page("/console/accesses")).toContain('<option value="sue@example.com">');
  });

  it("finds what was done, to what and when, alone and together", async () => {
    expect(await details("action=looked")).toEqual(["2", "1"]);
    expect(await details("subject=0199aaaa-2")).toEqual(["2"]);
    expect(await details("subject=0199aaaa")).toEqual(["2", "1", "0"]);
    expect(await details("since=2026-11-22&until=2026-11-22")).toEqual(["1"]);
    expect(await details("who=e&action=looked&subject=0199aaaa&until=2026-11-22")).toEqual(["1"]);
  });

  it("comes back to the evidence that somebody took", async () => {
    const callSid = await line.granted();
    const [entry] = (await line.reading.call("acme-dental", callSid))?.entries ?? [];
    const evidence = `/console/evidence/acme-dental/${entry?.id}`;
    await supervisor.get(`${evidence}/zip?call=${callSid}`);
    const shown = await supervisor.page("/console/accesses?action=evidence");
    expect(shown).toContain(`href="${evidence}"`);
    expect((await supervisor.get(evidence)).status).toBe(200);
  });

  it("finds who was changed by their address", async () => {
    const admin = await line.signIn("admin@example.com", "a-long-enough-password");
    const { id } = (await line.identity.list()).find(({ email }) => email === "sue@example.com") ?? {
      id: "",
    };
    await admin.browser.post(`/console/operators/${id}/role`, { role: "admin" });
    const shown = await supervisor.page("/console/accesses?subject=sue@example.com");
    expect(shown).toContain("sue@example.com: role admin");
    expect(shown).not.toContain("detail 0");
  });

  it("is told to type more where a beginning stands for too many, and what cannot be read", async () => {
    const failed = { actor: null, action: "sign-in-failed", businessId: null, subject: null } as const;
    for (let n = 0; n < 51; n++) {
      const actorName = `x${n}@example.com`;
      await line.reading.logAccess({ ...failed, actorName, detail: "", at: line.clock.now });
    }
    const many = await supervisor.get("/console/accesses?who=x");
    expect([many.status, (await many.text()).includes("More than 50 begin like this")]).toEqual([400, true]);
    const wrong = await supervisor.get("/console/accesses?action=stole&since=once&who=ev");
    const shown = await wrong.text();
    expect(wrong.status).toBe(400);
    for (const words of ["Did what", "Choose one from the list.", "Write the day as", 'value="once"'])
      expect(shown).toContain(words);
    expect(shown).not.toContain("detail 0");
  });
});
