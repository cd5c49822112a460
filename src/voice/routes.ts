import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Business, Locale } from "../call/business.ts";
import { mask } from "../call/phone-number.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Script } from "../script/script.ts";
import { speaker, type Speech } from "../script/speak.ts";
import {
  answerInput,
  callInput,
  isTerminal,
  statusInput,
  type CallInput,
  type Refusal,
} from "../twilio/form.ts";
import { signatureCheck, type Account } from "../twilio/signature.ts";
import { parseAddress } from "./address.ts";
import { beginCall, identify, takeAnswer, type Answer, type Conversation } from "./turn.ts";

export type VoiceParts = {
  /** The URL that Twilio calls, without a slash at the end. */
  readonly publicUrl: string;
  readonly accounts: readonly Account[];
  readonly businesses: readonly Business[];
  readonly scripts: ReadonlyMap<string, Script>;
  readonly ledger: Ledger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds, for durations. */
  readonly monotonicMs: () => number;
  readonly observe: VoiceObserver;
};

/** Told of each webhook once, for log and metrics. `error` is what failed on our side, if something did. */
export type VoiceObserver = (webhook: Webhook, error: Error | undefined) => void;

export type Webhook = {
  readonly route: "begin" | "answer" | "status";
  readonly status: number;
  readonly milliseconds: number;
  readonly callSid: string | null;
  readonly businessId: string | null;
  readonly simulated: boolean | null;
  /** Masked. */
  readonly caller: string | null;
  /** The next question, the ending, the status, or why the request was refused. */
  readonly outcome: string;
  readonly entries: readonly string[];
  readonly repeated: boolean;
};

/** Twilio's own bound for what it sends is far below. */
const MAX_BODY_BYTES = 64 * 1024;

const NO_SUCH_LINE = '<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>';

type Env = { Variables: { webhook: Webhook; apology: Apology } };
type Apology = { readonly business: Business; readonly script: Script; readonly locale: Locale };

/**
 * The door for calls: `POST /voice`, `/voice/SCRIPT/LOCALE/STEP` and `/voice/status`.
 * Refusals are 400, 403, 405, 413 and 415, and write nothing. What fails on our side is answered with the apology.
 */
export function voiceRoutes(parts: VoiceParts): Hono<Env> {
  const { ledger, scripts, now, monotonicMs, observe } = parts;
  const check = signatureCheck(parts.publicUrl, parts.accounts);
  const basePath = new URL(parts.publicUrl).pathname.replace(/\/$/, "");
  const lines = new Map(parts.businesses.flatMap((each) => each.lines.map((line) => [line, each] as const)));
  const speakers = new Map<string, Conversation["speak"]>();
  const routes = new Hono<Env>();

  routes.use(async (c, next) => {
    const startedAt = monotonicMs();
    c.set("webhook", UNKNOWN);
    await next();
    note(c, { status: c.res.status, milliseconds: monotonicMs() - startedAt });
    observe(c.get("webhook"), c.error);
  });
  routes.use(
    bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => refuse(c, 413, "The body is over 64 kB.") }),
  );

  routes.post("/", async (c) => {
    const received = await receive(c, "begin", callInput);
    if (received instanceof Response) return received;
    const { input, account, business } = received;
    if (business === undefined) return noSuchLine(c, input);
    const script = scripts.get(business.script);
    if (script === undefined) throw new Error(`Script ${business.script} is not loaded.`);
    const conversation = converse(c, input, account, business, script, business.locales[0]);
    return speakAnswer(c, await beginCall(ledger, conversation));
  });

  routes.post("/status", async (c) => {
    const received = await receive(c, "status", statusInput);
    if (received instanceof Response) return received;
    const { input, account, business } = received;
    note(c, { outcome: input.status });
    if (business === undefined) return c.body(null, 204);
    const call = identify(input, account, business, now());
    const { status, sequence, durationSeconds } = input;
    const change = { status, sequence, durationSeconds, terminal: isTerminal(status), at: call.at };
    await ledger.recordStatus(call, change);
    return c.body(null, 204);
  });

  routes.post("/:script/:locale/:step", async (c) => {
    const received = await receive(c, "answer", answerInput);
    if (received instanceof Response) return received;
    const { input, account, business } = received;
    if (business === undefined) return noSuchLine(c, input);
    const address = parseAddress(c.req.param(), c.req.query());
    const script = address === null ? undefined : scripts.get(address.script);
    if (address === null || script?.locales.get(address.locale) === undefined) {
      return refuse(c, 400, "The path is not one that this line gave.");
    }
    const conversation = converse(c, input, account, business, script, address.locale);
    const keypress = isTerminal(input.status) ? ({ kind: "hang-up" } as const) : input.keypress;
    const answer = await takeAnswer(ledger, conversation, address, keypress);
    return answer === null
      ? refuse(c, 400, "The path is not one that this line gave.")
      : speakAnswer(c, answer);
  });

  routes.all("*", (c) => {
    c.header("Allow", "POST");
    return c.text("Only POST, as Twilio sends it.\n", 405);
  });

  /** Law 2, the other half: if nothing could be recorded, the caller hears just that. */
  routes.onError((_error, c) => {
    const apology = c.get("apology") as Apology | undefined;
    if (apology === undefined) return c.text("Something failed on our side.\n", 500);
    const speech: Speech = {
      prompts: ["sorry"],
      locale: apology.locale,
      jurisdiction: "EU",
      question: null,
      topics: [],
      withheld: false,
    };
    return xml(c, speakerFor(apology.business, apology.script)(speech).twiml);
  });

  /** Signature, account, fields; then whose line it is. @returns the refusal, where there is one */
  async function receive<T extends CallInput>(
    c: Context<Env>,
    route: Webhook["route"],
    read: (fields: ReadonlyMap<string, readonly string[]>) => T | Refusal,
  ) {
    note(c, { route });
    const signed = check({
      rawPath: rawPathOf(c.req.url),
      contentType: c.req.header("content-type"),
      signature: c.req.header("x-twilio-signature"),
      body: new Uint8Array(await c.req.arrayBuffer()),
    });
    if ("refused" in signed) return refuse(c, signed.refused, signed.message);
    const input = read(signed.fields);
    if ("refused" in input) return refuse(c, input.refused, input.message);
    const business = lines.get(input.line);
    note(c, {
      callSid: input.callSid,
      businessId: business?.id ?? null,
      simulated: signed.account.simulated,
      caller: mask(input.caller),
    });
    return { input, account: signed.account, business };
  }

  function converse(
    c: Context<Env>,
    input: CallInput,
    account: Account,
    business: Business,
    script: Script,
    locale: Locale,
  ): Conversation {
    c.set("apology", { business, script, locale });
    const call = identify(input, account, business, now());
    return { call, business, script, speak: speakerFor(business, script), basePath };
  }

  function speakerFor(business: Business, script: Script): Conversation["speak"] {
    const key = `${business.id}\0${script.version}`;
    const known = speakers.get(key) ?? speaker(script, business);
    speakers.set(key, known);
    return known;
  }

  function speakAnswer(c: Context<Env>, { twiml, outcome, recorded }: Answer) {
    const answered = recorded.kind === "answered";
    note(c, {
      outcome: answered ? outcome : "ended",
      entries: answered ? recorded.entries.map((entry) => entry.kind) : [],
      repeated: answered && recorded.repeated,
    });
    return xml(c, twiml);
  }

  function noSuchLine(c: Context<Env>, { line }: CallInput) {
    note(c, { outcome: `no business has the line ${mask(line)}` });
    return xml(c, NO_SUCH_LINE);
  }

  function refuse(c: Context, status: 400 | 403 | 413 | 415, message: string) {
    note(c as Context<Env>, { outcome: message });
    return c.text(`${message}\n`, status);
  }

  return routes;
}

const UNKNOWN: Webhook = {
  route: "answer",
  status: 0,
  milliseconds: 0,
  callSid: null,
  businessId: null,
  simulated: null,
  caller: null,
  outcome: "",
  entries: [],
  repeated: false,
};

function note(c: Context<Env>, seen: Partial<Webhook>): void {
  c.set("webhook", { ...c.get("webhook"), ...seen });
}

function xml(c: Context, twiml: string) {
  return c.body(twiml, 200, { "Content-Type": "text/xml; charset=utf-8" });
}

/** Path and query as they came: everything after the origin. */
function rawPathOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("//") + 2));
}
