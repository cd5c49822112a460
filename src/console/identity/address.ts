import type { ConsoleContext } from "../parts.ts";

/** The network address at the other end of the connection; never what a header claims. */
export function addressOf(c: ConsoleContext): string {
  return c.env?.incoming?.socket?.remoteAddress ?? "127.0.0.1";
}
