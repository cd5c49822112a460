import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { cli } from "../support/cli.ts";
import { temporaryFolder } from "../support/memory.ts";
import { runMain, startServer, type Server } from "../support/server.ts";
import { ADMIN_ENV, operatorOf, type Browser } from "./operator.ts";
import { fault } from "./rows.ts";
import { twilioOf } from "./twilio.ts";

/** What people and machines type where it can hurt: TwiML, formulas, new lines, terminal codes, scripts. */
const TWIML = `</Say><Hangup/> & "A"`;
const TOPIC = "<Dial>1</Dial>";
const FORMULA = '=HYPERLINK("http://evil.example","Click")';
const FORGED = '\r\n{"level":60,"msg":"forged"}\r\n\u001B[2J\u001B[31mforged';
const SCRIPT = "<script>alert(1)</script>";
const CALLER = "+14155558101";

const DEMO = readFileSync(new URL("../../src/businesses.demo.yaml", import.meta.url), "utf8");

/** A Twilio that refuses every message, in words that somebody has chosen. */
const twilioThatRefuses = createServer((_request, response) => {
  const message = `Refused ${SCRIPT} ${FORMULA} ${FORGED}`;
  response.writeHead(400, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ code: 63_999, message, status: 400 }));
});

let server: Server;
let supervisor: Browser & { email: string };
let viewer: Browser & { email: string };
const folder = temporaryFolder();
const businesses = join(folder, "businesses.yaml");
const env = () => ({ DATABASE_URL: `file:${server.file}`, YESLINE_BUSINESSES: businesses });

beforeAll(async () => {
  writeFileSync(
    businesses,
    DEMO.replace("name: Acme Dental\n", () => `name: ${JSON.stringify(TWIML)}\n`).replace(
      "{ en-US: appointment reminders }",
      () => `{ en-US: ${JSON.stringify(TOPIC)} }`,
    ),
  );
  await new Promise<void>((resolve) => twilioThatRefuses.listen(0, "127.0.0.1", resolve));
  const { port } = twilioThatRefuses.address() as AddressInfo;
  const TWILIO_API_URL = `http://127.0.0.1:${port}`;
  server = await startServer({ env: { ...ADMIN_ENV, YESLINE_BUSINESSES: businesses, TWILIO_API_URL } });
  supervisor = await operatorOf(server, "supervisor");
  viewer = await operatorOf(server, "viewer");
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  twilioThatRefuses.close();
  rmSync(folder, { recursive: true });
});

/** Somebody agrees; what leaves because of it has been refused. @returns the person's page */
async function agreed(from = CALLER): Promise<string> {
  const call = server.call({ from });
  await call.begin();
  await call.press("1");
  await call.post("/voice/status", { CallStatus: "completed", SequenceNumber: "3" });
  await server.says(/"outcome":"failed"/);
  const entry = server.rows("entry").find((row) => row["call_sid"] === call.callSid);
  return `/console/subscribers/acme-dental/${String(entry?.["subscriber_id"])}`;
}

/** Cells of a list, and how many lines it takes. */
function cellsOf(csv: string): readonly string[] {
  return [...csv.matchAll(/"((?:[^"]|"")*)"|([^,\r\n]+)/g)].map(([, quoted, bare]) =>
    (quoted ?? bare ?? "").replaceAll('""', '"'),
  );
}

describe("what somebody has typed", () => {
  fault(49, async () => {
    const call = server.call({ from: "+14155558102" });
    const hello = await call.begin();
    expect(hello.words).toContain(TWIML);
    expect(hello.words).toContain(TOPIC);
    const answer = await call.press("1");
    expect(answer.words).toContain(TOPIC);
    for (const { twiml } of [hello, answer]) expect(twiml).not.toContain("<Dial");
    expect([hello.hangsUp, answer.hangsUp]).toEqual([false, true]);
    const shown = await viewer.get("/console/script?business=acme-dental");
    expect(shown.text).toContain("&lt;Hangup/&gt;");
    expect(shown.text).not.toMatch(/<(?:Hangup|Dial)\b/);
  });

  fault(51, async () => {
    const page = await agreed("+14155558103");
    await supervisor.post(`${page}/withdraw`, {
      topic: "policy-updates",
      world: "simulated",
      reason: FORMULA,
      confirmed: "yes",
    });
    const forged = '=hyperlink("http://evil.example")@evil.example';
    await supervisor.post("/console/sign-in", { email: forged, password: "guess" });
    const { out } = await cli(["ledger", "export", "--format", "csv"], env());
    expect(cellsOf(out)).toContain(`'${FORMULA}`);
    const lists = [out];
    for (const list of ["log", "entries", "outgoing", "accesses"])
      lists.push((await supervisor.post(`/console/${list}/export/csv`)).text);
    expect(cellsOf(lists[4] ?? "")).toContain(`'${forged}`);
    for (const list of lists) {
      expect(cellsOf(list).length).toBeGreaterThan(10);
      expect(cellsOf(list).filter((cell) => /^[\s]*[=+\-@\t\r]/.test(cell))).toEqual([]);
    }
  });

  fault(52, async () => {
    await agreed("+14155558104");
    const before = server.log().length;
    await viewer.post("/console/sign-in", { email: `eve${FORGED}@evil.example`, password: `guess${FORGED}` });
    const path = `/console/keys/${encodeURIComponent(`a${FORGED}`)}/revoke`;
    expect((await viewer.post(path)).status).toBe(403);
    const twilio = twilioOf(server);
    for (const field of ["From", "CallStatus", "StirVerstat", "CallerName", "CallSid"])
      await twilio.post("/voice", twilio.callFields({ [field]: `x${FORGED}` }));
    await twilio.post("/whatsapp", twilio.messageFields({ Body: FORGED, ProfileName: FORGED }));
    await server.says(/"route":"message"/);
    // Each line is one object, as it was meant: what was typed has made none.
    const lines = server.log();
    expect(lines.length).toBeGreaterThan(before + 5);
    expect(lines.filter(({ level, msg }) => level === 60 || msg === "forged")).toEqual([]);
    expect(server.err()).toContain("forged");
    expect(server.err().replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    for (const [list, table] of [
      ["accesses", "access_log"],
      ["outgoing", "outbox"],
    ] as const) {
      const { text } = await supervisor.post(`/console/${list}/export/csv`);
      expect(text).toContain("forged");
      expect(text.replaceAll("\r\n", "")).not.toMatch(/\p{Cc}/u);
      expect(text.trimEnd().split("\r\n")).toHaveLength(server.rows(table).length + 1);
    }
  });

  fault(53, async () => {
    const page = await agreed("+14155558105");
    await supervisor.post(`${page}/notes`, { text: `A note ${SCRIPT}` });
    await supervisor.post(`${page}/withdraw`, {
      topic: "policy-updates",
      world: "simulated",
      reason: `A reason ${SCRIPT}`,
      confirmed: "yes",
    });
    const twilio = twilioOf(server);
    const written = { From: "whatsapp:+14155558105", Body: `A message ${SCRIPT}`, ProfileName: SCRIPT };
    await twilio.post("/whatsapp", twilio.messageFields(written));
    await supervisor.post("/console/sign-in", { email: `${SCRIPT}@evil.example`, password: SCRIPT });
    const message = server.rows("message").findLast((row) => row["direction"] === "in");
    const pages = [
      await supervisor.get(page),
      await supervisor.post(`/console/inbox/acme-dental/${String(message?.["id"])}/read`),
      await supervisor.get("/console/accesses"),
      await supervisor.get("/console/outgoing?world=simulated"),
      await supervisor.get(`/console/log?reference=${encodeURIComponent(SCRIPT)}`),
    ];
    for (const { text, headers } of pages) {
      expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
      expect(text).not.toContain("<script>alert");
      expect(headers["content-security-policy"]).toMatch(/default-src 'none'; script-src 'self';/);
    }
  });
});

describe("what somebody has configured", () => {
  fault(50, async () => {
    const file = join(folder, "control.yaml");
    const lines = DEMO.replace("name: Acme Dental\n", 'name: "Acme\\u0007 Dental"\n')
      .replace("legalName: Acme Dental Ltd.", 'legalName: "Acme\\u001b[31m Ltd."')
      .replace("postalAddress: 1 Main St", 'postalAddress: "1 Main\\u0000 St"')
      .replace("{ en-US: policy updates }", '{ en-US: "policy\\u0085updates" }');
    writeFileSync(file, lines.replace('St", Springfield', 'St, Springfield"'));
    const started = runMain(["serve"], {
      PORT: "0",
      DATABASE_URL: `file:${folder}/y.db`,
      YESLINE_BUSINESSES: file,
    });
    // Should it serve after all, it does so for nobody.
    await started.says(/^Yesline answers at /m).then(
      () => started.kill("SIGKILL"),
      () => undefined,
    );
    const { code, out, err } = await started.exited;
    expect([code, out]).toEqual([2, ""]);
    const wrong = ["name", "legalName", "contact.postalAddress", "topics.1.names.en-US"];
    const said = err.trimEnd().split("\n");
    expect(said).toHaveLength(wrong.length);
    for (const [index, field] of wrong.entries()) {
      expect(said[index]).toMatch(/control\.yaml:\d+: businesses\.0\./);
      expect(said[index]).toContain(`businesses.0.${field}: has a control character in it: remove it`);
    }
    expect(err.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});
