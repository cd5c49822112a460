import type { LookupAddress } from "node:dns";
import { lookup as resolveName } from "node:dns/promises";
import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";

/** Sends a body to an address that somebody configured. Never throws: what came of it is its value. */
export type Post = (url: string, body: string, headers: Readonly<Record<string, string>>) => Promise<Posted>;

export type Posted =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "failed"; readonly reason: string };

export type PostOptions = {
  /** For the demo and for tests: addresses of this very machine, also without TLS. */
  readonly allowLoopback: boolean;
  readonly timeoutMs?: number;
  /** Where a name leads to; the system's resolver unless told. */
  readonly resolve?: (hostname: string) => Promise<readonly LookupAddress[]>;
};

/** Of the whole exchange. */
const TIMEOUT_MS = 10_000;

/**
 * A POST that stays outside: only https, no redirects, and no connection to an address that is private, link-local,
 * reserved or a group's, whatever name it hides behind. The answer's body is not read.
 */
export function postOutside({ allowLoopback, timeoutMs = TIMEOUT_MS, resolve }: PostOptions): Post {
  const lookup = checkedLookup(allowLoopback, resolve);
  return async (address, body, headers) => {
    const refusal = refusalOf(address, allowLoopback);
    if (refusal !== null) return { kind: "failed", reason: refusal };
    const url = new URL(address);
    const options = {
      method: "POST",
      lookup,
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      signal: AbortSignal.timeout(timeoutMs),
    };
    try {
      return { kind: "answered", status: await statusOf(url, options, body) };
    } catch (error) {
      return { kind: "failed", reason: reasonOf(error, timeoutMs) };
    }
  };
}

/** Why an address cannot take events; null where it can, as far as its name tells. */
export function refusalOf(address: string, allowLoopback: boolean): string | null {
  if (!URL.canParse(address)) return "The address is not a URL.";
  const { protocol, hostname, username, password } = new URL(address);
  if (username !== "" || password !== "") return "The address holds a password.";
  const host = hostname.replace(/^\[|\]$/g, "");
  const loopback = host === "localhost" || (isIP(host) !== 0 && isLoopback(host));
  if (protocol !== "https:" && !(protocol === "http:" && loopback && allowLoopback)) {
    return "The address is not https.";
  }
  const inside =
    (host === "localhost" && !allowLoopback) || (isIP(host) !== 0 && !isOutside(host, allowLoopback));
  return inside ? PRIVATE : null;
}

const PRIVATE = "The address is inside a private network.";

function statusOf(url: URL, options: RequestOptions, body: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options);
  request.once("response", (response) => {
    resolve(response.statusCode ?? 0);
    response.once("error", () => {});
    response.destroy();
  });
  request.on("error", reject);
  request.end(body);
  return promise;
}

/** The check stands between the name and the connection, so that a name cannot change its mind in between. */
function checkedLookup(
  allowLoopback: boolean,
  resolve: PostOptions["resolve"] = (hostname) => resolveName(hostname, { all: true }),
): LookupFunction {
  async function outside(hostname: string): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
    const [first, ...others] = await resolve(hostname);
    if (first === undefined) throw new Error(`${hostname} leads nowhere.`);
    if (![first, ...others].every(({ address }) => isOutside(address, allowLoopback))) {
      throw new Error(PRIVATE);
    }
    return [first, ...others];
  }

  const lookup = callbackify(outside);
  return (hostname, { all }, done) =>
    lookup(hostname, (error, found) => {
      if (error !== null) return done(error, []);
      const [first] = found;
      return all === true ? done(null, [...found]) : done(null, first.address, first.family);
    });
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return "The endpoint is not reached.";
  if (error.message === PRIVATE) return PRIVATE;
  if (error.name === "TimeoutError" || error.name === "AbortError") {
    return `The endpoint did not answer within ${timeoutMs / 1000} s.`;
  }
  return `The endpoint is not reached${"code" in error ? ` (${String(error.code)})` : ""}.`;
}

/** IANA's special-purpose registries: what is not globally reachable. */
const INSIDE = blockList(
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
);
/** Of IPv6, only 2000::/3 is given out; in it, what leads elsewhere or nowhere is left out. */
const INSIDE_6 = blockList(["2001::", 23], ["2001:db8::", 32], ["2002::", 16], ["3fff::", 20]);
const GIVEN_OUT_6 = blockList(["2000::", 3]);
const LOOPBACK = blockList(["127.0.0.0", 8], ["::1", 128]);

function blockList(...ranges: readonly (readonly [address: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, familyOf(address));
  return list;
}

function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, familyOf(address));
}

function isOutside(address: string, allowLoopback: boolean): boolean {
  if (isLoopback(address)) return allowLoopback;
  return familyOf(address) === "ipv4"
    ? !INSIDE.check(address, "ipv4")
    : GIVEN_OUT_6.check(address, "ipv6") && !INSIDE_6.check(address, "ipv6");
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}
