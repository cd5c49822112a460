import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

async function somebody() {
  const callSid = await line.granted();
  const [person] = await line.reading.findSubscribers({ kind: "number", number: "+14155550123" }, 1);
  const id = person?.id ?? "";
  const [entry] = (await line.reading.call("acme-dental", callSid))?.entries ?? [];
  return { id, callSid, entryId: entry?.id ?? "", path: `/console/subscribers/acme-dental/${id}` };
}

describe("an admin whom a person asks to be forgotten", () => {
  it("is asked once more, forgets them, and has a certificate to hand over", async () => {
    const { id, path } = await somebody();
    const admin = await line.operator("admin");
    expect(await admin.page(path)).toContain("Erase …");
    const asked = await (await admin.post(`${path}/erase`)).text();
    expect(asked).toContain("It cannot be taken back");
    expect(line.rows("subscriber")).toHaveLength(1);
    const done = await admin.post(`${path}/erase`, { confirmed: "yes", keep: "yes" });
    const certificate = done.headers.get("location") ?? "";
    expect([done.status, certificate]).toEqual([303, `/console/erasures/acme-dental/${id}`]);
    expect(line.rows("subscriber")).toEqual([]);
    expect(line.rows("suppression")).toHaveLength(1);
    const shown = await admin.page(certificate);
    expect(shown).toContain("Certificate of erasure");
    expect(shown).toContain(`on request`);
    expect(shown).toMatch(/old pages +gone since/);
    const json = (await (await admin.get(`${certificate}/certificate.json`)).json()) as object;
    expect(json).toMatchObject({ pseudonym: id, suppressed: true, by: { name: admin.email } });
    expect(JSON.stringify(json) + shown).not.toMatch(/4155550123|••0123/);
    const last = (await line.accesses()).find(({ action }) => action === "erased");
    expect(last).toMatchObject({ actorName: admin.email, subject: id, detail: "the number stays withdrawn" });
  });

  it("finds that a forgotten number takes no consent from another one, where it stays withdrawn", async () => {
    const { path } = await somebody();
    const admin = await line.operator("admin");
    await admin.post(`${path}/erase`, { confirmed: "yes", keep: "yes" });
    await line.granted("+14155550188");
    const [other] = await line.reading.findSubscribers({ kind: "number", number: "+14155550188" }, 1);
    const form = { to: "+14155550123", reason: "asked", confirmed: "yes" };
    const answer = await admin.post(`/console/subscribers/acme-dental/${other?.id}/change`, form);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("stays withdrawn")]);
    expect(line.rows("subscriber")).toHaveLength(1);
  });

  it("leaves pages that say so: the person's is gone, the call and the evidence stay without a number", async () => {
    const { path, callSid, entryId } = await somebody();
    const admin = await line.operator("admin");
    await admin.post(`${path}/erase`, { confirmed: "yes" });
    const person = await admin.get(path);
    expect([person.status, await person.text()]).toEqual([410, expect.stringContaining("Erased")]);
    expect(await admin.page(`/console/calls/acme-dental/${callSid}`)).toContain("erased");
    expect(await admin.page(`/console/evidence/acme-dental/${entryId}`)).toContain("erased");
  });

  it("answers an access request with a file, as a page or as JSON, on record", async () => {
    const { id, path } = await somebody();
    const admin = await line.operator("admin");
    const page = await admin.post(`${path}/access`, { format: "html" });
    expect(page.headers.get("content-disposition")).toBe(`attachment; filename="access-${id}.html"`);
    expect(await page.text()).toContain("What Acme Dental keeps about +14155550123");
    const json = (await (await admin.post(`${path}/access`, { format: "json" })).json()) as object;
    expect(json).toMatchObject({ person: { pseudonym: id, accesses: [{ action: "disclosed" }, {}] } });
  });

  it("is somebody else than a supervisor, who may do neither", async () => {
    const { path } = await somebody();
    const supervisor = await line.operator("supervisor");
    expect(await supervisor.page(path)).not.toContain("Erase …");
    for (const deed of ["erase", "access"]) {
      const answer = await supervisor.post(`${path}/${deed}`, { confirmed: "yes", format: "json" });
      expect(answer.status).toBe(403);
    }
    expect(line.rows("subscriber")).toHaveLength(1);
  });
});
