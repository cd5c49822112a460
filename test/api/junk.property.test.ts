import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sid } from "../support/line.ts";
import { startApiLine, type ApiLine } from "./api-line.ts";

let line: ApiLine;
beforeAll(async () => {
  const plenty = { burst: 1e9, perSecond: 1e9 };
  line = await startApiLine({ allowances: { requests: plenty, permissions: plenty, failures: plenty } });
  await line.agrees("+14155550123");
});
afterAll(() => line.stop());

const RUNS = 1_500;

/** What a request that is refused must leave as it was. */
const recorded = () =>
  line.connection.client
    .prepare(
      `SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM consent), (SELECT count(*) FROM subscriber),
              (SELECT count(*) FROM outbox), (SELECT count(*) FROM message), (SELECT count(*) FROM decision)`,
    )
    .raw()
    .get();
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND"];

const segment = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom("%", "%00", "%ff", "..", ".", "+14155550123", "%2B14155550123", sid("CA"), "__proto__", ""),
  fc.uuid(),
  fc.webSegment(),
);
const path = fc.oneof(
  fc.constantFrom("/permissions", "/entries", "/calls", "/openapi.json"),
  fc.constantFrom("/consents/", "/entries/", "/calls/").chain((start) => segment.map((end) => start + end)),
  fc
    .tuple(
      fc.constantFrom("/consents/", "/calls/"),
      segment,
      fc.constantFrom("/revocations", "/changes", "/opt-in", "/"),
    )
    .map((parts) => parts.join("")),
  fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`),
);
const names = fc.constantFrom(
  "business",
  "kind",
  "since",
  "until",
  "simulated",
  "cursor",
  "limit",
  "x",
  "__proto__",
);
const query = fc
  .array(
    fc.tuple(names, fc.oneof(segment, fc.constantFrom("acme-dental", "true", "5", "2026-01-01T00:00:00Z"))),
    {
      maxLength: 4,
    },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join("&"));
const headerText = fc.string({ unit: "grapheme-ascii", maxLength: 40 }).map((text) => text.trim());
const headers = fc.record(
  {
    "Content-Type": fc.oneof(
      fc.constantFrom("application/json", "text/plain", "multipart/form-data"),
      headerText,
    ),
    "Idempotency-Key": headerText,
    Accept: headerText,
    Authorization: headerText,
  },
  { requiredKeys: [] },
);
const member = fc.oneof(
  fc.constantFrom("acme-dental", "+14155550123", "policy-updates", "2026-11-23T20:00:00Z", true, null, -1),
  fc.jsonValue({ maxDepth: 2 }),
);
const body = fc
  .oneof(
    fc.record(
      {
        business: member,
        to: member,
        topic: member,
        topics: fc.oneof(fc.array(member, { maxLength: 3 }), member),
        at: member,
        reason: member,
        simulated: member,
        locale: member,
        returnUrl: member,
        __proto__: member,
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue({ maxDepth: 3 }),
  )
  .map((value) => JSON.stringify(value));
const raw = fc.oneof(body, fc.string({ unit: "binary", maxLength: 200 }), fc.constant("[".repeat(60_000)));

it("whatever junk somebody sends, with a valid key or without, it is never our fault", async () => {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...METHODS),
      fc.oneof(
        { weight: 9, arbitrary: path.map((end) => `/api/v1${end}`) },
        path.map((end) => `/api${end}`),
      ),
      query,
      headers,
      fc.option(raw, { nil: undefined, freq: 4 }),
      fc.boolean(),
      async (method, where, asked, given, sent, withKey) => {
        const before = recorded();
        const hasBody = sent !== undefined && method !== "GET" && method !== "HEAD";
        const told = await line.ask(method, asked === "" ? where : `${where}?${asked}`, {
          key: withKey && given.Authorization === undefined ? line.everything : null,
          headers: given,
          ...(hasBody ? { body: sent } : {}),
        });
        statuses.set(told.status, (statuses.get(told.status) ?? 0) + 1);
        expect(told.status, told.text).toBeLessThan(500);
        expect(told.status < 400 || String(recorded()) === String(before), told.text).toBe(true);
        // HEAD has no body, and what leads out of /api is not the API's to answer.
        const ours = method !== "HEAD" && !/\/(?:\.|%2e)/i.test(where) && where.startsWith("/api/");
        const isProblem = told.body?.status === told.status && /\/api\/docs\/problems#/.test(told.body?.type);
        expect(told.status < 400 || !ours || isProblem, told.text).toBe(true);
      },
    ),
    { numRuns: RUNS },
  );
  expect(line.errors).toEqual([]);
  // The junk reached every kind of refusal, and some of it was no junk.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 404, 405]));
});
