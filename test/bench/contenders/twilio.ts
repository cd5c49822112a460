import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Stands for Twilio's REST API: takes every message, a tenth of a second later, as Twilio does. */
const ANSWERS_AFTER_MS = 100;
let messages = 0;
const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const [status, answer] =
      request.method === "POST"
        ? [201, { sid: `SM${String(++messages).padStart(32, "0")}`, status: "queued" }]
        : [200, { messages: [], next_page_uri: null }];
    setTimeout(() => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(answer));
    }, ANSWERS_AFTER_MS);
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`Twilio's stand-in answers at http://127.0.0.1:${port}\n`);
});
process.once("SIGTERM", () => process.exit());
