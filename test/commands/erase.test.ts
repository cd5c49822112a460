import { readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../src/call/phone-number.ts";
import { clearTraces } from "../../src/keeping.ts";
import { cli, ndjson } from "../support/cli.ts";
import { startLine, type Line } from "../support/line.ts";
import { ROOT, run, startServer } from "../support/server.ts";

const NUMBER: E164 = "+14155557391";
const NAME = "Wilhelmina <script>alert(1)</script> Featherstonehaugh";
const PARTS = [NUMBER, "14155557391", "4155557391", "5557391", "Wilhelmina", "Featherstonehaugh"];

let line: Line;
beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

const subscriber = (command: string, ...options: string[]) =>
  cli(["subscriber", command, NUMBER, "--business", "acme-dental", ...options], {
    DATABASE_URL: `file:${line.databaseFile}`,
  });

function filesOf(file: string): string {
  return [file, `${file}-wal`, `${file}-shm`].map((each) => readFileSync(each).toString("latin1")).join("");
}

async function agrees(): Promise<string> {
  const call = line.call({ from: NUMBER });
  await call.begin();
  await call.press("1");
  const id = (await line.ledger.subscriber("acme-dental", NUMBER))?.id ?? "";
  const author = "eve@example.com";
  const text = `${NAME} wrote to us`;
  await line.memory.reading.addNote({ businessId: "acme-dental", subscriberId: id, author, text, at: 1 });
  return id;
}

describe("yesline subscriber erase", () => {
  it("forgets a number, and prints a certificate that says nothing of whose it was", async () => {
    const id = await agrees();
    const { code, out, err } = await subscriber("erase");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^Certificate of erasure [0-9a-f-]{36}\n/);
    expect(out).toContain(`known as      ${id}`);
    expect(out).toMatch(/old pages +gone since/);
    expect(out).toMatch(/backups +Copies made before the erasure still hold the data until they expire/);
    expect(line.rows("entry").map((row) => row["kind"])).toEqual(["granted", "revoked"]);
    expect(line.rows("access_log").at(-1)).toMatchObject({ action: "erased", actor: "cli", subject: id });
    for (const part of PARTS) expect(filesOf(line.databaseFile) + out).not.toContain(part);
    const shown = await subscriber("show");
    expect(shown.out).toContain("nothing is recorded of this number");
  });

  it("says the same as JSON: who, when, what, and the entries that remain with their commitments", async () => {
    const id = await agrees();
    const { out } = await subscriber("erase", "--keep-suppression", "--json");
    const entries = line.rows("entry");
    expect(JSON.parse(out)).toMatchObject({
      schemaVersion: "yesline-erasure/1",
      pseudonym: id,
      cause: "request",
      by: { id: "cli" },
      erased: { subscriber: 1, noteTexts: 1 },
      revoked: [entries[1]?.["id"]],
      remaining: entries.map((row) => ({ id: row["id"], commitment: row["commitment"] })),
      suppressed: true,
      traces: { state: "gone" },
    });
    expect(await line.memory.privacy.isSuppressed("acme-dental", NUMBER)).toBe(true);
  });

  it("forgets whoever has the id of a certificate, and puts both erasures into the list for restores", async () => {
    const id = await agrees();
    const db = { DATABASE_URL: `file:${line.databaseFile}` };
    const { code, err } = await cli(["subscriber", "erase", id, "--business", "acme-dental"], db);
    expect([code, err]).toEqual([0, ""]);
    expect(await line.ledger.subscriber("acme-dental", NUMBER)).toBeNull();
    await subscriber("erase");
    const listed = ndjson(readFileSync(`${line.databaseFile}.erasures`, "utf8"));
    expect(listed.slice(1)).toMatchObject([
      { kind: "erasure", subscriberId: id },
      { kind: "erasure", subscriberId: null },
    ]);
  });

  it("says so where the list cannot be kept, and forgets the number all the same", async () => {
    await agrees();
    const { code, err } = await cli(["subscriber", "erase", NUMBER, "--business", "acme-dental"], {
      DATABASE_URL: `file:${line.databaseFile}`,
      YESLINE_ERASURES: `file:${line.databaseFile}/erasures`,
    });
    expect(code).toBe(0);
    expect(err).toContain("not in the list of erasures, so a restored backup would bring it back");
    expect(await line.ledger.subscriber("acme-dental", NUMBER)).toBeNull();
  });

  it("leaves an export whose entries are marked as erased", async () => {
    await agrees();
    await subscriber("erase");
    const { out } = await cli(["ledger", "export"], { DATABASE_URL: `file:${line.databaseFile}` });
    expect(ndjson(out).map(({ subject }) => subject)).toEqual([
      expect.objectContaining({ number: null, erased: true }),
      expect.objectContaining({ number: null, erased: true }),
    ]);
  });

  it("makes nobody who calls next somebody they know", async () => {
    await agrees();
    await subscriber("erase");
    const call = line.call({ from: NUMBER });
    expect((await call.begin()).words).toContain("Acme Dental");
    expect(call.action()).toContain("/choice?");
  });

  it("forgets a number that another caller keyed in, and leaves that caller as they are", async () => {
    const call = line.call({ from: "+14155558264" });
    await call.begin();
    await call.press("3");
    await call.press("4155557391");
    await call.press("1");
    expect((await line.ledger.subscriber("acme-dental", NUMBER))?.consents).toMatchObject([
      { state: "pending" },
      { state: "pending" },
    ]);
    const { out } = await subscriber("erase", "--json");
    expect(JSON.parse(out)).toMatchObject({
      erased: { cancelledMessages: 1 },
      revoked: [expect.any(String)],
    });
    for (const part of PARTS) expect(filesOf(line.databaseFile)).not.toContain(part);
    expect(line.rows("subscriber")).toHaveLength(1);
    expect((await line.memory.reading.call("acme-dental", call.callSid))?.caller).toBe("+14155558264");
  });

  it("says so where old pages cannot be cleared yet, and the line clears them later", async () => {
    await agrees();
    const reader = new Database(line.databaseFile, { readonly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM entry").get();
    const { code, out, err } = await subscriber("erase", "--json");
    expect([code, JSON.parse(out)]).toMatchObject([0, { traces: { state: "left", goneAt: null } }]);
    expect(err).toContain("Old pages may be left in the write-ahead log");
    reader.close();
    const errors: unknown[] = [];
    const log = { info: () => undefined, error: (error: unknown) => errors.push(error) };
    const now = () => 5;
    const parts = { ...line.memory, businesses: [], erasureList: "", log: log as never, now };
    await clearTraces(parts);
    expect(line.rows("erasure")).toMatchObject([{ traces_gone_at: 5 }]);
    expect(errors).toEqual([]);
    for (const part of PARTS) expect(filesOf(line.databaseFile)).not.toContain(part);
  });

  it("leaves all or nothing where the machine goes down in the middle", async () => {
    await agrees();
    const before = ["subscriber", "note", "entry", "consent", "outbox"].map(line.rows);
    const script = `
      import { numberVault } from "${ROOT}src/ledger/numbers.ts";
      import { open } from "${ROOT}src/ledger/sqlite/connection.ts";
      import { sqliteMemory } from "${ROOT}src/ledger/sqlite/memory.ts";
      const connection = open(process.argv[1], { busyTimeoutMs: 5000 });
      const memory = sqliteMemory(connection, {
        vault: numberVault(Buffer.from(process.argv[2], "base64")),
        newId: () => crypto.randomUUID(), now: Date.now, monotonicMs: () => 0,
        onCommit: () => {}, onFatal: () => {},
      });
      connection.client.function("power_cut", () => process.kill(process.pid, "SIGKILL"));
      connection.client.exec(
        "CREATE TEMP TRIGGER cut AFTER UPDATE OF text ON note BEGIN SELECT power_cut(); END",
      );
      await memory.privacy.erase({ businessId: "acme-dental", who: { number: "${NUMBER}" },
        keepSuppression: true, by: "cli", byName: "cli", at: 1 });`;
    const secret = Buffer.from(line.config.secret).toString("base64");
    const args = ["--input-type=module", "-e", script, line.databaseFile, secret];
    expect((await run(process.execPath, args).exited).signal).toBe("SIGKILL");
    expect(["subscriber", "note", "entry", "consent", "outbox"].map(line.rows)).toEqual(before);
    expect(line.rows("erasure")).toEqual([]);
    expect((await subscriber("erase")).code).toBe(0);
  });
});

describe("beside a server that is running", () => {
  it("a person is forgotten, the server notices at once, answers on, and has not written who it was", async () => {
    await using server = await startServer();
    const first = server.call({ from: NUMBER });
    await first.begin();
    await first.press("1");
    const again = server.call({ from: NUMBER });
    await again.begin();
    expect(again.action()).toContain("/welcome-back?");
    const env = { DATABASE_URL: `file:${server.file}` };
    const { code, out } = await cli(
      ["subscriber", "erase", NUMBER, "--business", "acme-dental", "--json"],
      env,
    );
    expect([code, JSON.parse(out)]).toMatchObject([0, { traces: { state: "gone" } }]);
    const interrupted = await again.press("2");
    expect(interrupted.words).toContain("Nothing was saved");
    const next = server.call({ from: NUMBER });
    await next.begin();
    expect(next.action()).toContain("/choice?");
    await cli(["subscriber", "erase", NUMBER, "--business", "acme-dental"], env);
    for (const part of PARTS.slice(0, 4)) {
      expect(filesOf(server.file)).not.toContain(part);
      expect(server.out() + server.err()).not.toContain(part);
    }
    expect((await server.get("/readyz")).status).toBe(200);
    await server.stop();
    expect((await cli(["ledger", "verify"], env)).code).toBe(0);
  });
});

describe("yesline subscriber access", () => {
  it("gives everything that is kept, by a published schema", async () => {
    const id = await agrees();
    const { code, out } = await subscriber("access");
    const dossier = JSON.parse(out) as Record<string, unknown>;
    expect(code).toBe(0);
    const schema = JSON.parse((await cli(["subscriber", "access-schema"], {})).out) as object;
    const ajv = formats.default(new Ajv2020({ strict: false }));
    expect([ajv.validate(schema, dossier), ajv.errors]).toEqual([true, null]);
    expect(dossier).toMatchObject({
      number: NUMBER,
      staysWithdrawn: false,
      person: {
        pseudonym: id,
        consents: [{ topic: "appointment-reminders", state: "granted" }, { state: "granted" }],
        entries: [{ kind: "granted", notice: { text: expect.stringContaining("WhatsApp") } }],
        calls: [
          { direction: "inbound", events: expect.arrayContaining([expect.objectContaining({ key: "1" })]) },
        ],
        notes: [{ author: "eve@example.com", text: `${NAME} wrote to us` }],
        outgoing: [{ kind: "message", purpose: "confirmation", state: "waiting" }],
        accesses: [{ who: "command line", action: "disclosed" }],
      },
    });
  });

  it("gives the same as a page that needs nothing else and runs nothing", async () => {
    await agrees();
    const { out } = await subscriber("access", "--format", "html");
    expect(out).toContain("Wilhelmina &lt;script&gt;alert(1)&lt;/script&gt; Featherstonehaugh");
    expect(out).not.toMatch(/<script|<link|<img|src=/);
    expect(out).toContain(`What Acme Dental keeps about ${NUMBER}`);
  });

  it("says of a stranger, and of somebody who was forgotten, that nothing is kept", async () => {
    expect(JSON.parse((await subscriber("access")).out)).toMatchObject({
      person: null,
      staysWithdrawn: false,
    });
    await agrees();
    await subscriber("erase", "--keep-suppression");
    expect(JSON.parse((await subscriber("access")).out)).toMatchObject({
      person: null,
      staysWithdrawn: true,
    });
  });
});
