import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { inFile, notesOf } from "./checkpoint.ts";

/** Where checkpoints are taken, off the host: whoever rewrites the log here cannot rewrite them there. */
export type Destination =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "stdout" };

/** Takes checkpoints to one place. */
export type Courier = {
  /** For logs and metrics; nothing of an address that could be a secret. */
  readonly name: string;
  /** @throws where it has not arrived for certain; the same note may be brought again */
  readonly deliver: (note: string) => Promise<void>;
  /** The newest one that is kept there; null where there is none, or nobody can tell. */
  readonly newest: () => Promise<string | null>;
};

/** What cannot be used is told with its fix. */
export class DestinationError extends Error {}

/** @throws {DestinationError} for what is none of `file:PATH`, `https://…` and `stdout` */
export function parseDestination(text: string): Destination {
  if (text === "stdout") return { kind: "stdout" };
  const path = /^file:(?:\/\/(?=\/))?(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: "file", path };
  if (URL.canParse(text)) {
    const { protocol, hostname } = new URL(text);
    const own = /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
    if (protocol === "https:" || (protocol === "http:" && own)) return { kind: "http", url: text };
  }
  throw new DestinationError("use file:/elsewhere/checkpoints.txt, https://… or stdout");
}

export type CourierParts = {
  readonly out: (text: string) => void;
  readonly fetch: typeof fetch;
};

export function courierTo(destination: Destination, { out, fetch: ask }: CourierParts): Courier {
  switch (destination.kind) {
    case "stdout":
      return { name: "stdout", deliver: async (note) => out(inFile(note)), newest: async () => null };
    case "file":
      return toFile(destination.path);
    case "http":
      return toAddress(destination.url, ask);
  }
}

/** So much of the end is read to find the last one; a note of ours takes a few hundred bytes. */
const TAIL_BYTES = 64 * 1024;

/** Appended and synced; nothing there is ever rewritten. */
function toFile(path: string): Courier {
  async function tail(): Promise<string> {
    try {
      await using file = await open(path, "r");
      const { size } = await file.stat();
      const length = Math.min(size, TAIL_BYTES);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString("utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
      throw error;
    }
  }
  return {
    name: `file:${path}`,
    async deliver(note) {
      const before = await tail();
      if (notesOf(before).at(-1) === note) return;
      await mkdir(dirname(path), { recursive: true });
      await using file = await open(path, "a");
      // What a power cut left half written does not run into this one.
      const gap = before === "" || before.endsWith("\n\n") ? "" : "\n\n";
      await file.appendFile(gap + inFile(note));
      await file.sync();
    },
    newest: async () => notesOf(await tail()).at(-1) ?? null,
  };
}

const HTTP_TIMEOUT_MS = 5_000;

/** POSTed as text; what is not answered with 2xx has not arrived. */
function toAddress(url: string, ask: typeof fetch): Courier {
  return {
    name: new URL(url).origin,
    async deliver(note) {
      const response = await ask(url, {
        method: "POST",
        body: note,
        headers: { "content-type": "text/plain; charset=utf-8" },
        redirect: "error",
        signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`The address answered with ${response.status}.`);
    },
    newest: async () => null,
  };
}
