import { between, hex, type Random } from "../../src/simulator/random.ts";
import type { Nature } from "./nature.ts";
import { OWN_URL, TWILIO_URL, type World } from "./setting.ts";

/** How the provider behaves for now. `slow`: it takes a request in late, and answers when nobody waits any more. */
export type Mood = "well" | "busy" | "down" | "deaf" | "slow";
export const MOODS = ["well", "well", "busy", "down", "deaf", "slow"] as const satisfies readonly Mood[];

/** Something that the provider has accepted, and will do. */
export type Accepted = {
  readonly kind: "Messages" | "Calls";
  readonly sid: string;
  readonly world: World;
  readonly from: string;
  readonly to: string;
  readonly fields: URLSearchParams;
  /** By the provider's own clock. */
  readonly at: number;
  /** Lists show it from then on. */
  readonly shownAt: number;
};

export type ProviderParts = {
  readonly nature: Nature;
  readonly chance: Random;
  /** Asked when a request leaves the line, before anything comes of it. */
  readonly onRequest: (kind: Accepted["kind"], world: World, fields: URLSearchParams) => void;
  readonly onAccepted: (accepted: Accepted) => void;
  /** Which process of the line waits for the answer: what is gone hears nothing. */
  readonly processOf: () => unknown;
};

/** Twilio takes no longer than this to show a message (see `LOOK_AFTER_MS` in the outbox). */
const SHOWN_WITHIN_MS = 40_000;
/** The line waits so long for an answer. */
const PATIENCE_MS = 10_000;
/** A request that was held up on the way still comes in. */
const LATEST_MS = 25_000;

/** Twilio's REST API, as the line's `fetch` meets it: accepts, refuses, is late, or never answers. */
export function provider({ nature, chance, onRequest, onAccepted, processOf }: ProviderParts) {
  const state = { mood: "well" as Mood };
  const accepted: Accepted[] = [];

  function accept(kind: Accepted["kind"], world: World, fields: URLSearchParams): Accepted {
    const at = nature.trueNow();
    const row = {
      kind,
      sid: (kind === "Messages" ? "SM" : "CA") + hex(chance, 32),
      world,
      from: fields.get("From") ?? "",
      to: fields.get("To") ?? "",
      fields,
      at,
      shownAt: at + (chance() < 0.6 ? 0 : between(chance, 0, SHOWN_WITHIN_MS - LATEST_MS)),
    };
    accepted.unshift(row);
    onAccepted(row);
    return row;
  }

  /** What becomes of a request to send something; null: no answer ever. */
  function create(
    kind: Accepted["kind"],
    world: World,
    fields: URLSearchParams,
  ): Promise<Response> | Response {
    const luck = chance();
    switch (state.mood) {
      case "well":
        if (luck < 0.04) return failure(429, 20_429, "7");
        if (luck < 0.07) return failure(503, 20_500);
        if (luck < 0.1) return broken(kind, world, fields);
        if (luck < 0.12) return refusal(63_024);
        return answered(201, bodyOf(accept(kind, world, fields)));
      case "busy":
        return luck < 0.8
          ? failure(429, 20_429, String(between(chance, 1, 90)))
          : create429(kind, world, fields);
      case "down":
        if (luck < 0.3) accept(kind, world, fields);
        return luck < 0.7 ? failure(500, 20_500) : unreachable(luck < 0.85 ? "ECONNREFUSED" : "ECONNRESET");
      case "deaf":
        return broken(kind, world, fields);
      case "slow":
        nature.after(between(chance, 0, LATEST_MS), () => void accept(kind, world, fields));
        return never();
    }
  }

  /** Too many requests, said in the body of another status. */
  function create429(kind: Accepted["kind"], world: World, fields: URLSearchParams): Response {
    return chance() < 0.5
      ? answered(400, { code: 63_018, message: "Rate limit exceeded", status: 400 })
      : answered(201, bodyOf(accept(kind, world, fields)));
  }

  /** Accepted, and then the answer is lost. */
  function broken(kind: Accepted["kind"], world: World, fields: URLSearchParams): Promise<Response> {
    accept(kind, world, fields);
    return chance() < 0.5 ? never() : unreachable("UND_ERR_SOCKET");
  }

  function never(): Promise<Response> {
    return later(PATIENCE_MS, () => {
      throw new DOMException("The operation was aborted due to timeout", "TimeoutError");
    });
  }

  function unreachable(code: string): Promise<Response> {
    return later(5, () => {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
    });
  }

  function list(kind: Accepted["kind"], world: World, asked: URLSearchParams): Promise<Response> | Response {
    const luck = chance();
    if (state.mood === "down" && luck < 0.7) return failure(500, 20_500);
    if (luck < 0.05) return failure(429, 20_429);
    const now = nature.trueNow();
    const found = accepted.filter(
      (row) =>
        row.kind === kind &&
        row.world === world &&
        row.from === asked.get("From") &&
        row.to === asked.get("To") &&
        row.shownAt <= now,
    );
    const page = { first_page_uri: "/p", next_page_uri: null, previous_page_uri: null, uri: "/p", page: 0 };
    const items = found.slice(0, Number(asked.get("PageSize"))).map(bodyOf);
    return answered(200, { ...page, page_size: 100, start: 0, end: 0, [kind.toLowerCase()]: items });
  }

  /** Answers come later, and only to who is still there. */
  function later<T>(milliseconds: number, make: () => T): Promise<T> {
    const asker = processOf();
    return new Promise((resolve, reject) => {
      nature.after(milliseconds, () => {
        if (processOf() !== asker) return;
        try {
          resolve(make());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  return {
    state,
    accepted: accepted as readonly Accepted[],
    /** In place of `fetch`. */
    async fetch(address: string, init: RequestInit): Promise<Response> {
      const world: World = address.startsWith(OWN_URL) ? "simulated" : "real";
      if (world === "real" && !address.startsWith(TWILIO_URL)) throw new Error(`Nobody is at ${address}.`);
      const url = new URL(address);
      const kind = url.pathname.endsWith("/Calls.json") ? "Calls" : "Messages";
      const isPost = init.method === "POST";
      const fields = new URLSearchParams(typeof init.body === "string" ? init.body : "");
      if (isPost) onRequest(kind, world, fields);
      const answer = isPost ? create(kind, world, fields) : list(kind, world, url.searchParams);
      const response = await answer;
      return later(between(chance, 5, 900), () => response);
    },
  };

  function bodyOf({ kind, sid, from, to, fields, at }: Accepted) {
    const made = new Date(at).toUTCString().replace("GMT", "+0000");
    const shared = { sid, from, to, date_created: made, date_updated: made, direction: "outbound-api" };
    const body = fields.get("ContentSid") === null ? fields.get("Body") : "A template.";
    return kind === "Messages"
      ? { ...shared, body, status: "queued", num_media: "0", num_segments: "1" }
      : { ...shared, status: "queued" };
  }
}

function answered(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

function failure(status: number, code: number, retryAfter?: string): Response {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "Retry-After": retryAfter };
  return answered(status, { code, message: "Try later", status }, headers);
}

/** The person has no WhatsApp. */
function refusal(code: number): Response {
  return answered(400, { code, message: "Invalid message recipient", status: 400 });
}
