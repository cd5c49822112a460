import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApiLine, type ApiLine } from "./api-line.ts";

const PERMISSIONS = "/api/v1/permissions";

let line: ApiLine;
beforeAll(async () => {
  line = await startApiLine();
});
afterAll(() => line.stop());

const NAMED = (name: string) => ({ "Idempotency-Key": name });
const question = { business: "acme-dental", to: "+14155550160", topic: "policy-updates" };

describe("a POST that is sent again with its Idempotency-Key", () => {
  it("withdraws once, and is answered the same", async () => {
    const path = "/api/v1/consents/+14155550160/revocations";
    const asked = { body: { business: "acme-dental" }, headers: NAMED("w1") };
    const first = await line.ask("POST", path, asked);
    const second = await line.ask("POST", path, asked);
    expect(first.status).toBe(201);
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(second.headers.get("content-type")).toBe("application/json");
    expect(line.rows("entry")).toHaveLength(1);
  });

  it.each([
    [PERMISSIONS, question, "decision"],
    ["/api/v1/calls", { business: "acme-dental", to: "+14155550161" }, "outbox"],
    ["/api/v1/consents/+14155550160/changes", { business: "acme-dental", to: "+14155550162" }, "entry"],
  ])("does %s once", async (path, body, table) => {
    const first = await line.ask("POST", path, { body, headers: NAMED(`once ${table}`.replace(" ", "-")) });
    expect(first.status, first.text).toBeLessThan(300);
    const rows = line.rows(table).length;
    const again = await line.ask("POST", path, { body, headers: NAMED(`once-${table}`) });
    expect(again.text).toBe(first.text);
    expect(line.rows(table)).toHaveLength(rows);
  });

  it("is refused where it is another request, and another key may use the same name", async () => {
    await line.ask("POST", PERMISSIONS, { body: question, headers: NAMED("p1") });
    const other = { ...question, topic: "appointment-reminders" };
    const refused = await line.ask("POST", PERMISSIONS, { body: other, headers: NAMED("p1") });
    expect(refused.status).toBe(422);
    expect(refused.body.type).toContain("#idempotency-key-reused");
    const key = await line.addKey();
    const told = await line.ask("POST", PERMISSIONS, { key, body: other, headers: NAMED("p1") });
    expect(told.status).toBe(200);
    expect(told.headers.get("idempotency-replayed")).toBeNull();
  });

  it("waits while the first one is under way", async () => {
    const asked = { body: question, headers: NAMED("twins") };
    const twins = await Promise.all([1, 2].map(() => line.ask("POST", PERMISSIONS, asked)));
    expect(twins.map(({ status }) => status).toSorted((one, two) => one - two)).toEqual([200, 409]);
    const late = twins.find(({ status }) => status === 409);
    expect(late?.body.type).toContain("#request-in-progress");
    expect(late?.headers.get("retry-after")).toBe("1");
  });

  it("may be mended where it was not valid", async () => {
    const wrong = { body: { ...question, at: "soon" }, headers: NAMED("mended") };
    expect((await line.ask("POST", PERMISSIONS, wrong)).status).toBe(400);
    const right = await line.ask("POST", PERMISSIONS, { body: question, headers: NAMED("mended") });
    expect(right.status).toBe(200);
  });

  it("keeps no number in clear, neither what was asked nor what was answered", async () => {
    await line.ask("POST", PERMISSIONS, { body: question, headers: NAMED("private") });
    const kept = JSON.stringify(line.rows("idempotency"));
    expect(kept).toContain("private");
    expect(kept).not.toContain("4155550160");
  });

  it("names itself in printable characters", async () => {
    const told = await line.ask("POST", PERMISSIONS, { body: question, headers: NAMED("x".repeat(256)) });
    expect(told.status).toBe(400);
    expect(told.body.errors).toMatchObject([{ header: "Idempotency-Key" }]);
  });
});

it("a request that fails on our side may be tried anew under the same key", async () => {
  let broken = true;
  const failing = await startApiLine();
  const fragile = await startApiLine({
    decisions: {
      ask: (asking) => (broken ? Promise.reject(new Error("disk")) : failing.memory.decisions.ask(asking)),
    },
  });
  const asked = { body: question, headers: NAMED("fragile") };
  expect((await fragile.ask("POST", PERMISSIONS, asked)).status).toBe(500);
  broken = false;
  expect((await fragile.ask("POST", PERMISSIONS, asked)).status).toBe(200);
  await fragile.stop();
  await failing.stop();
});
