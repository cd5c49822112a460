import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LedgerUnavailable } from "../../src/ledger/ledger.ts";
import { startApiLine, type ApiLine, type Asked, type Told } from "./api-line.ts";

const PERMISSIONS = "/api/v1/permissions";
const question = { business: "acme-dental", to: "+14155550123", topic: "policy-updates" };

let line: ApiLine;
beforeAll(async () => {
  line = await startApiLine();
});
afterAll(() => line.stop());

function expectProblem(told: Told, status: number, kind: string): void {
  expect(told.status, told.text).toBe(status);
  expect(told.headers.get("content-type")).toBe("application/problem+json");
  expect(told.headers.get("cache-control")).toBe("no-store");
  expect(told.body).toMatchObject({ type: `https://line.test/api/docs/problems#${kind}`, status });
  expect(told.body.title).toMatch(/\w/);
  expect(told.body.detail).toMatch(/\w/);
}

const REFUSED: readonly [string, string, Asked, number, string][] = [
  ["GET", "/api/v1/nothing", {}, 404, "not-found"],
  ["GET", "/api/", {}, 404, "not-found"],
  ["GET", "/api/docs/assets/other.js", {}, 404, "not-found"],
  ["GET", "/api/docs/assets/__proto__", {}, 404, "not-found"],
  ["DELETE", PERMISSIONS, {}, 405, "method-not-allowed"],
  ["GET", PERMISSIONS, {}, 405, "method-not-allowed"],
  ["POST", "/api/v1/entries", {}, 405, "method-not-allowed"],
  ["OPTIONS", "/api/v1/openapi.json", {}, 405, "method-not-allowed"],
  ["POST", PERMISSIONS, { body: "{" }, 400, "invalid-request"],
  ["POST", PERMISSIONS, { body: "[]" }, 400, "invalid-request"],
  ["POST", PERMISSIONS, { body: "" }, 400, "invalid-request"],
  ["POST", PERMISSIONS, {}, 400, "invalid-request"],
  [
    "POST",
    PERMISSIONS,
    { body: question, headers: { "Content-Type": "text/plain" } },
    415,
    "unsupported-media-type",
  ],
  ["POST", PERMISSIONS, { body: `"${"x".repeat(65_536)}"` }, 413, "body-too-large"],
  ["GET", "/api/v1/consents/4155550123", {}, 400, "invalid-request"],
  ["GET", "/api/v1/consents/+1", {}, 400, "invalid-request"],
  ["GET", "/api/v1/entries/7", {}, 400, "invalid-request"],
];

describe("whoever asks wrongly is told so in problem details:", () => {
  it.each(REFUSED)("%s %s with %j is %i %s", async (method, path, asked, status, kind) => {
    const told = await line.ask(method, path, asked);
    expect(told.status).toBe(status);
    expectProblem(told, status, kind);
  });

  it("each wrong place is pointed at, and no value is quoted", async () => {
    const body = { business: 7, to: "0049 171 5550123", topic: "", "x/y": "+14155550123" };
    const told = await line.ask("POST", PERMISSIONS, { body });
    expectProblem(told, 400, "invalid-request");
    const pointers = told.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers.toSorted()).toEqual(["#", "#/business", "#/to", "#/topic"]);
    expect(told.text).not.toContain("5550123");
  });

  it("the methods that a path has are listed", async () => {
    const told = await line.ask("PUT", "/api/v1/entries");
    expect(told.headers.get("allow")).toBe("GET, HEAD");
  });

  it("every problem that the API tells of is explained on the page that its type leads to", async () => {
    const { text } = await line.ask("GET", "/api/docs/problems", { key: null });
    for (const [, , , , kind] of REFUSED) expect(text).toContain(`id="${kind}"`);
  });
});

describe("what fails on our side", () => {
  it("is told without the inside", async () => {
    const broken = await startApiLine({
      decisions: {
        ask: () => {
          throw new Error("SQLITE_CORRUPT near +14155550123");
        },
      },
    });
    const told = await broken.ask("POST", PERMISSIONS, { body: question });
    expectProblem(told, 500, "internal-error");
    expect(told.text).not.toContain("SQLITE");
    expect(broken.errors).toHaveLength(1);
    await broken.stop();
  });

  it("says when to come back where the database takes no writes", async () => {
    const full = await startApiLine({
      reading: { logAccess: () => Promise.reject(new LedgerUnavailable("database is locked")) },
    });
    const body = { business: "acme-dental" };
    const told = await full.ask("POST", "/api/v1/consents/+14155550123/revocations", { body });
    expectProblem(told, 503, "unavailable");
    expect(told.headers.get("retry-after")).toBe("1");
    expect(full.rows("entry")).toEqual([]);
    await full.stop();
  });
});
