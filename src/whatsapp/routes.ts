import { Hono, type Context } from "hono";
import { z } from "zod";
import type { Business } from "../call/business.ts";
import { mask } from "../call/phone-number.ts";
import type { Messages } from "../ledger/messages.ts";
import type { Script } from "../script/script.ts";
import { CUT_SHORT, limitedBody, wasCutShort } from "../twilio/body-limit.ts";
import { messageInput, messageStatusInput } from "../twilio/message-form.ts";
import type { Account } from "../twilio/signature.ts";
import { webhookReader } from "../twilio/webhook.ts";
import { listener } from "./listener.ts";

export type WhatsAppParts = {
  /** The URL that Twilio calls, without a slash at the end. */
  readonly publicUrl: string;
  readonly accounts: readonly Account[];
  readonly businesses: readonly Business[];
  readonly scripts: ReadonlyMap<string, Script>;
  readonly messages: Pick<Messages, "receive" | "statusChanged">;
  /** Told after a commit that may have brought something to send. */
  readonly wake: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds, for durations. */
  readonly monotonicMs: () => number;
  readonly observe: WhatsAppObserver;
};

/** Told of each webhook once, for log and metrics. `error` is what failed on our side, if something did. */
export type WhatsAppObserver = (webhook: MessageWebhook, error: Error | undefined) => void;

/** One webhook, as log and metrics see it: no number, and nothing of what was written. */
export type MessageWebhook = {
  readonly route: "message" | "message-status" | "other";
  readonly status: number;
  readonly milliseconds: number;
  /** What was understood, how far a message came, or why the request was refused. */
  readonly outcome: string;
  readonly entries: readonly string[];
  readonly repeated: boolean;
  readonly messageSid?: string;
  readonly businessId?: string | null;
  readonly simulated?: boolean;
  /** Masked. */
  readonly sender?: string;
};

/** What is sent back goes through the outbox, so that it is durable before it leaves. */
const NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>';

const statusQuery = z.object({ outgoing: z.uuid().optional() });

type Env = { Variables: { webhook: MessageWebhook } };

/**
 * The door for messages: `POST /whatsapp` and `/whatsapp/status`.
 * Refusals are 400, 403, 405, 413 and 415, and write nothing. What fails on our side is a 500, so that Twilio's retries
 * and its fallback address are of use; a repeated message writes nothing.
 */
export function whatsappRoutes(parts: WhatsAppParts): Hono<Env> {
  const { messages, wake, now } = parts;
  const genuine = webhookReader(parts.publicUrl, parts.accounts);
  const listen = listener(parts.scripts);
  const senders = new Map(parts.businesses.map((each) => [each.whatsapp.sender, each]));
  const routes = new Hono<Env>();

  routes.use(observed(parts));
  routes.use(limitedBody((c) => refuse(c, 413, "The body is over 64 kB.")));

  routes.post("/", async (c) => {
    note(c, { route: "message" });
    const received = await genuine(c.req.raw, messageInput);
    if ("refused" in received) return refuse(c, received.refused, received.message);
    const { input, account } = received;
    const { sid, from, body, payload, repliedSid } = input;
    const business = senders.get(input.to);
    const { simulated } = account;
    note(c, { messageSid: sid, businessId: business?.id ?? null, simulated, sender: mask(from) });
    if (business === undefined) {
      note(c, { outcome: `no business has the sender ${mask(input.to)}` });
      return xml(c);
    }
    const { intent, locale } = listen(input, business);
    note(c, { outcome: intent.kind });
    const arrival = { businessId: business.id, sid, from, simulated, intent, body, payload, repliedSid };
    const answered = await messages.receive({ ...arrival, at: now() }, { business, locale });
    const { repeated, understood, entries } = answered;
    note(c, { outcome: understood, repeated, entries: repeated ? [] : entries.map(({ kind }) => kind) });
    if (!repeated) wake();
    return xml(c);
  });

  routes.post("/status", async (c) => {
    note(c, { route: "message-status" });
    const received = await genuine(c.req.raw, messageStatusInput);
    if ("refused" in received) return refuse(c, received.refused, received.message);
    const query = statusQuery.safeParse(c.req.query());
    if (!query.success) return refuse(c, 400, "outgoing: not an id of ours");
    const { sid, from, status, errorCode } = received.input;
    const outgoingId = query.data.outgoing ?? null;
    const businessId = senders.get(from)?.id ?? null;
    const { simulated } = received.account;
    note(c, { messageSid: sid, businessId, simulated });
    const change = { sid, outgoingId, simulated, status, errorCode };
    const fate = await messages.statusChanged({ ...change, at: now() });
    note(c, { outcome: errorCode === null ? status : `${status} ${errorCode}`, repeated: fate === "stale" });
    return c.body(null, 204);
  });

  routes.all("*", (c) => {
    if (c.req.method === "POST") {
      note(c, { outcome: "There is nothing at this path." });
      return c.text("There is nothing here.\n", 404);
    }
    note(c, { outcome: "Only POST, as Twilio sends it." });
    return c.text("Only POST, as Twilio sends it.\n", 405, { Allow: "POST" });
  });

  routes.onError((error, c) =>
    wasCutShort(error) ? refuse(c, 400, CUT_SHORT) : c.text("Something failed on our side.\n", 500),
  );

  return routes;
}

const UNSEEN: MessageWebhook = {
  route: "other",
  status: 0,
  milliseconds: 0,
  outcome: "",
  entries: [],
  repeated: false,
};

/** One line of log and one observation a webhook, whatever became of it. */
function observed({ monotonicMs, observe }: WhatsAppParts) {
  return async (c: Context<Env>, next: () => Promise<void>): Promise<void> => {
    const startedAt = monotonicMs();
    c.set("webhook", UNSEEN);
    await next();
    const milliseconds = monotonicMs() - startedAt;
    const error = wasCutShort(c.error) ? undefined : c.error;
    observe({ ...c.get("webhook"), status: c.res.status, milliseconds }, error);
  };
}

function refuse(c: Context, status: 400 | 403 | 413 | 415, message: string): Response {
  note(c as Context<Env>, { outcome: message });
  return c.text(`${message}\n`, status);
}

function note(c: Context<Env>, seen: Partial<MessageWebhook>): void {
  c.set("webhook", { ...c.get("webhook"), ...seen });
}

function xml(c: Context): Response {
  return c.body(NOTHING_TO_SAY, 200, { "Content-Type": "text/xml; charset=utf-8" });
}
