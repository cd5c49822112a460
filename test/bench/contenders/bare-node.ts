import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { parse } from "node:querystring";
import { parseArgs } from "node:util";
import { groupedCommit, openDurable } from "./durable.ts";
import { ASKS, THANKS } from "./prompts.ts";

/**
 * The practical limit of one process: node:http, one HMAC, a string that is ready, and one row a request, all rows of
 * an event-loop turn in one durable commit. It knows nothing of calls. The token comes from TWILIO_AUTH_TOKEN.
 */
const { values } = parseArgs({ options: { file: { type: "string" } } });
const database = openDurable(values.file ?? "");
database.exec(
  "CREATE TABLE event (seq INTEGER PRIMARY KEY, sid TEXT, caller TEXT, path TEXT, key TEXT, at INTEGER)",
);
const add = database.prepare("INSERT INTO event (sid, caller, path, key, at) VALUES (?, ?, ?, ?, ?)");
const commit = groupedCommit(database);
const token = process.env["TWILIO_AUTH_TOKEN"] ?? "";
const MAX_BODY_BYTES = 64 * 1024;
const headersOf = (twiml: string) => ({
  "Content-Type": "text/xml",
  "Content-Length": Buffer.byteLength(twiml),
});

const server = createServer((request, response) => {
  bodyOf(request, (body) => {
    const fields = parse(body);
    const path = request.url ?? "";
    let signed = `http://${request.headers.host}${path}`;
    for (const name of Object.keys(fields).toSorted()) signed += name + String(fields[name]);
    const expected = createHmac("sha1", token).update(signed).digest();
    const given = Buffer.from(String(request.headers["x-twilio-signature"]), "base64");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      response.writeHead(403).end();
      return;
    }
    const { CallSid, From, Digits = null } = fields;
    void answer();

    async function answer(): Promise<void> {
      await commit(() => add.run(CallSid, From, path, Digits, Date.now()));
      if (path === "/voice/status") response.writeHead(204).end();
      else if (path === "/voice") response.writeHead(200, headersOf(ASKS)).end(ASKS);
      else response.writeHead(200, headersOf(THANKS)).end(THANKS);
    }
  });
});

function bodyOf(request: IncomingMessage, then: (body: string) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  request.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) request.destroy();
    chunks.push(chunk);
  });
  request.on("end", () => then((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString() ?? ""));
}

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`Bare node:http answers at http://127.0.0.1:${port}\n`);
});
process.once("SIGTERM", () => process.exit());
