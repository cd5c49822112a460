import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { CallWish } from "../../src/console/parts.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";
import { correspondent } from "./correspondent.ts";

const wishes: CallWish[] = [];
let refusal: string | null;
let woken: number;
let line: ConsoleLine;
beforeEach(async () => {
  wishes.length = 0;
  refusal = null;
  woken = 0;
  line = await startConsoleLine({
    parts: {
      wake: () => woken++,
      async placeCall(wish) {
        wishes.push(wish);
        return refusal === null
          ? { kind: "queued", id: "a call" }
          : { kind: "refused", explanation: refusal };
      },
    },
  });
});
afterEach(() => line.stop());

/** Fails what waits, as Twilio would. */
async function fail(code: string | null, message: string): Promise<string> {
  const { outgoing } = line.memory;
  const [job] = await outgoing.claim({ now: line.clock.now, leaseMs: 1_000, limit: 1, kinds: ["message"] });
  await outgoing.end(job?.id ?? "", "failed", { code, message }, line.clock.now);
  return job?.id ?? "";
}

describe("whoever looks at what leaves", () => {
  it("reads what it is, for whom it is with the number masked, and why it failed, in words", async () => {
    await line.granted();
    await fail("63016", "Failed to send freeform message because you are outside the allowed window.");
    const viewer = await line.operator("viewer");
    const shown = await viewer.page("/console/outgoing?state=failed");
    expect(shown).toContain("What was agreed, and how to leave");
    expect(shown).toContain("+1••••••0123");
    expect(shown).toContain("WhatsApp takes only an approved template");
    expect(shown.replaceAll(/\D/g, "")).not.toContain("4155550123");
    expect(shown).not.toContain("Try again");
  });

  it("learns from the delivery status that a number is not on WhatsApp", async () => {
    await line.granted();
    const someone = correspondent(line, "+14155550123");
    for (const message of await someone.gets()) await someone.fate(message, "failed", 63024);
    const viewer = await line.operator("viewer");
    expect(await viewer.page("/console/outgoing")).toContain("The number is not a WhatsApp user.");
    const [person] = await line.reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 1);
    const shown = await viewer.page(`/console/subscribers/acme-dental/${person?.id}`);
    expect(shown).toContain("Not a WhatsApp user</span");
    // Row 48: consent itself is unchanged.
    expect(shown).toContain("Granted");
    expect(line.rows("entry")).toHaveLength(1);
  });

  it("narrows it by state, kind and business, turns its pages, and is told of a filter that cannot be read", async () => {
    for (let n = 0; n < 52; n++) await line.granted(`+1415555${String(1000 + n)}`);
    const viewer = await line.operator("viewer");
    const first = await viewer.page("/console/outgoing?kind=message&business=acme-dental&state=waiting");
    expect(first.match(/What was agreed/g)).toHaveLength(50);
    const next =
      /href="(\/console\/outgoing\?[^"]*before=\d+)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect((await viewer.page(next)).match(/What was agreed/g)).toHaveLength(2);
    expect(await viewer.page("/console/outgoing?kind=call")).toContain("Nothing fits.");
    expect((await viewer.get("/console/outgoing?state=lost")).status).toBe(400);
  });
});

describe("a supervisor", () => {
  it("tries again what failed, once, and that is in the access log", async () => {
    await line.granted();
    const id = await fail(null, "No approved template for confirmation in en-US.");
    const supervisor = await line.operator("supervisor");
    const path = `/console/outgoing/acme-dental/${id}/retry`;
    const answer = await supervisor.post(path, { query: "state=failed&evil=1" });
    expect(answer.headers.get("location")).toBe("/console/outgoing?state=failed&done=retried");
    expect(await line.memory.outgoing.get("acme-dental", id)).toMatchObject({
      state: "waiting",
      dueAt: line.clock.now,
    });
    expect(woken).toBe(1);
    expect((await supervisor.post(path)).status).toBe(400);
    const retried = (await line.accesses()).find(({ action }) => action === "retried");
    expect(retried).toMatchObject({ actorName: supervisor.email, detail: `message ${id}` });
  });

  it("tries a call again for a quarter of an hour, however late and however often it is tried", async () => {
    const { outgoing } = line.memory;
    const life = 15 * 60_000;
    const whose = { businessId: "acme-dental", subscriberId: null, simulated: true, entryId: null };
    const payload = { kind: "call", line: "+14155550100", locale: null } as const;
    const times = { dueAt: line.clock.now, expiresAt: line.clock.now + life };
    const draft = { ...whose, ...times, cause: "asked", payload, requestedBy: "eve" };
    const [id] = await outgoing.add([draft], line.clock.now);
    const supervisor = await line.operator("supervisor");
    for (let tries = 0; tries < 2; tries++) {
      line.clock.now += 20 * 60_000;
      await outgoing.end(id ?? "", "expired", { code: null, message: "Too late." }, line.clock.now);
      await supervisor.post(`/console/outgoing/acme-dental/${id}/retry`);
      const again = await outgoing.get("acme-dental", id ?? "");
      expect(again).toMatchObject({ state: "waiting", expiresAt: line.clock.now + life });
    }
  });

  it("asks for a call to any number, written in any way, and reads why there will be none", async () => {
    const supervisor = await line.operator("supervisor");
    const form = { business: "acme-dental", number: "(415) 555-0199", locale: "en-US" };
    expect((await supervisor.post("/console/outgoing/call", form)).status).toBe(303);
    expect(wishes).toMatchObject([
      {
        businessId: "acme-dental",
        to: "+14155550199",
        locale: "en-US",
        simulated: true,
        requestedBy: supervisor.id,
      },
    ]);
    refusal = "It is a quiet hour there.";
    const refused = await supervisor.post("/console/outgoing/call", form);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("There will be no call. It is a quiet hour there.");
    expect((await supervisor.post("/console/outgoing/call", { ...form, number: "12" })).status).toBe(400);
    expect(wishes).toHaveLength(2);
    expect((await line.accesses()).map(({ action }) => action)).toContain("called");
    expect(JSON.stringify(line.rows("access_log"))).not.toContain("5550199");
  });

  it("finds what was not understood, reads it on record, and says when it is dealt with", async () => {
    await correspondent(line, "+14155550177").writes("Is it open on Sunday?");
    const supervisor = await line.operator("supervisor");
    const listed = await supervisor.page("/console/inbox");
    expect(listed).toContain("+1••••••0177");
    expect(listed).not.toContain("Sunday");
    expect(listed).toMatch(/class="waiting"\s*>1</);
    const [message] = await line.memory.messages.inbox({ after: 0, limit: 1 });
    const path = `/console/inbox/acme-dental/${message?.id}`;
    expect(await (await supervisor.post(`${path}/read`)).text()).toContain("Is it open on Sunday?");
    expect((await line.accesses())[0]).toMatchObject({
      action: "read",
      actorName: supervisor.email,
      subject: message?.subscriberId,
      detail: `message ${message?.id}`,
    });
    expect((await supervisor.post(`${path}/handled`)).headers.get("location")).toBe(
      "/console/inbox?done=handled",
    );
    expect((await supervisor.post(`${path}/handled`)).headers.get("location")).toBe(
      "/console/inbox?done=before",
    );
    expect(await supervisor.page("/console/inbox")).toContain("Nothing waits.");
    expect(await supervisor.page("/console/today")).not.toContain('class="waiting"');
    expect(line.rows("message")).toMatchObject([{ handled_by: supervisor.email }]);
    expect(line.rows("entry")).toEqual([]);
  });

  it("is told of simulated messages on a line for real callers only where they ask for them", async () => {
    const real = await startConsoleLine({ parts: { showSimulated: false } });
    onTestFinished(() => real.stop());
    await correspondent(real, "+14155550177").writes("Is it open on Sunday?");
    const supervisor = await real.operator("supervisor");
    const shown = await supervisor.page("/console/inbox");
    expect(shown).toContain("Nothing waits.");
    expect(shown).not.toContain('class="waiting"');
    expect(shown).toContain('href="/console/inbox?world=all"');
    expect(await supervisor.page("/console/inbox?world=all")).toContain("+1••••••0177");
    const [message] = await real.memory.messages.inbox({ after: 0, limit: 1 });
    const path = `/console/inbox/acme-dental/${message?.id}`;
    const read = await (await supervisor.post(`${path}/read`, { world: "all" })).text();
    expect(read).toContain("Is it open on Sunday?");
    expect((await supervisor.post(`${path}/handled`, { world: "all" })).headers.get("location")).toBe(
      "/console/inbox?world=all&done=handled",
    );
  });

  it("does not read a person's words where the access log cannot be written", async () => {
    await correspondent(line, "+14155550177").writes("Is it open on Sunday?");
    const [message] = await line.memory.messages.inbox({ after: 0, limit: 1 });
    const supervisor = await line.operator("supervisor");
    line.connection.client.exec(
      "CREATE TRIGGER full BEFORE INSERT ON access_log BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    const answer = await supervisor.post(`/console/inbox/acme-dental/${message?.id}/read`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("Sunday");
  });
});

describe("what was agreed another way than by phone", () => {
  it("is listed with the newest first, and Today counts it and leads there", async () => {
    const someone = correspondent(line, "+14155550166");
    await someone.writes("START");
    const [notice] = await someone.gets();
    await someone.writes("Yes", { ButtonPayload: `yes:${notice?.id}` });
    line.clock.now += 1_000;
    await someone.writes("STOP");
    await line.granted("+14155550123");
    const viewer = await line.operator("viewer");
    const shown = await viewer.page("/console/entries?source=whatsapp");
    expect(shown.match(/\+1••••••0166/g)).toHaveLength(2);
    expect(shown).not.toContain("0123");
    expect(shown.indexOf('data-tone="revoked"')).toBeLessThan(shown.indexOf('data-tone="granted"'));
    const today = await viewer.page("/console/today");
    const href = /href="(\/console\/entries\?source=whatsapp[^"]*kind=granted)"/.exec(today)?.[1] ?? "";
    expect(today).toMatch(/Granted<\/span\s*>\s*<strong>1<\/strong>/);
    const led = await viewer.page(href.replaceAll("&amp;", "&"));
    expect(led.match(/\+1••••••0166/g)).toHaveLength(1);
    expect(await viewer.page("/console/entries?source=api")).toContain("No such entry.");
    expect(await viewer.page("/console/entries?world=real")).toContain("No such entry.");
    expect((await viewer.get("/console/entries?source=call")).status).toBe(400);
  });
});
