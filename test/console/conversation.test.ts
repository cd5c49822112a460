import { strFromU8, unzipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import type { CallWish } from "../../src/console/parts.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";
import { correspondent } from "./correspondent.ts";

const wishes: CallWish[] = [];
let refusal: string | null;
let line: ConsoleLine;
beforeEach(async () => {
  wishes.length = 0;
  refusal = null;
  line = await startConsoleLine({
    parts: {
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

const NUMBER = "+14155550166";
const HOUR_MS = 60 * 60 * 1000;

/** Agrees in the conversation; the way to their page. */
async function agreesOnWhatsApp() {
  const someone = correspondent(line, NUMBER);
  await someone.writes("START");
  const [notice] = await someone.gets();
  if (notice === undefined) throw new Error("no notice has left");
  line.clock.now += 1_000;
  await someone.writes("Yes, call me on +1 415 555 0166", {
    ButtonPayload: `yes:${notice.id}`,
    OriginalRepliedMessageSid: notice.sid,
  });
  const [confirmation] = await someone.gets();
  return { someone, notice, confirmation, path: `/console/subscribers/acme-dental/${await idOf(NUMBER)}` };
}

async function idOf(number: E164) {
  const [found] = await line.reading.findSubscribers({ kind: "number", number }, 1);
  return found?.id ?? "";
}

describe("whoever looks at a person who writes on WhatsApp", () => {
  it("reads our words, how far each message came, and theirs only on record", async () => {
    const { someone, confirmation, path } = await agreesOnWhatsApp();
    if (confirmation !== undefined) await someone.fate(confirmation, "delivered");
    const viewer = await line.operator("viewer");
    const seen = await viewer.page(path);
    expect(seen).toContain("Reply YES to agree");
    expect(seen).toMatch(/Delivered<\/span\s*>/);
    expect(seen).not.toContain("call me");
    expect(seen).not.toContain("Read message");
    const supervisor = await line.operator("supervisor");
    const button = /action="([^"]*\/messages\/[^"]*\/read)"/.exec(await supervisor.page(path))?.[1] ?? "";
    expect(await (await supervisor.post(button)).text()).toContain("call me on +1 415 555 0166");
    expect((await line.accesses())[0]).toMatchObject({
      action: "read",
      actorName: supervisor.email,
      subject: await idOf(NUMBER),
    });
  });

  it("cannot read another person's message through this one's page", async () => {
    const { path } = await agreesOnWhatsApp();
    await correspondent(line, "+14155550177").writes("a secret");
    const [message] = await line.memory.messages.inbox({ after: 0, limit: 1 });
    const supervisor = await line.operator("supervisor");
    const answer = await supervisor.post(`${path}/messages/${message?.id}/read`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain("a secret");
  });

  it("sees that they blocked us, until a later message arrives", async () => {
    const { someone, confirmation, path } = await agreesOnWhatsApp();
    if (confirmation !== undefined) await someone.fate(confirmation, "undelivered", 63014);
    const viewer = await line.operator("viewer");
    expect(await viewer.page(path)).toContain("Blocked</span");
    await someone.writes("HELP");
    const [help] = await someone.gets();
    if (help !== undefined) await someone.fate(help, "delivered");
    expect(await viewer.page(path)).not.toContain("Blocked</span");
  });
});

describe("a supervisor who changes a number", () => {
  const form = { to: "(415) 555-0188", reason: "Asked on the phone" };

  it("confirms it once; the old consent ends, the new number is asked, and both are linked", async () => {
    const { path } = await agreesOnWhatsApp();
    const supervisor = await line.operator("supervisor");
    const asked = await (await supervisor.post(`${path}/change`, form)).text();
    expect(asked).toContain("+1 415 555 0188");
    expect(line.rows("entry")).toHaveLength(1);
    const request = /name="request"\s+value="([^"]+)"/.exec(asked)?.[1] ?? "";
    const confirmed = { to: "+14155550188", reason: form.reason, confirmed: "yes", request };
    for (let times = 0; times < 2; times++) await supervisor.post(`${path}/change`, confirmed);
    const [granted, ended, pending] = line.rows("entry");
    expect(line.rows("entry")).toHaveLength(3);
    expect(granted).toMatchObject({ kind: "granted" });
    expect(ended).toMatchObject({ kind: "revoked", source: "console" });
    const shown = await (await supervisor.get(path)).text();
    expect(shown).toContain("Reason: Asked on the phone");
    expect(pending).toMatchObject({ kind: "pending", supersedes: ended?.["id"] });
    const moved = (await line.accesses()).find(({ action }) => action === "moved");
    expect(moved).toMatchObject({ actorName: supervisor.email, subject: await idOf(NUMBER) });
    expect(JSON.stringify(line.rows("access_log"))).not.toContain("5550188");

    const page = await supervisor.page(`/console/subscribers/acme-dental/${await idOf("+14155550188")}`);
    const ends = new Date(line.clock.now + 72 * HOUR_MS).toISOString();
    expect(page).toContain(`ends <time datetime="${ends}"`);
    expect(page).toContain(`/console/evidence/acme-dental/${String(ended?.["id"])}?`);
    const evidence = await supervisor.page(`/console/evidence/acme-dental/${String(pending?.["id"])}`);
    expect(evidence).toContain("Supersedes");
    expect(evidence).toContain(String(ended?.["id"]));
  });

  it("is told what is wrong with it, and nothing is written", async () => {
    const { path } = await agreesOnWhatsApp();
    const supervisor = await line.operator("supervisor");
    for (const [wrong, words] of [
      [{ ...form, to: "0188" }, "write it with its country code"],
      [{ ...form, to: NUMBER }, "the number that is to be changed"],
      [{ ...form, reason: "" }, "A change needs a reason."],
      [{ ...form, reason: "now +1 415 555 0188" }, "without a telephone number"],
    ] as const) {
      const answer = await supervisor.post(`${path}/change`, { ...wrong, confirmed: "yes" });
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain(words);
    }
    expect(line.rows("entry")).toHaveLength(1);
  });
});

describe("a supervisor who calls a person", () => {
  it("asks for one call in a language of the business, or reads why there will be none", async () => {
    const { path } = await agreesOnWhatsApp();
    const supervisor = await line.operator("supervisor");
    const request = "01a20701-0000-7000-8000-000000000001";
    const answer = await supervisor.post(`${path}/call`, { locale: "en-US", request });
    expect(answer.headers.get("location")).toBe(`${path}?done=called`);
    expect(wishes[0]).toMatchObject({ to: NUMBER, locale: "en-US", cause: `console:${request}` });
    refusal = "The person has withdrawn.";
    const refused = await supervisor.post(`${path}/call`, { locale: "xx" });
    expect(await refused.text()).toContain("There will be no call. The person has withdrawn.");
    expect(wishes[1]).toMatchObject({ locale: null });
    expect((await line.accesses()).filter(({ action }) => action === "called")).toHaveLength(2);
  });
});

describe("evidence of a yes on WhatsApp", () => {
  it("holds the notice, the answer with its numbers taken out, their ids and times, on the page and in the ZIP", async () => {
    const { notice } = await agreesOnWhatsApp();
    const [entry] = line.rows("entry");
    const supervisor = await line.operator("supervisor");
    const path = `/console/evidence/acme-dental/${String(entry?.["id"])}`;
    const shown = await supervisor.page(path);
    expect(shown).toContain("Reply YES to agree");
    expect(shown).toContain(notice.id);
    expect(shown).toContain(notice.sid);
    expect(shown).toContain("Yes, call me on •••");
    expect(shown.replaceAll(/\D/g, "")).not.toContain("4155550166");
    expect(shown.match(/>holds</g)).toHaveLength(5);
    const zip = unzipSync(new Uint8Array(await (await supervisor.get(`${path}/zip`)).arrayBuffer()));
    const messages = JSON.parse(strFromU8(zip["messages.json"] ?? new Uint8Array())) as Record<
      string,
      unknown
    >;
    expect(messages).toMatchObject({
      notice: { id: notice.id, twilioSid: notice.sid, purpose: "notice" },
      reply: { words: "Yes, call me on •••", button: `yes:${notice.id}`, repliesTo: notice.id },
    });
    expect(strFromU8(zip["notice.txt"] ?? new Uint8Array())).toContain("Reply YES to agree");
  });

  it("says so where the answer does not fit the notice", async () => {
    await agreesOnWhatsApp();
    const [entry] = line.rows("entry");
    line.connection.client.exec("DROP TRIGGER message_never_changes");
    line.connection.client.exec("UPDATE message SET replies_to = 'another' WHERE direction = 'in'");
    const supervisor = await line.operator("supervisor");
    const shown = await supervisor.page(`/console/evidence/acme-dental/${String(entry?.["id"])}`);
    expect(shown).toContain("DOES NOT HOLD");
  });

  it("leads from a confirmed number to what it confirms", async () => {
    const { path } = await agreesOnWhatsApp();
    const supervisor = await line.operator("supervisor");
    await supervisor.post(`${path}/change`, { to: "+14155550188", reason: "asked", confirmed: "yes" });
    const other = correspondent(line, "+14155550188");
    const verification = (await other.gets()).find(({ purpose }) => purpose === "verification");
    await other.writes("Yes", { ButtonPayload: `yes:${verification?.id}` });
    const confirmed = line.rows("entry").at(-1);
    expect(confirmed).toMatchObject({ kind: "confirmed" });
    const shown = await supervisor.page(`/console/evidence/acme-dental/${String(confirmed?.["id"])}`);
    expect(shown).toContain("Confirms");
    expect(shown).toContain(String(confirmed?.["confirms"]));
  });
});
