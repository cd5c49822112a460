import http from "node:http";
import https from "node:https";

/** One request as it was signed, byte for byte, so that it can be sent again. */
export type Delivery = {
  method: "GET" | "POST";
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
};

export type Limits = { connectMs: number; readMs: number; maxBytes: number };

/** What came back over the wire. Failing to connect and failing to answer are outcomes, not exceptions. */
export type Received =
  | { kind: "answer"; status: number; headers: http.IncomingHttpHeaders; body: string; tooLarge: boolean }
  | { kind: "failure"; failure: "connect" | "dns" | "tls" | "timeout"; message: string };

export type Transport = (delivery: Delivery, limits: Limits) => Promise<Received>;

export type HttpTransportOptions = { maxSockets?: number; signal?: AbortSignal };

/** HTTP as Twilio speaks it: connections are kept, redirects are left to the caller of this. */
export function httpTransport(options: HttpTransportOptions = {}): Transport & { close: () => void } {
  const pool = { keepAlive: true, maxSockets: options.maxSockets ?? 64 };
  const agents = { "http:": new http.Agent(pool), "https:": new https.Agent(pool) };
  const send: Transport = async (delivery, limits) => {
    const first = await exchange(delivery, limits, agents, options.signal);
    // A kept connection may close just as it is used again: that is no failure of the service.
    return first === "stale" ? solid(await exchange(delivery, limits, agents, options.signal)) : first;
  };
  return Object.assign(send, {
    close() {
      agents["http:"].destroy();
      agents["https:"].destroy();
    },
  });
}

/** Lends a transport: the one that is given, or one of its own, which is closed afterwards. */
export async function withTransport<T>(
  given: Transport | undefined,
  options: HttpTransportOptions,
  use: (transport: Transport) => Promise<T>,
): Promise<T> {
  if (given !== undefined) return use(given);
  const own = httpTransport(options);
  try {
    return await use(own);
  } finally {
    own.close();
  }
}

type Agents = { "http:": http.Agent; "https:": https.Agent };

function solid(received: Received | "stale"): Received {
  return received === "stale"
    ? { kind: "failure", failure: "connect", message: "the connection was closed" }
    : received;
}

function exchange(
  delivery: Delivery,
  limits: Limits,
  agents: Agents,
  signal: AbortSignal | undefined,
): Promise<Received | "stale"> {
  const url = new URL(delivery.url);
  const secure = url.protocol === "https:";
  return new Promise((resolve) => {
    const request = (secure ? https : http).request(url, {
      method: delivery.method,
      headers: delivery.headers,
      agent: secure ? agents["https:"] : agents["http:"],
      ...(signal === undefined ? {} : { signal }),
    });
    const settle = (received: Received | "stale"): void => {
      clearTimeout(connecting);
      clearTimeout(reading);
      resolve(received);
    };
    const giveUp = (failure: "connect" | "timeout", message: string): void => {
      settle({ kind: "failure", failure, message });
      request.destroy();
    };
    const connecting = setTimeout(() => {
      giveUp("connect", `no connection within ${limits.connectMs} ms`);
    }, limits.connectMs);
    const reading = setTimeout(() => {
      giveUp("timeout", `no answer within ${limits.readMs} ms`);
    }, limits.readMs);
    request.on("socket", (socket) => {
      if (request.reusedSocket) clearTimeout(connecting);
      else socket.once(secure ? "secureConnect" : "connect", () => clearTimeout(connecting));
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      const stale = request.reusedSocket && error.code === "ECONNRESET";
      settle(
        stale
          ? "stale"
          : { kind: "failure", failure: failureOf(error), message: error.message || String(error.code) },
      );
    });
    request.on("response", (response) => {
      readBody(response, limits.maxBytes).then(settle, (error: Error) => {
        settle({ kind: "failure", failure: "connect", message: error.message });
      });
    });
    request.end(delivery.body);
  });
}

function failureOf(error: NodeJS.ErrnoException): "connect" | "dns" | "tls" {
  const code = error.code ?? "";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "dns";
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_VERIFY/u.test(code) ? "tls" : "connect";
}

async function readBody(response: http.IncomingMessage, maxBytes: number): Promise<Received> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes) break;
    chunks.push(chunk);
  }
  return {
    kind: "answer",
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: decode(Buffer.concat(chunks), response.headers["content-type"]),
    tooLarge: bytes > maxBytes,
  };
}

/** An unknown charset is read as UTF-8. */
function decode(bytes: Buffer, contentType: string | undefined): string {
  const label = /charset="?([\w-]+)/iu.exec(contentType ?? "")?.[1] ?? "utf-8";
  try {
    return new TextDecoder(label).decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) return bytes.toString("utf8");
    throw error;
  }
}
