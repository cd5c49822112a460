import { parseArgs } from "node:util";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { knownNumber } from "../chains/permissions.ts";
import { groupedCommit, openDurable } from "./durable.ts";

/**
 * A bare Hono route with one indexed read: what "may I send this?" costs at the least. With --keep each answer is also
 * a row, and durable before it is given, as Yesline's are.
 */
const { values } = parseArgs({
  options: {
    file: { type: "string" },
    people: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const database = openDurable(values.file ?? "");
database.exec(`
  CREATE TABLE consent (number TEXT NOT NULL, topic TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (number, topic));
  CREATE TABLE decision (seq INTEGER PRIMARY KEY, number TEXT NOT NULL, topic TEXT NOT NULL, state TEXT NOT NULL);
`);
const add = database.prepare("INSERT INTO consent VALUES (?, ?, 'granted')");
database.transaction(() => {
  for (let person = 0; person < Number(values.people); person++)
    add.run(knownNumber(person), "appointment-reminders");
})();

const read = database
  .prepare<[string, string], string>("SELECT state FROM consent WHERE number = ? AND topic = ?")
  .pluck();
const keep = database.prepare("INSERT INTO decision (number, topic, state) VALUES (?, ?, ?)");
const commit = groupedCommit(database);

const app = new Hono();
app.post("/permissions", async (c) => {
  const { to, topic } = await c.req.json<{ to: string; topic: string }>();
  const state = read.get(to, topic) ?? "none";
  if (values.keep) await commit(() => keep.run(to, topic, state));
  return c.json({ allowed: state === "granted" });
});
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) =>
  process.stdout.write(`Bare Hono answers at http://127.0.0.1:${port}\n`),
);
process.once("SIGTERM", () => process.exit());
