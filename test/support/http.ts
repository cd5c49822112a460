import { request, type IncomingHttpHeaders } from "node:http";

/** A request as somebody might send it to whom `fetch` is too polite: any header, any bytes, from any address. */
export type Asking = {
  readonly method?: string;
  /** In order; a name may stand twice. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Pieces: sent as chunks, without saying how long they are in all. */
  readonly body?: string | Uint8Array | readonly string[];
  /** Of this machine: 127.0.0.1 to 127.255.255.254. */
  readonly from?: string;
};

export type Told = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
};

/** Asks, on a connection of its own. @param path sent as it is */
export function ask(url: string, path: string, asking: Asking = {}): Promise<Told> {
  const { method = "GET", body = "", headers = [], from } = asking;
  const { promise, resolve, reject } = Promise.withResolvers<Told>();
  const named = (name: string) => headers.some(([other]) => other.toLowerCase() === name);
  const pieces = Array.isArray(body) ? (body as readonly string[]) : null;
  const length = pieces === null ? Buffer.byteLength(body as string | Uint8Array) : 0;
  const all: [string, string][] = [
    ...(named("host") ? [] : [["Host", new URL(url).host] as [string, string]]),
    ...(pieces === null && (length > 0 || method !== "GET")
      ? [["Content-Length", String(length)] as [string, string]]
      : []),
    ...(pieces === null ? [] : [["Transfer-Encoding", "chunked"] as [string, string]]),
    ["Connection", "close"],
    ...headers.map(([name, value]): [string, string] => [name, value]),
  ];
  const { hostname, port } = new URL(url);
  const asked = request(
    { hostname, port, path, method, agent: false, headers: all.flat(), localAddress: from },
    (response) => {
      let text = "";
      const told = () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      response.setEncoding("utf8").on("data", (data: string) => (text += data));
      // A refusal may cut off a body that still comes in: what was said before counts.
      response.once("close", told);
      response.once("error", told);
    },
  );
  asked.once("error", reject);
  if (pieces === null) asked.end(body);
  else {
    for (const piece of pieces) asked.write(piece);
    asked.end();
  }
  return promise;
}
