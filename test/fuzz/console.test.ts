import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startConsoleLine, type ConsoleLine } from "../console/console-line.ts";
import { PUBLIC_URL, sid } from "../support/line.ts";
import { mutated, text } from "./junk.ts";
import { PATIENCE, promptly, runs } from "./runs.ts";

let line: ConsoleLine;
let admin: Awaited<ReturnType<ConsoleLine["operator"]>>;
beforeAll(async () => {
  line = await startConsoleLine();
  await line.granted();
  admin = await line.operator("admin");
});
afterAll(() => line.stop());

/** They end the visit, hash for tens of milliseconds, ask another host, or go on until somebody leaves. */
const LEFT_OUT = /sign-out|sign-in|single-sign-on|callback|password|second-factor|\/log\/live|\/operators$/;

type Route = { readonly method: string; readonly path: string };
const routes = (): readonly Route[] =>
  line.app.routes
    .filter(({ path, method }) => path.startsWith("/console/") && method !== "ALL" && !LEFT_OUT.test(path))
    .map(({ method, path }) => ({ method, path }));

/** Names that some page reads, from its address or its form. */
const NAMES = [
  ["after", "attestation", "before", "business", "code", "confirmed", "cursor", "description", "digits"],
  [
    "direction",
    "done",
    "email",
    "endpoint",
    "format",
    "from",
    "jurisdiction",
    "keep",
    "keys",
    "kind",
    "life",
  ],
  [
    "locale",
    "name",
    "next",
    "number",
    "outcome",
    "page",
    "q",
    "query",
    "reach",
    "reason",
    "reference",
    "request",
  ],
  [
    "role",
    "scope",
    "script",
    "since",
    "sort",
    "text",
    "theme",
    "to",
    "topic",
    "until",
    "url",
    "who",
    "world",
  ],
  ["__proto__", "x"],
].flat();

const GOOD = [
  ["acme-dental", "hotel-miramar", "policy-updates", "granted", "en-US", "US", "inbound", "all", "real"],
  ["2026-11-22", "2026-01-01", "0123", "123456", "newest", "csv", "ndjson", "next", "last", "1", "yes"],
  ["+14155550123", "nobody", "https://crm.example/hook", "a reason", "acme-dental/nobody"],
].flat();

const value = fc.oneof(fc.constantFrom(...GOOD), text, mutated(fc.constantFrom(...GOOD)));
const pairs = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 6 });

/** What a part of a path may be: an id that is there, one that is not, or neither. */
const part = fc.oneof(
  fc.constantFrom("acme-dental", "csv", "ndjson", "disable", "erase", sid("CA")),
  fc.constant("a call that is there"),
  fc.constant("a person that is there"),
  fc.uuid(),
  text,
);

const visit = fc.record({
  route: fc.nat(),
  parts: fc.array(part, { minLength: 4, maxLength: 4 }),
  query: pairs,
  form: pairs,
  type: fc.oneof(
    { weight: 12, arbitrary: fc.constant("application/x-www-form-urlencoded") },
    fc.constantFrom(
      "multipart/form-data",
      "multipart/form-data; boundary=x",
      "application/json",
      "text/plain",
    ),
  ),
  raw: fc.oneof(
    { weight: 9, arbitrary: fc.constant(null) },
    text,
    fc.constant("--x\r\n"),
    fc.constant("a=%"),
  ),
  headers: fc.oneof(
    { weight: 5, arbitrary: fc.constant<Record<string, string>>({}) },
    fc.dictionary(
      fc.constantFrom(
        "accept",
        "accept-language",
        "referer",
        "if-none-match",
        "last-event-id",
        "x-forwarded-for",
      ),
      fc.string({ unit: "grapheme-ascii", maxLength: 40 }).map((given) => given.trim()),
      { maxKeys: 2, noNullPrototype: true },
    ),
  ),
});

function encoded(fields: readonly (readonly [string, string])[]): string {
  const form = new URLSearchParams();
  for (const [name, held] of fields) form.append(name, held);
  return form.toString();
}

/** What a visit to a page that refuses it must leave as it was; that it was refused is in the access log. */
function recorded(): unknown {
  const tables = ["entry", "consent", "subscriber", "message", "outbox", "note", "api_key", "endpoint"];
  const { client } = line.connection;
  const there = new Set(client.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all());
  return tables
    .filter((table) => there.has(table))
    .map((table) => [table, client.prepare(`SELECT count(*) FROM ${table}`).pluck().get()]);
}

it(
  "whatever somebody who is signed in types into addresses and forms, a page answers",
  { timeout: PATIENCE },
  async () => {
    const [call] = line.rows("call");
    const known = new Map([
      ["a call that is there", String(call?.["sid"] ?? call?.["id"])],
      ["a person that is there", String(line.rows("subscriber")[0]?.["id"])],
    ]);
    const all = routes();
    expect(all.length).toBeGreaterThan(40);
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(visit, async ({ route, parts, query, form, type, raw, headers }) => {
        const { method, path } = all[route % all.length] ?? { method: "GET", path: "/console/log" };
        const given = [...parts];
        const filled = path.replaceAll(/:\w+(?:\{[^}]*\})?/g, () => {
          const next = given.shift() ?? "";
          return encodeURIComponent((known.get(next) ?? next).toWellFormed()) || "x";
        });
        const asked = encoded(query);
        const body = raw ?? encoded(form);
        const before = recorded();
        const told = await promptly(`${method} ${filled}?${asked} ${body}`, () =>
          admin.send(`${filled}?${asked}`, {
            method,
            headers: {
              ...headers,
              origin: PUBLIC_URL,
              ...(method === "POST" ? { "content-type": type } : {}),
            },
            ...(method === "POST" ? { body } : {}),
          }),
        );
        await told.text();
        seen.set(told.status, (seen.get(told.status) ?? 0) + 1);
        const wrote = told.status >= 400 && JSON.stringify(before) !== JSON.stringify(recorded());
        const where = `${method} ${path} ${told.status}`;
        expect({
          where,
          failed: told.status >= 500,
          wrote,
          errors: line.errors.splice(0).map(String),
        }).toEqual({
          where,
          failed: false,
          wrote: false,
          errors: [],
        });
      }),
      runs(200),
    );
    expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 303, 404]));
  },
);

it("a body that is no form of ours is refused before anybody takes it apart", async () => {
  const headers = { origin: PUBLIC_URL, "content-type": "multipart/form-data; boundary=x" };
  const answer = await admin.send("/console/preferences", { method: "POST", headers, body: "--x\r\n" });
  expect([answer.status, await answer.text()]).toEqual([
    415,
    "Send application/x-www-form-urlencoded, as our forms do.\n",
  ]);
});
