import { z } from "zod";
import type { Delivery, Limits, Transport } from "./http.ts";

/** A message as a person's telephone shows it, in either direction. */
export type MessageSeen = {
  sid: string;
  direction: "inbound" | "outbound-api";
  /** E.164, without WhatsApp's prefix. */
  from: string;
  to: string;
  body: string;
  status: string;
  errorCode: number | null;
  /** To the second, by the clock of whoever carries it. */
  at: string;
};

/** What somebody does with their telephone. */
export type Writing = { from: string; to: string; times: number } & ({ body: string } | { button: string });

/** What went wrong, as a sentence. */
export type Trouble = { trouble: string };

/** The telephones of a scenario's people: what has arrived on them since it began, and what they write. */
export type Mailbox = {
  /** Notes what had arrived before: it is no part of the scenario. */
  open(): Promise<Trouble | undefined>;
  /** Everything since then, the oldest first. */
  read(): Promise<MessageSeen[] | Trouble>;
  /** Undefined: the line was told, and took it. */
  write(writing: Writing): Promise<Trouble | undefined>;
};

export type MailboxParts = {
  /** Of the simulated Twilio. */
  url: string;
  accountSid: string;
  authToken: string;
  transport: Transport;
};

/** The most that Twilio shows on a page. */
const PAGE_SIZE = 1_000;
const limits: Limits = { connectMs: 5_000, readMs: 15_000, maxBytes: 4_000_000 };

const messageShape = z.object({
  sid: z.string(),
  direction: z.enum(["inbound", "outbound-api"]),
  from: z.string(),
  to: z.string(),
  body: z.string().nullable(),
  status: z.string(),
  error_code: z.number().nullable(),
  date_created: z.string(),
});
const listShape = z.object({ messages: z.array(messageShape) });
const writtenShape = z.object({
  webhooks: z.array(
    z.object({ status: z.number().nullable(), problems: z.array(z.object({ message: z.string() })) }),
  ),
});
const refusalShape = z.object({ code: z.number(), message: z.string() });

/** Asks over Twilio's REST API; no address of a request holds a number. */
export function mailbox(parts: MailboxParts): Mailbox {
  const { url, accountSid, authToken, transport } = parts;
  const list = `${url}/2010-04-01/Accounts/${accountSid}/Messages.json`;
  const before = new Set<string>();
  let since = "";

  async function ask<T>(
    shape: z.ZodType<T>,
    request: Pick<Delivery, "method" | "url" | "body">,
  ): Promise<T | Trouble> {
    const form = request.method === "POST" ? { "Content-Type": "application/x-www-form-urlencoded" } : {};
    const credentials = Buffer.from(`${accountSid}:${authToken}`).toString("base64");
    const length = { "Content-Length": String(Buffer.byteLength(request.body)) };
    const headers = { ...form, ...length, Authorization: `Basic ${credentials}` };
    const received = await transport({ ...request, headers }, limits);
    const where = "the simulated Twilio";
    if (received.kind === "failure") return { trouble: `${where} does not answer: ${received.message}` };
    const answer = jsonOf(received.body);
    const parsed = shape.safeParse(answer);
    if (received.status < 300 && parsed.success) return parsed.data;
    const refused = refusalShape.safeParse(answer);
    const reason = refused.success ? `${refused.data.code}: ${refused.data.message}` : NO_TWILIO;
    return { trouble: `${where} answered HTTP ${received.status}: ${reason}` };
  }

  const page = (query: string) => ask(listShape, { method: "GET", url: `${list}?${query}`, body: "" });

  return {
    async open() {
      const found = await page("PageSize=100");
      if ("trouble" in found) return found;
      for (const { sid } of found.messages) before.add(sid);
      since = found.messages[0]?.date_created ?? "";
      return undefined;
    },
    async read() {
      const newer = since === "" ? "" : `&DateSent%3E=${encodeURIComponent(new Date(since).toISOString())}`;
      const found = await page(`PageSize=${PAGE_SIZE}${newer}`);
      if ("trouble" in found) return found;
      return found.messages
        .filter(({ sid }) => !before.has(sid))
        .toReversed()
        .map(seen);
    },
    async write({ from, to, times, ...content }) {
      const form = new URLSearchParams({
        From: `whatsapp:${from}`,
        To: `whatsapp:${to}`,
        Times: String(times),
      });
      if ("body" in content) form.set("Body", content.body);
      else form.set("Button", content.button);
      const written = await ask(writtenShape, {
        method: "POST",
        url: `${url}/people/messages`,
        body: form.toString(),
      });
      if ("trouble" in written) return written;
      const [fault] = written.webhooks.flatMap(({ problems }) => problems);
      return fault === undefined
        ? undefined
        : { trouble: `the line did not take the message: ${fault.message}` };
    },
  };
}

const NO_TWILIO =
  "there is none; start the line with YESLINE_SIMULATOR=on, and sign with the simulator's account";

function seen({
  sid,
  direction,
  from,
  to,
  body,
  status,
  error_code,
  date_created,
}: z.output<typeof messageShape>): MessageSeen {
  return {
    sid,
    direction,
    from: from.replace("whatsapp:", ""),
    to: to.replace("whatsapp:", ""),
    body: body ?? "",
    status,
    errorCode: error_code,
    at: new Date(date_created).toISOString(),
  };
}

/** What is not JSON is undefined, which no shape takes. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
