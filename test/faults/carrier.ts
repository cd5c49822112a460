import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { getResponse } from "msw";
import { twilioDouble, type TwilioDouble } from "../outbox/twilio.ts";

export type Carrier = TwilioDouble & {
  readonly url: string;
  readonly accountSid: string;
  readonly authToken: string;
  readonly stop: () => void;
};

/** Twilio's REST API over real HTTP, with everything that goes wrong there. @param now the line's own clock */
export async function startCarrier(now: () => number): Promise<Carrier> {
  const account = { accountSid: `AC${randomBytes(16).toString("hex")}`, authToken: "1".repeat(32) };
  let double: TwilioDouble | undefined;
  let url = "";

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers } = request;
    const body = await buffer(request);
    const asked = new Request(url + (request.url ?? ""), {
      method,
      headers: headers as Record<string, string>,
      ...(method === "GET" ? {} : { body }),
    });
    const told = await getResponse(double?.handlers ?? [], asked);
    // A broken connection is told so.
    if (told === undefined || told.type === "error") return void request.socket.destroy();
    // A connection that is kept would be hours old for a line whose clock is moved.
    response.writeHead(told.status, { ...Object.fromEntries(told.headers), connection: "close" });
    response.end(Buffer.from(await told.arrayBuffer()));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  double = twilioDouble({ baseUrl: url, ...account, now });
  return {
    ...double,
    url,
    ...account,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
