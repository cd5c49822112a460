import { connect, type Socket } from "node:net";

/** One keep-alive connection that asks one thing at a time. */
export type Wire = {
  /** @throws where the connection breaks, or the answer is none */
  readonly ask: (request: Buffer) => Promise<Answer>;
  readonly close: () => void;
};

export type Answer = { readonly status: number; readonly body: Buffer };

const MAX_HEAD_BYTES = 16 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;
const HEAD_END = "\r\n\r\n";
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/**
 * HTTP/1.1 as far as a load needs it. Node's own client takes more time for a request than a bare server takes to
 * answer it, so with it the driver would be what is measured.
 */
export function wireTo(url: string): Wire {
  const { hostname, port } = new URL(url);
  let socket: Socket | undefined;
  let received: Buffer = Buffer.alloc(0);
  let waiting: PromiseWithResolvers<Answer> | undefined;

  function open(): Socket {
    const opened = connect({ host: hostname, port: Number(port), noDelay: true });
    opened.on("data", (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      settle();
    });
    opened.on("error", (error) => fail(error));
    opened.on("close", () => fail(new Error("The server closed the connection before it answered.")));
    return opened;
  }

  function settle(): void {
    try {
      const read = readAnswer(received);
      if (read === null) return;
      received = Buffer.alloc(0);
      if (read.closes) drop();
      const asked = waiting;
      waiting = undefined;
      asked?.resolve(read.answer);
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  function fail(error: Error): void {
    drop();
    const asked = waiting;
    waiting = undefined;
    asked?.reject(error);
  }

  function drop(): void {
    socket
      ?.removeAllListeners()
      .on("error", () => undefined)
      .destroy();
    socket = undefined;
    received = Buffer.alloc(0);
  }

  return {
    ask(request) {
      waiting = Promise.withResolvers<Answer>();
      socket ??= open();
      socket.write(request);
      return waiting.promise;
    },
    close: drop,
  };
}

/** A whole request. */
export function requestOf(
  method: "GET" | "POST",
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
): Buffer {
  const lines = Object.entries({
    Host: url.host,
    ...headers,
    "Content-Length": String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

/** @returns null until the answer is whole */
function readAnswer(received: Buffer): { answer: Answer; closes: boolean } | null {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) {
    if (received.length > MAX_HEAD_BYTES) throw new Error("The answer's headers are too long.");
    return null;
  }
  const head = received.toString("latin1", 0, headEnd);
  const status = Number(head.slice(9, 12));
  const rest = received.subarray(headEnd + HEAD_END.length);
  if (rest.length > MAX_ANSWER_BYTES) throw new Error("The answer is too long.");
  const closes = /\r\nconnection: close/i.test(head);
  const length = status === 204 ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
  if (!Number.isNaN(length)) {
    return rest.length < length ? null : { answer: { status, body: rest.subarray(0, length) }, closes };
  }
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) throw new Error(`The answer has no length:\n${head}`);
  return rest.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
    ? { answer: { status, body: rest }, closes }
    : null;
}
