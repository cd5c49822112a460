import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PUBLIC_URL } from "../support/line.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
beforeEach(async () => {
  line = await startConsoleLine();
});
afterEach(() => line.stop());

async function somebody() {
  const callSid = await line.granted();
  const [person] = await line.reading.findSubscribers({ kind: "number", number: "+14155550123" }, 1);
  const [entry] = (await line.reading.call("acme-dental", callSid))?.entries ?? [];
  const path = `/console/subscribers/acme-dental/${person?.id}`;
  return {
    callSid,
    path,
    id: person?.id,
    evidence: `/console/evidence/acme-dental/${entry?.id}?call=${callSid}`,
  };
}

const withdrawal = { topic: "appointment-reminders", reason: "asked in writing", confirmed: "yes" };

describe("a page of somebody else (row 54)", () => {
  it("cannot show the console in a frame, and no script or style of its own runs in it", async () => {
    const answer = await line.stranger().get("/console/sign-in");
    expect(answer.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });
});

describe("a viewer", () => {
  it("looks at everything with masked numbers", async () => {
    const { callSid, path } = await somebody();
    const viewer = await line.operator("viewer");
    const pages = ["/console/today", "/console/log", `/console/calls/acme-dental/${callSid}`, path];
    for (const page of pages) {
      const shown = await viewer.page(page);
      expect(shown).toContain("+1••••••0123");
      expect(shown.replaceAll(/\D/g, "")).not.toContain("4155550123");
      expect(shown).not.toContain("Reveal");
    }
  });

  it("who types a number into an address leaves none of it in the access log, where it would stay for ever", async () => {
    const { path } = await somebody();
    const viewer = await line.operator("viewer");
    for (const typed of ["+14155550123", "%2B1%20(415)%20555-0123", "4155550123"])
      expect((await viewer.get(`/console/evidence/acme-dental/${typed}`)).status).toBe(403);
    expect((await viewer.post(`${path}/erase`)).status).toBe(403);
    const told = line.rows("access_log").filter((row) => row["action"] === "refused");
    expect(told.map((row) => row["detail"])).toEqual([
      "GET /console/evidence/acme-dental/…",
      "GET /console/evidence/acme-dental/%2B…",
      "GET /console/evidence/acme-dental/…",
      `POST ${path}/erase`,
    ]);
  });

  it("is refused what takes another role, and each time that is in the access log (row 57)", async () => {
    const { callSid, path, evidence } = await somebody();
    const viewer = await line.operator("viewer");
    const doors: (() => Promise<Response>)[] = [
      () => viewer.get("/console/operators"),
      () => viewer.get("/console/accesses"),
      () => viewer.get(evidence),
      () => viewer.get(evidence.replace("?", "/zip?")),
      () => viewer.post(`${path}/reveal`),
      () => viewer.post(`/console/calls/acme-dental/${callSid}/reveal`),
      () => viewer.post(`${path}/notes`, { text: "a note" }),
      () => viewer.post(`${path}/withdraw`, withdrawal),
      () => viewer.post("/console/log/export/csv"),
      () => viewer.post("/console/entries/export/csv"),
      () => viewer.post("/console/outgoing/export/ndjson"),
      () => viewer.post("/console/accesses/export/csv"),
      () => viewer.post("/console/operators", { email: "more@example.com", role: "admin" }),
      () => viewer.post(`/console/operators/${viewer.id}/role`, { role: "admin" }),
      () => viewer.get("/console/inbox"),
      () => viewer.post(`/console/inbox/acme-dental/${viewer.id}/read`),
      () => viewer.post(`/console/inbox/acme-dental/${viewer.id}/handled`),
      () => viewer.post(`${path}/messages/${viewer.id}/read`),
      () => viewer.post(`${path}/change`, { to: "+14155550199", reason: "asked", confirmed: "yes" }),
      () => viewer.post(`${path}/call`),
      () => viewer.post("/console/outgoing/call", { business: "acme-dental", number: "+14155550199" }),
      () => viewer.post(`/console/outgoing/acme-dental/${viewer.id}/retry`),
      () => viewer.get("/console/keys"),
      () => viewer.post("/console/keys", { name: "Mine", scope: "numbers:read", life: "" }),
      () => viewer.post(`/console/keys/${viewer.id}/revoke`, { confirmed: "yes" }),
      () => viewer.get("/console/endpoints"),
      () => viewer.post("/console/endpoints", { business: "acme-dental", url: "https://evil.example/" }),
      () => viewer.post(`/console/endpoints/acme-dental/${viewer.id}/disable`),
      () => viewer.post(`/console/endpoints/deliveries/acme-dental/${viewer.id}/replay`),
    ];
    for (const open of doors) expect((await open()).status).toBe(403);
    const refused = (await line.accesses()).filter(({ action }) => action === "refused");
    expect(refused).toHaveLength(doors.length);
    expect(refused.at(-1)).toMatchObject({ actorName: viewer.email, detail: "GET /console/operators" });
    expect(line.rows("entry")).toHaveLength(1);
    expect(line.rows("note")).toHaveLength(0);
  });

  it("hears on the page which role it takes", async () => {
    const viewer = await line.operator("viewer");
    expect(await viewer.page("/console/operators")).toContain(
      "This takes the role admin; you are signed in as viewer.",
    );
  });
});

describe("a supervisor", () => {
  it("does not see the number where the access log cannot be written", async () => {
    const { path } = await somebody();
    const supervisor = await line.operator("supervisor");
    line.connection.client.exec(
      "CREATE TRIGGER full BEFORE INSERT ON access_log BEGIN SELECT RAISE(ABORT, 'full'); END",
    );
    const answer = await supervisor.post(`${path}/reveal`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("415 555 0123");
  });

  it("withdraws with a reason after a confirmation, once however often the button is pressed", async () => {
    const { path } = await somebody();
    const supervisor = await line.operator("supervisor");
    const { confirmed: _, ...first } = withdrawal;
    const asked = await (await supervisor.post(`${path}/withdraw`, first)).text();
    expect(asked).toContain("Withdraw the simulated consent?");
    expect(line.rows("entry")).toHaveLength(1);
    const request = /name="request"\s+value="([^"]+)"/.exec(asked)?.[1] ?? "";
    await supervisor.post(`${path}/withdraw`, { ...withdrawal, request });
    await supervisor.post(`${path}/withdraw`, { ...withdrawal, request });
    expect(line.rows("entry")).toMatchObject([
      { kind: "granted" },
      {
        kind: "revoked",
        source: "console",
        topics: '["appointment-reminders"]',
        simulated: 1,
      },
    ]);
    const shown = await supervisor.page(`${path}?done=withdrew`);
    expect(shown).toContain("Consent is withdrawn");
    expect(shown).toContain("Reason: asked in writing");
    expect((await line.accesses()).map(({ action }) => action)).toContain("withdrew");
  });

  it("cannot write a telephone number into a reason, for it would stay there for ever", async () => {
    const { path } = await somebody();
    const supervisor = await line.operator("supervisor");
    const reason = "caller +1 415 555 0155 asked";
    const answer = await supervisor.post(`${path}/withdraw`, { ...withdrawal, reason });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("without a telephone number");
    expect(line.rows("entry")).toHaveLength(1);
    expect(JSON.stringify(line.rows("access_log"))).not.toContain("0155");
  });

  it("goes back to the page, not to the answer of a POST, when the theme is changed", async () => {
    const { path } = await somebody();
    const supervisor = await line.operator("supervisor");
    for (const answered of ["reveal", "withdraw"]) {
      const headers = { origin: PUBLIC_URL, referer: `${PUBLIC_URL}${path}/${answered}` };
      const answer = await supervisor.post("/console/preferences", { theme: "dark" }, headers);
      expect(answer.headers.get("location")).toBe(path);
    }
  });

  it("cannot withdraw without a reason, or from a topic that is not there", async () => {
    const { path } = await somebody();
    const supervisor = await line.operator("supervisor");
    expect((await supervisor.post(`${path}/withdraw`, { ...withdrawal, reason: " " })).status).toBe(400);
    expect((await supervisor.post(`${path}/withdraw`, { ...withdrawal, topic: "made-up" })).status).toBe(400);
    expect(line.rows("entry")).toHaveLength(1);
  });
});

describe("an admin", () => {
  it("adds an operator, changes the role, resets the password and disables; each is in the access log", async () => {
    const admin = await line.operator("admin");
    const added = await (
      await admin.post("/console/operators", { email: "New@Example.com", role: "viewer" })
    ).text();
    const password = /class="secret"\s*>([^<]+)</.exec(added)?.[1] ?? "";
    const { browser, response } = await line.signIn("new@example.com", password);
    expect(response.status).toBe(303);
    const id = (await line.identity.list()).find(({ email }) => email === "new@example.com")?.id ?? "";
    await admin.post(`/console/operators/${id}/role`, { role: "supervisor" });
    expect((await browser.get("/console/accesses")).status).toBe(200);
    await admin.post(`/console/operators/${id}/reset`);
    expect((await browser.get("/console/today")).status).toBe(303);
    await admin.post(`/console/operators/${id}/disable`);
    expect((await line.signIn("new@example.com", password)).response.status).toBe(401);
    const actions = (await line.accesses()).map(({ action }) => action);
    for (const action of ["operator-added", "operator-changed", "operator-disabled"])
      expect(actions).toContain(action);
  });

  it("cannot take their own rights away, and not add the same operator twice", async () => {
    const admin = await line.operator("admin");
    expect((await admin.post(`/console/operators/${admin.id}/disable`)).status).toBe(400);
    expect((await admin.post(`/console/operators/${admin.id}/role`, { role: "viewer" })).status).toBe(400);
    expect((await admin.post("/console/operators", { email: admin.email, role: "viewer" })).status).toBe(400);
    expect((await admin.get("/console/operators")).status).toBe(200);
  });
});
