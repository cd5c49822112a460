import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A webhook as it reached the service. */
export type Received = {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  rawBody: string;
  form: Record<string, string>;
};

export type Reply = {
  status?: number;
  type?: string | null;
  body?: string;
  headers?: Record<string, string>;
};

/** Answers one webhook: a string is TwiML. `undefined` leaves the request without an answer. */
export type Handler = (request: Received, index: number) => Reply | string | undefined;

export type TestService = { url: string; received: Received[]; close: () => Promise<void> };

/** A small TwiML service on a free port, real HTTP, that remembers what it was asked. */
export async function testService(routes: Record<string, Handler>): Promise<TestService> {
  const received: Received[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const webhook = await readRequest(request);
    received.push(webhook);
    const handler = routes[new URL(webhook.path, "http://service.test").pathname];
    answer(response, handler === undefined ? { status: 404 } : handler(webhook, received.length));
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(request: IncomingMessage): Promise<Received> {
  let rawBody = "";
  for await (const chunk of request) rawBody += String(chunk);
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    rawBody,
    form: Object.fromEntries(new URLSearchParams(rawBody)),
  };
}

function answer(response: ServerResponse, reply: Reply | string | undefined): void {
  if (reply === undefined) return;
  const {
    status = 200,
    type = "text/xml; charset=utf-8",
    body = "",
    headers = {},
  } = typeof reply === "string" ? { body: reply } : reply;
  response.writeHead(status, { ...(type === null ? {} : { "Content-Type": type }), ...headers });
  response.end(body);
}

export function twiml(verbs: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
}
