import { createHmac } from "node:crypto";
import { between, type Random } from "../../src/simulator/random.ts";
import type { House } from "./house.ts";
import type { Nature } from "./nature.ts";
import { PUBLIC_URL, type Setting, type World } from "./setting.ts";

/** A webhook, as often as the provider sends it. */
export type Delivery = {
  readonly kind: "voice" | "status" | "message" | "message-status";
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly world: World;
  /** Requests that were sent, repetitions of the provider's and others. */
  sent: number;
  /** Requests that the line did not answer, because it was gone. */
  lost: number;
  triesLeft: number;
  readyAt: number;
  /** What the provider makes of it, once: the answer, or none in all its tries. */
  heard: ((answer: Answer | null) => void) | null;
};

export type Answer = { readonly status: number; readonly body: string };

export type ExchangeParts = {
  readonly setting: Setting;
  readonly nature: Nature;
  readonly chance: Random;
  readonly house: () => House | null;
  /** Told of each answer that the line gives, whether or not it arrives. */
  readonly answered: (delivery: Delivery, answer: Answer) => void;
  /** Told of each request before it is sent. */
  readonly asking: (delivery: Delivery) => void;
};

const TIMEOUT_MS = 15_000;
/** Answers that get lost on the way back. */
const LOST_SHARE = 0.04;
/** `#rc=2` for calls, `#rc=5` for messages, as the README says; a status is told once more. */
const TRIES = { voice: 3, message: 6, status: 2, "message-status": 2 } as const;
const MAX_KEPT = 60;

/** The provider's side of the webhooks: signs them, sends them, repeats what got no answer. */
export function exchange(parts: ExchangeParts) {
  const { setting, nature, chance, house, answered, asking } = parts;
  const waiting: Delivery[] = [];
  const past: Delivery[] = [];
  const underWay = new Set<Delivery>();

  function post(
    given: Pick<Delivery, "kind" | "path" | "fields" | "world" | "heard">,
    afterMs = 0,
  ): Delivery {
    const triesLeft = TRIES[given.kind];
    const delivery = { ...given, sent: 0, lost: 0, triesLeft, readyAt: nature.trueNow() + afterMs };
    waiting.push(delivery);
    return delivery;
  }

  function ready(): readonly Delivery[] {
    return waiting.filter(({ readyAt }) => readyAt <= nature.trueNow());
  }

  /** One request; what comes of it, comes when the line has answered. */
  function send(delivery: Delivery): void {
    waiting.splice(waiting.indexOf(delivery), 1);
    delivery.triesLeft -= 1;
    const asked = house();
    if (asked === null || !asked.answers()) return again(delivery);
    underWay.add(delivery);
    void carry(asked, delivery);
  }

  async function carry(asked: House, delivery: Delivery): Promise<void> {
    const answer = await request(asked, delivery);
    if (answer === null || !underWay.delete(delivery)) return;
    remember(delivery);
    if (chance() < LOST_SHARE || (answer.status >= 500 && delivery.triesLeft > 0)) again(delivery);
    else delivery.heard?.(answer);
  }

  /** @returns null where the process went before it answered */
  async function request(asked: House, delivery: Delivery): Promise<Answer | null> {
    delivery.sent += 1;
    asking(delivery);
    const response = await asked.request(signed(setting, delivery));
    const answer = { status: response.status, body: await response.text() };
    if (!asked.isAlive()) return null;
    answered(delivery, answer);
    return answer;
  }

  function remember(delivery: Delivery): void {
    past.push(delivery);
    if (past.length > MAX_KEPT) past.shift();
  }

  function again(delivery: Delivery): void {
    if (delivery.triesLeft <= 0) {
      delivery.heard?.(null);
      return;
    }
    delivery.readyAt = nature.trueNow() + between(chance, 100, TIMEOUT_MS);
    waiting.push(delivery);
  }

  return {
    post,
    ready,
    send,
    isQuiet: () => waiting.length === 0 && underWay.size === 0,
    untilReady: () => Math.max(0, Math.min(...waiting.map(({ readyAt }) => readyAt)) - nature.trueNow()),
    /** One that was answered before, or is just under way. */
    known: () => [...past, ...underWay],
    /** The same request once more, out of order: nobody listens to what it brings. */
    repeat(delivery: Delivery): void {
      const asked = house();
      if (asked !== null && asked.answers()) void request(asked, delivery);
    },
    /** The process has gone: what it was asked is asked again. */
    hungUpOn(): void {
      for (const delivery of underWay) {
        delivery.lost += 1;
        again(delivery);
      }
      underWay.clear();
    },
  };
}

/** Law 7: signed as Twilio signs, over the address and every field. */
function signed({ accounts }: Setting, { path, fields, world }: Delivery): Request {
  const { sid, token } = accounts[world];
  const form: Record<string, string> = { ...fields, AccountSid: sid };
  const text = Object.keys(form)
    .toSorted()
    .map((name) => name + form[name])
    .join("");
  const body = new URLSearchParams(form).toString();
  return new Request(PUBLIC_URL + path, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
      "Content-Length": String(Buffer.byteLength(body)),
      "X-Twilio-Signature": createHmac("sha1", token)
        .update(PUBLIC_URL + path + text)
        .digest("base64"),
    },
    body,
  });
}
