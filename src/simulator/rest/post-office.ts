import { setImmediate as nextTurn } from "node:timers/promises";
import { virtualClock } from "../clock.ts";
import type { Transport } from "../http.ts";
import { newSid, type Random } from "../random.ts";
import { createWire, type Exchange } from "../wire.ts";
import { behaviourOf } from "./reserved.ts";
import { book, type Book } from "./book.ts";
import { refusal, type Refusal } from "./refusal.ts";
import { inboundFields, statusFields, type Pressed } from "./message-fields.ts";
import type { Message, MessageStatus } from "./resources.ts";
import { filledIn, type Template } from "./template.ts";

export type PostOfficeParts = {
  readonly accountSid: string;
  readonly authToken: string;
  /** Where the service hears of messages. */
  readonly whatsappUrl: string;
  /** Approved templates by content SID. */
  readonly templates: ReadonlyMap<string, Template>;
  readonly transport: Transport;
  readonly random: Random;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
};

/** What a service asks Twilio to send. */
export type Letter = {
  readonly from: string;
  readonly to: string;
  readonly statusCallback: string | undefined;
  readonly content:
    | { readonly kind: "text"; readonly body: string }
    | {
        readonly kind: "template";
        readonly contentSid: string;
        readonly variables: ReadonlyMap<string, string>;
      };
};

/** What a person writes, or which button of the last message they press. */
export type Note = {
  readonly from: string;
  readonly to: string;
  readonly content: { readonly body: string } | { readonly button: string };
  /** So often the service is told of it: 1 unless the webhook is repeated. */
  readonly times: number;
};

/** A message that was delivered to the service, and what it answered each time. */
export type Delivered = { readonly message: Message; readonly exchanges: readonly Exchange["outcome"][] };

/**
 * WhatsApp as Twilio carries it: what is sent arrives, its status is told step by step, and what people write goes to
 * the service. Everything is bounded, and nothing outlives the process.
 */
export type PostOffice = {
  readonly messages: Book<Message>;
  send(letter: Letter): Message | Refusal;
  write(note: Note): Promise<Delivered | Refusal>;
};

/** Messages in either direction that are remembered. */
export const MAX_MESSAGES = 5_000;
/** Messages whose status is still being told; more at once are too many requests. */
const MAX_UNDER_WAY = 500;
/** "Free text only within 24 hours of the person's last message." */
const SESSION_MS = 24 * 60 * 60 * 1_000;
const OUTSIDE_THE_WINDOW = {
  code: 63_016,
  message: "Failed to send freeform message because you are outside the allowed window",
};

export function postOffice(parts: PostOfficeParts): PostOffice {
  const { now } = parts;
  const messages = book<Message>(MAX_MESSAGES);
  const asked = new Map<string, number>();
  let underWay = 0;

  function mayWriteFreely({ from, to }: Letter): boolean {
    const last = messages.newest().find((one) => one.from === to && one.to === from);
    return last !== undefined && now() - last.createdAt < SESSION_MS;
  }

  function isOneTooMany(to: string): boolean {
    const times = (asked.get(to) ?? 0) + 1;
    if (asked.size >= MAX_MESSAGES) asked.clear();
    asked.set(to, times);
    return times % 2 === 1;
  }

  /** What becomes of it, one status after the other; an answer other than 2xx changes nothing, as with Twilio. */
  async function carry(message: Message, letter: Letter): Promise<void> {
    const wire = createWire({ ...parts, clock: virtualClock() });
    const lost = fateOf(letter, mayWriteFreely(letter));
    const statuses = lost === null ? ARRIVES : lost.statuses;
    for (const status of statuses) {
      // The answer to the request comes first, then what follows from it.
      await nextTurn();
      const at = now();
      message.status = status;
      message.updatedAt = at;
      if (status === "sent") message.sentAt = at;
      if (isTheEnd(status)) message.error = lost?.error ?? null;
      if (letter.statusCallback === undefined) continue;
      const fields = statusFields(message, parts.accountSid);
      await wire.request({ method: "POST", url: letter.statusCallback, fields });
    }
  }

  return {
    messages,

    send(letter) {
      const { from, to, content } = letter;
      const behaviour = behaviourOf(to);
      if (underWay >= MAX_UNDER_WAY || (behaviour.kind === "busy-first" && isOneTooMany(to))) {
        return refusal(429, 20_429, "Too Many Requests");
      }
      if (behaviour.kind === "refused") return refusal(400, behaviour.code, behaviour.message);
      const template = content.kind === "text" ? undefined : parts.templates.get(content.contentSid);
      if (content.kind === "template" && template === undefined) {
        return refusal(400, 21_655, "The ContentSid is Invalid");
      }
      const text =
        content.kind === "text"
          ? { body: content.body, buttons: [] }
          : filledIn(template ?? NOTHING, content.variables);
      const message = { ...blank({ from, to, ...text }, parts), direction: "outbound-api" as const };
      messages.add(message);
      underWay += 1;
      carry(message, letter)
        .catch(parts.onError)
        .finally(() => (underWay -= 1));
      return message;
    },

    async write(note) {
      const { from, to, content } = note;
      const pressed = "button" in content ? buttonOf(messages.newest(), note, content.button) : undefined;
      if ("button" in content && pressed === undefined) {
        return refusal(400, 21_656, `No message from there has a button "${content.button}"`);
      }
      const body = "body" in content ? content.body : (pressed?.button.text ?? "");
      const message: Message = {
        ...blank({ from, to, body, buttons: [] }, parts),
        direction: "inbound",
        status: "received",
      };
      messages.add(message);
      const wire = createWire({ ...parts, clock: virtualClock() });
      const fields = inboundFields(message, pressed, parts.accountSid);
      const first = await wire.request({ method: "POST", url: parts.whatsappUrl, fields });
      const exchanges = [first.outcome];
      for (let time = 1; time < note.times; time += 1) {
        const again = await wire.again(first.delivery);
        exchanges.push(
          "code" in again ? { kind: "failure", problem: again } : { kind: "answer", answer: again },
        );
      }
      return { message, exchanges };
    },
  };
}

const NOTHING: Template = { body: "", buttons: [] };
const ARRIVES: readonly MessageStatus[] = ["queued", "sent", "delivered", "read"];

/** Why and how a message does not arrive; null where it does. */
function fateOf({ to, content }: Letter, mayWriteFreely: boolean) {
  const behaviour = behaviourOf(to);
  if (behaviour.kind === "undelivered") {
    return { statuses: ["queued", "sent", "undelivered"] as const, error: behaviour };
  }
  if (content.kind === "text" && !mayWriteFreely) {
    return { statuses: ["queued", "failed"] as const, error: OUTSIDE_THE_WINDOW };
  }
  return behaviour.kind === "unread"
    ? { statuses: ["queued", "sent", "delivered"] as const, error: null }
    : null;
}

function isTheEnd(status: MessageStatus): boolean {
  return status === "undelivered" || status === "failed";
}

type Text = Pick<Message, "from" | "to" | "body" | "buttons">;

function blank(text: Text, { random, now }: Pick<PostOfficeParts, "random" | "now">) {
  const at = now();
  const sid = newSid("SM", random);
  return { sid, ...text, createdAt: at, updatedAt: at, sentAt: null, status: "queued" as const, error: null };
}

/** The button of the newest message that has one of this text, or whose payload begins with it. */
function buttonOf(newest: readonly Message[], { from, to }: Note, text: string): Pressed | undefined {
  const wanted = text.toLowerCase();
  for (const message of newest) {
    if (message.from !== to || message.to !== from || message.buttons.length === 0) continue;
    const button = message.buttons.find(
      (one) => one.text.toLowerCase() === wanted || one.payload.split(":")[0]?.toLowerCase() === wanted,
    );
    return button === undefined ? undefined : { button, message };
  }
  return undefined;
}
