import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOfKey } from "../../src/ledger/key-text.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

const A_DAY_MS = 24 * 60 * 60 * 1000;
const key = {
  name: "Reminders",
  scope: ["permissions", "consents:read"],
  business: "acme-dental",
  life: "90",
};
const endpoint = {
  business: "acme-dental",
  url: "https://crm.example.com/hooks",
  kind: ["granted", "revoked"],
  description: "The calendar",
};

const secretIn = (shown: string) => /<code class="secret break">([^<]+)<\/code>/.exec(shown)?.[1] ?? "";

describe("an admin who adds a key for another system", () => {
  it("sees the key once, and only a digest of it is kept", async () => {
    const admin = await line.operator("admin");
    const text = secretIn(await (await admin.post("/console/keys", key)).text());
    expect(text).toMatch(/^yl_[\w-]{43}$/);
    expect(await line.memory.keys.find(digestOfKey(text), line.clock.now)).toMatchObject({
      name: "Reminders",
      scopes: ["consents:read", "permissions"],
      businesses: ["acme-dental"],
      createdBy: admin.email,
      expiresAt: line.clock.now + 90 * A_DAY_MS,
    });
    const listed = await admin.page("/console/keys");
    expect(listed).toContain("Reminders");
    expect(listed).not.toContain(text);
    expect(JSON.stringify([line.rows("api_key"), line.rows("access_log")])).not.toContain(text);
    expect((await line.accesses())[0]).toMatchObject({
      action: "key-added",
      actorName: admin.email,
      detail: `Reminders (${text.slice(0, 10)}): consents:read permissions; acme-dental`,
    });
  });

  it("is told what is missing, keeps what was typed, and no key is made", async () => {
    const admin = await line.operator("admin");
    for (const [wrong, words] of [
      [{ ...key, name: "" }, "A key needs a name."],
      [{ ...key, scope: [] }, "choose what it may"],
      [{ ...key, scope: ["everything"] }, "Choose from what the form offers."],
      [{ ...key, business: "nobody" }, "Choose from what the form offers."],
      [{ ...key, life: "9999" }, "Choose from what the form offers."],
      [{ ...key, name: "For +1 415 555 0123" }, "without a telephone number"],
    ] as const) {
      const answer = await admin.post("/console/keys", wrong);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain(words);
    }
    expect(line.rows("api_key")).toEqual([]);
  });

  it("revokes it after a confirmation, and it opens nothing any more", async () => {
    const admin = await line.operator("admin");
    const text = secretIn(await (await admin.post("/console/keys", key)).text());
    const [made] = await line.memory.keys.list();
    const path = `/console/keys/${made?.id}/revoke`;
    expect(await (await admin.post(path)).text()).toContain("Revoke the key?");
    expect((await line.memory.keys.list())[0]?.revokedAt).toBeNull();
    expect((await admin.post(path, { confirmed: "yes" })).headers.get("location")).toBe(
      "/console/keys?done=revoked",
    );
    expect(await line.memory.keys.find(digestOfKey(text), line.clock.now)).toBeNull();
    expect((await line.accesses())[0]).toMatchObject({ action: "key-revoked", subject: made?.id });
    expect((await admin.post(path, { confirmed: "yes" })).status).toBe(400);
  });
});

describe("a page of somebody else", () => {
  it("makes no key, no endpoint, no call and no other number, though an admin's browser sends it", async () => {
    await line.granted();
    const [person] = await line.reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 1);
    const admin = await line.operator("admin");
    const foreign = { origin: "https://evil.example" };
    const path = `/console/subscribers/acme-dental/${person?.id}`;
    for (const [to, form] of [
      ["/console/keys", key],
      ["/console/endpoints", endpoint],
      ["/console/outgoing/call", { business: "acme-dental", number: "+14155550199" }],
      [`${path}/change`, { to: "+14155550199", reason: "asked", confirmed: "yes" }],
    ] as const) {
      expect((await admin.post(to, form, foreign)).status).toBe(403);
    }
    expect([line.rows("api_key"), line.rows("endpoint"), line.rows("entry").length]).toEqual([[], [], 1]);
  });
});

describe("an admin who adds an endpoint", () => {
  it("sees its secret once, and it is told what is recorded from then on", async () => {
    const admin = await line.operator("admin");
    const secret = secretIn(await (await admin.post("/console/endpoints", endpoint)).text());
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const [made] = await line.memory.endpoints.list();
    expect(made).toMatchObject({ url: "https://crm.example.com/hooks", kinds: ["granted", "revoked"] });
    expect(await line.memory.endpoints.secret("acme-dental", made?.id ?? "")).toBe(secret);
    expect(await admin.page("/console/endpoints")).not.toContain(secret);
    await line.granted();
    const shown = await admin.page(`/console/endpoints?endpoint=${made?.id}`);
    expect(shown).toMatch(/Waiting<\/span\s*>/);
    expect((await line.accesses()).map(({ action }) => action)).toContain("endpoint-added");
  });

  it("cannot name an address that events must not go to", async () => {
    const admin = await line.operator("admin");
    for (const url of [
      "http://crm.example.com/",
      "https://10.0.0.8/",
      "https://a:b@crm.example.com/",
      "ftp:x",
    ]) {
      expect((await admin.post("/console/endpoints", { ...endpoint, url })).status).toBe(400);
    }
    expect((await admin.post("/console/endpoints", { ...endpoint, kind: [] })).status).toBe(400);
    expect(await line.memory.endpoints.list()).toEqual([]);
  });

  it("switches it off and on again, and each is in the access log", async () => {
    const admin = await line.operator("admin");
    await admin.post("/console/endpoints", endpoint);
    const id = (await line.memory.endpoints.list())[0]?.id ?? "";
    await admin.post(`/console/endpoints/acme-dental/${id}/disable`);
    expect((await line.memory.endpoints.list())[0]?.disabledAt).toBe(line.clock.now);
    await admin.post(`/console/endpoints/acme-dental/${id}/enable`);
    expect((await line.memory.endpoints.list())[0]?.disabledAt).toBeNull();
    const actions = (await line.accesses()).map(({ action }) => action);
    expect(actions.slice(0, 2)).toEqual(["endpoint-enabled", "endpoint-disabled"]);
  });

  it("replays a delivery as a new one, but not one that is still on its way", async () => {
    const admin = await line.operator("admin");
    await admin.post("/console/endpoints", endpoint);
    await line.granted();
    const [job] = await line.memory.outgoing.list({ kind: "event", limit: 1 });
    const path = `/console/endpoints/deliveries/acme-dental/${job?.id}/replay`;
    expect((await admin.post(path)).status).toBe(400);
    const [claimed] = await line.memory.outgoing.claim({
      now: line.clock.now,
      leaseMs: 1_000,
      limit: 1,
      kinds: ["event"],
    });
    await line.memory.outgoing.accepted(claimed?.id ?? "", null, line.clock.now);
    expect((await admin.post(path)).status).toBe(303);
    expect(await line.memory.outgoing.list({ kind: "event", limit: 9 })).toMatchObject([
      { state: "waiting", entryId: job?.entryId },
      { state: "sent" },
    ]);
    expect((await line.accesses())[0]).toMatchObject({ action: "replayed", subject: job?.entryId });
  });
});
