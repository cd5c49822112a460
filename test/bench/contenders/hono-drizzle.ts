import { createHmac, timingSafeEqual } from "node:crypto";
import { parse } from "node:querystring";
import { parseArgs } from "node:util";
import { serve } from "@hono/node-server";
import { Hono, type Context } from "hono";
// As we load it: as ES modules it takes a third of a second and 200 MB more.
import { drizzle, integer, sql, sqliteTable, text } from "../../../src/ledger/sqlite/drizzle.ts";
import { groupedCommit, openDurable } from "./durable.ts";
import { ASKS, THANKS } from "./prompts.ts";

/**
 * What Yesline is made of and nothing else: a bare Hono route, one HMAC, one row a request through drizzle, all rows of
 * an event-loop turn in one durable commit, a string that is ready. The token comes from TWILIO_AUTH_TOKEN.
 */
const { values } = parseArgs({ options: { file: { type: "string" } } });
const database = openDurable(values.file ?? "");
const event = sqliteTable("event", {
  seq: integer().primaryKey(),
  sid: text(),
  caller: text(),
  path: text(),
  key: text(),
  at: integer(),
});
database.exec(
  "CREATE TABLE event (seq INTEGER PRIMARY KEY, sid TEXT, caller TEXT, path TEXT, key TEXT, at INTEGER)",
);
const slot = (name: string) => sql.placeholder(name);
const add = drizzle(database)
  .insert(event)
  .values({ sid: slot("sid"), caller: slot("caller"), path: slot("path"), key: slot("key"), at: slot("at") })
  .prepare();
const commit = groupedCommit(database);
const token = process.env["TWILIO_AUTH_TOKEN"] ?? "";
const XML = { "Content-Type": "text/xml" };

const app = new Hono();
app.post("/voice", (c) => take(c, () => c.body(ASKS, 200, XML)));
app.post("/voice/choice", (c) => take(c, () => c.body(THANKS, 200, XML)));
app.post("/voice/status", (c) => take(c, () => c.body(null, 204)));

async function take(c: Context, answer: () => Response): Promise<Response> {
  const fields = parse(await c.req.text());
  let signed = c.req.url;
  for (const name of Object.keys(fields).toSorted()) signed += name + String(fields[name]);
  const expected = createHmac("sha1", token).update(signed).digest();
  const given = Buffer.from(c.req.header("x-twilio-signature") ?? "", "base64");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return c.body(null, 403);
  const { CallSid: sid, From: caller, Digits: key = null } = fields;
  await commit(() => add.run({ sid, caller, path: c.req.path, key, at: Date.now() }));
  return answer();
}

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) =>
  process.stdout.write(`Hono with drizzle answers at http://127.0.0.1:${port}\n`),
);
process.once("SIGTERM", () => process.exit());
