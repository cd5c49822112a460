import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { cli } from "../support/cli.ts";
import { temporaryFolder } from "../support/memory.ts";
import { startServer, type Server } from "../support/server.ts";
import { ADMIN, ADMIN_ENV, browserOf, type Browser } from "./operator.ts";
import { fault } from "./rows.ts";
import { CHOICE, twilioOf } from "./twilio.ts";

const NUMBER = "+14155557391";
const NAME = "Wilhelmina Featherstonehaugh";

/** Whoever audits keeps checkpoints elsewhere. */
const elsewhere = temporaryFolder();
const checkpoints = join(elsewhere, "checkpoints.txt");
let server: Server;
let admin: Browser;

beforeAll(async () => {
  server = await startServer({ env: { ...ADMIN_ENV, YESLINE_CHECKPOINTS: `file:${checkpoints}` } });
  admin = browserOf(server);
  await admin.signIn(ADMIN);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(elsewhere, { recursive: true });
});

const env = () => ({ DATABASE_URL: `file:${server.file}` });
const files = () => [server.file, `${server.file}-wal`].filter((file) => existsSync(file));

/** Which of these bytes stand in the database's files, as somebody finds them who reads the disk. */
function found(traces: ReadonlyMap<string, Buffer>): readonly string[] {
  const bytes = files().map((file) => readFileSync(file));
  return [...traces].filter(([, trace]) => bytes.some((each) => each.includes(trace))).map(([name]) => name);
}

async function sealedUpTo(entries: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (
      new RegExp(`^yesline_checkpoint_shipped_size\\S* ${entries}$`, "m").test(
        (await server.get("/metrics")).text,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("It is never sealed.");
}

describe("somebody who wants to be forgotten", () => {
  fault(60, async () => {
    const twilio = twilioOf(server);
    const call = twilio.callFields({ From: NUMBER, CallerName: NAME });
    await twilio.post("/voice", call);
    await twilio.post(CHOICE, { ...call, CallStatus: "in-progress", Digits: "1" });
    const written = { From: `whatsapp:${NUMBER}`, Body: `Hello, I am ${NAME}`, ProfileName: NAME };
    await twilio.post("/whatsapp", twilio.messageFields(written));
    const [entry] = server.rows("entry");
    const [person] = server.rows("subscriber");
    const page = `/console/subscribers/acme-dental/${String(person?.["id"])}`;
    await admin.post(`${page}/notes`, { text: `${NAME} rang` });
    await sealedUpTo(1);
    const receipt = (await cli(["ledger", "receipt", String(entry?.["id"])], env())).out;

    const message = server.rows("message").find((row) => row["direction"] === "in");
    const [note] = server.rows("note");
    const sealed = (row: Record<string, unknown> | undefined, column: string) => row?.[column] as Buffer;
    const traces = new Map([
      ["number, sealed", sealed(person, "number")],
      ["salt", sealed(person, "salt")],
      ["blind index", Buffer.from(String(person?.["blind_index"]))],
      ["words of the message, sealed", sealed(message, "sealed_body")],
      ["note, sealed", sealed(note, "text")],
    ]);
    expect(found(traces)).toEqual([...traces.keys()]);
    const clear = new Map([NUMBER, NUMBER.slice(2), NAME].map((each) => [each, Buffer.from(each)]));
    expect(found(clear)).toEqual([]);

    const erased = await admin.post(`${page}/erase`, { confirmed: "yes" });
    expect(erased.status).toBe(303);
    expect(found(new Map([...traces, ...clear]))).toEqual([]);
    expect((await admin.get(page)).status).toBe(410);
    // Before anybody is told that it is done, a backup cannot bring them back.
    expect(readFileSync(`${server.file}.erasures`, "utf8")).toContain(String(person?.["id"]));
    expect(server.rows("entry").map((row) => row["kind"])).toEqual(["granted", "revoked"]);

    await sealedUpTo(2);
    const verified = await cli(["ledger", "verify", "--checkpoint", checkpoints, "--json"], env());
    expect([verified.code, JSON.parse(verified.out)]).toMatchObject([
      0,
      { ok: true, entries: 2, faults: [] },
    ]);
    // What was proved before is proved the same way.
    const again = (await cli(["ledger", "receipt", String(entry?.["id"])], env())).out;
    const leafOf = (text: string) => (JSON.parse(text) as { proof: { leafHash: string } }).proof.leafHash;
    expect(leafOf(again)).toBe(leafOf(receipt));
  });
});
