import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { httpTransport, withTransport, type Delivery, type Limits } from "../../src/simulator/http.ts";
import { testService, type Handler } from "./service.ts";

const limits: Limits = { connectMs: 5_000, readMs: 15_000, maxBytes: 100 };

async function fetching(handler: Handler, some: Partial<Limits> = {}) {
  const service = await testService({ "/": handler });
  onTestFinished(service.close);
  return withTransport(undefined, {}, (transport) => transport(get(service.url), { ...limits, ...some }));
}

function get(url: string): Delivery {
  return { method: "GET", url, headers: {}, body: "" };
}

/** A server that speaks no HTTP: it does this with each connection. */
async function rawServer(respond: (requests: number) => string | undefined): Promise<string> {
  let requests = 0;
  const server: Server = createServer((socket) => {
    socket.on("data", () => {
      requests += 1;
      const answer = respond(requests);
      if (answer === undefined) socket.destroy();
      else socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const keepAlive = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";

describe("HTTP", () => {
  test("an answer comes with its status, headers and text", async () => {
    const received = await fetching(() => ({ status: 201, body: "¡Hola!" }));
    expect(received).toMatchObject({ kind: "answer", status: 201, body: "¡Hola!", tooLarge: false });
  });

  test("text is read in the charset it comes in, and as UTF-8 when nobody knows it", async () => {
    const latin = await fetching(() => ({ type: "text/xml; charset=iso-8859-1", body: "é" }));
    expect(latin).toMatchObject({ body: "Ã©" });
    expect(await fetching(() => ({ type: "text/xml; charset=klingon", body: "é" }))).toMatchObject({
      body: "é",
    });
  });

  test("a body over the limit is not read to its end", async () => {
    expect(await fetching(() => ({ body: "x".repeat(101) }))).toMatchObject({ tooLarge: true });
    expect(await fetching(() => ({ body: "x".repeat(100) }))).toMatchObject({ tooLarge: false });
  });

  test("a service that never answers is given up", async () => {
    const received = await fetching(() => undefined, { readMs: 5 });
    expect(received).toEqual({ kind: "failure", failure: "timeout", message: "no answer within 5 ms" });
  });

  test("a service that hangs up is a failed connection", async () => {
    const url = await rawServer(() => undefined);
    const received = await withTransport(undefined, {}, (transport) => transport(get(url), limits));
    expect(received).toMatchObject({ kind: "failure", failure: "connect" });
  });

  test("a kept connection that closes as it is used again is no failure of the service", async () => {
    const url = await rawServer((requests) => (requests === 2 ? undefined : keepAlive));
    const transport = httpTransport();
    onTestFinished(transport.close);
    expect(await transport(get(url), limits)).toMatchObject({ kind: "answer", body: "ok" });
    expect(await transport(get(url), limits)).toMatchObject({ kind: "answer", body: "ok" });
  });

  test("an interrupted run waits for nobody", async () => {
    const url = await rawServer(() => "");
    const received = await withTransport(undefined, { signal: AbortSignal.abort() }, (transport) =>
      transport(get(url), limits),
    );
    expect(received).toMatchObject({ kind: "failure" });
  });
});
