import { Hono, type Context } from "hono";
import type { Business, Locale } from "../call/business.ts";
import { mask } from "../call/phone-number.ts";
import { MACHINE, type CallIdentity, type Ledger } from "../ledger/ledger.ts";
import type { Recordings } from "../ledger/recordings.ts";
import type { Script } from "../script/script.ts";
import { speaker, type Speech } from "../script/speak.ts";
import { CUT_SHORT, limitedBody, wasCutShort } from "../twilio/body-limit.ts";
import type { FormReader } from "../twilio/fields.ts";
import { answerInput, callInput, isTerminal, statusInput, type CallInput } from "../twilio/form.ts";
import { askedAt, parseAddress } from "./address.ts";
import { recordingEar } from "./recording.ts";
import { reception, sightingOf, type Received, type ReceptionParts, type Sighting } from "./reception.ts";
import {
  beginCall,
  HANG_UP,
  identify,
  isReturning,
  onItsWay,
  takeAnswer,
  type Answer,
  type Conversation,
} from "./turn.ts";

export type VoiceParts = ReceptionParts & {
  readonly scripts: ReadonlyMap<string, Script>;
  readonly ledger: Ledger;
  readonly recordings: Pick<Recordings, "ended">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds, for durations. */
  readonly monotonicMs: () => number;
  readonly observe: VoiceObserver;
};

/** Told of each webhook once, for log and metrics. `error` is what failed on our side, if something did. */
export type VoiceObserver = (webhook: Webhook, error: Error | undefined) => void;

/** One webhook, as log and metrics see it. */
export type Webhook = Partial<Sighting> & {
  readonly route: "begin" | "answer" | "status" | "recording" | "other";
  readonly status: number;
  readonly milliseconds: number;
  /** The next question, the ending, the call's status, or why the request was refused. */
  readonly outcome: string;
  readonly entries: readonly string[];
  /** Something is to be done about the call's audio, at once. */
  readonly recording?: boolean;
  readonly repeated: boolean;
  /** Of the event that it brings; null where it brings none. */
  readonly step: string | null;
  readonly attempt: number | null;
};

const NOT_OURS = "The path is not one that this line gave.";
const NO_SUCH_LINE = '<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>';

type Env = { Variables: { webhook: Webhook; speaking: Speaking | "never" } };
/** Who is on the line, so that an apology can be made in the right language; "never" to a machine. */
type Speaking = Pick<Conversation, "speak" | "live"> & { readonly locale: Locale };

/**
 * The door for calls: `POST /voice`, `/voice/SCRIPT/LOCALE/STEP`, `/voice/status` and `/voice/recording`.
 * Refusals are 400, 403, 405, 413 and 415, and write nothing. What fails on our side is answered with the apology.
 */
export function voiceRoutes(parts: VoiceParts): Hono<Env> {
  const { ledger, scripts, now } = parts;
  const receive = reception(parts);
  const hearOfRecording = recordingEar(parts);
  const speakerFor = keptSpeakers();
  const basePath = new URL(parts.publicUrl).pathname.replace(/\/$/, "");
  const routes = new Hono<Env>();

  routes.use(
    observed(parts),
    limitedBody((c) => refuse(c, 413, "The body is over 64 kB.")),
  );

  routes.post(
    "/",
    withReceived("begin", callInput, async (c, received, business) => {
      const { input, account, chosen } = received;
      if (input.direction === "outbound" && input.answeredBy === "machine") {
        c.set("speaking", "never");
        return hangUpOnMachine(c, identify(input, account, business, now()));
      }
      const script = scripts.get(business.script);
      if (script === undefined) throw new Error(`Script ${business.script} is not loaded.`);
      note(c, { step: "begin", attempt: 1 });
      const conversation = converse(c, received, business, script, chosen ?? business.locales[0]);
      return say(c, await beginCall(ledger, conversation, chosen));
    }),
  );

  routes.post(
    "/status",
    withReceived("status", statusInput, async (c, { input, account }, business) => {
      const call = identify(input, account, business, now());
      const { status, sequence, durationSeconds } = input;
      note(c, { outcome: status, step: status, attempt: sequence });
      const { repeated } = await ledger.recordStatus(call, {
        status,
        sequence,
        durationSeconds,
        terminal: isTerminal(status),
        at: call.at,
      });
      note(c, { repeated });
      return c.body(null, 204);
    }),
  );

  routes.post("/recording", async (c) => {
    note(c, { route: "recording" });
    const heard = await hearOfRecording(c.req.raw);
    if ("refused" in heard) return refuse(c, heard.refused, heard.message);
    const { status, known, ...sighting } = heard;
    note(c, { ...sighting, outcome: known ? status : "no recording of ours", recording: known });
    return c.body(null, 204);
  });

  routes.post(
    "/:script/:locale/:step",
    withReceived("answer", answerInput, async (c, received, business) => {
      const address = parseAddress(
        c.req.param() as Record<"script" | "locale" | "step", string>,
        c.req.query(),
      );
      const script = scripts.get(address?.script ?? "");
      if (address === null || script?.locales.get(address.locale) === undefined)
        return refuse(c, 400, NOT_OURS);
      note(c, askedAt(address));
      const conversation = converse(c, received, business, script, address.locale);
      const { status, keypress } = received.input;
      const pressed = isTerminal(status) ? ({ kind: "hang-up" } as const) : keypress;
      return say(c, await takeAnswer(ledger, conversation, address, pressed));
    }),
  );

  routes.all("*", (c) => {
    if (c.req.method === "POST") {
      note(c, { outcome: "There is nothing at this path." });
      return c.text("There is nothing here.\n", 404);
    }
    note(c, { outcome: "Only POST, as Twilio sends it." });
    return c.text("Only POST, as Twilio sends it.\n", 405, { Allow: "POST" });
  });

  /** Law 2, the other half: if nothing could be recorded, the caller hears just that. */
  routes.onError((error, c) => {
    if (wasCutShort(error)) return refuse(c, 400, CUT_SHORT);
    const speaking = c.get("speaking") as Speaking | "never" | undefined;
    if (speaking === undefined) return c.text("Something failed on our side.\n", 500);
    if (speaking === "never") return xml(c, HANG_UP);
    const { locale, speak, live } = speaking;
    const apology = speak({ ...APOLOGY, locale, returns: isReturning(live) });
    return xml(c, onItsWay(apology.twiml, live));
  });

  /** A notice on a machine would be heard by anybody, and answered by nobody: it never hears a word. */
  async function hangUpOnMachine(c: Context<Env>, call: CallIdentity): Promise<Response> {
    note(c, { step: MACHINE, attempt: 1, outcome: MACHINE });
    const event = { status: MACHINE, sequence: 1, durationSeconds: null, terminal: false, at: call.at };
    note(c, await ledger.recordStatus(call, event));
    return xml(c, HANG_UP);
  }

  /** What every webhook goes through first. */
  function withReceived<Input extends CallInput>(
    route: Webhook["route"],
    read: FormReader<Input>,
    answer: (c: Context<Env>, received: Received<Input>, business: Business) => Promise<Response>,
  ) {
    return async (c: Context<Env>): Promise<Response> => {
      note(c, { route });
      const received = await receive(c.req.raw, read);
      if ("refused" in received) return refuse(c, received.refused, received.message);
      note(c, sightingOf(received));
      if (received.business !== undefined) return answer(c, received, received.business);
      note(c, { outcome: `no business has the line ${mask(received.input.line)}` });
      return route === "status" ? c.body(null, 204) : xml(c, NO_SUCH_LINE);
    };
  }

  function converse(
    c: Context<Env>,
    { input, account, live }: Received<CallInput>,
    business: Business,
    script: Script,
    locale: Locale,
  ): Conversation {
    const speaking = { locale, live, speak: speakerFor(business, script) };
    c.set("speaking", speaking);
    return {
      call: identify(input, account, business, now()),
      business,
      script,
      basePath,
      live,
      speak: speaking.speak,
    };
  }

  return routes;
}

/** The apology's prompt; its name also stands for what failed on our side. */
const FAILED = "sorry";

const APOLOGY: Omit<Speech, "locale"> = {
  prompts: [FAILED],
  jurisdiction: "EU",
  question: null,
  topics: [],
  withheld: false,
};

const UNSEEN: Webhook = {
  route: "other",
  status: 0,
  milliseconds: 0,
  outcome: "",
  entries: [],
  repeated: false,
  step: null,
  attempt: null,
};

/** One line of log, one observation and one row a webhook, whatever became of it; the row where it names a call. */
function observed({ ledger, now, monotonicMs, observe }: VoiceParts) {
  return async (c: Context<Env>, next: () => Promise<void>): Promise<void> => {
    const startedAt = monotonicMs();
    const at = now();
    c.set("webhook", UNSEEN);
    await next();
    const milliseconds = monotonicMs() - startedAt;
    const webhook: Webhook = { ...c.get("webhook"), status: c.res.status, milliseconds };
    observe(webhook, wasCutShort(c.error) ? undefined : c.error);
    const { businessId = null, callSid, route, status: httpStatus, step, attempt, repeated } = webhook;
    if (route === "other" || route === "recording" || callSid === undefined || businessId === null) return;
    const outcome = c.error === undefined ? webhook.outcome : FAILED;
    ledger.noteAnswered({
      businessId,
      callSid,
      route,
      step,
      attempt,
      at,
      milliseconds,
      httpStatus,
      repeated,
      outcome,
    });
  };
}

/** One speaker for each business and script, so that what it has rendered stays ready. */
function keptSpeakers() {
  const kept = new Map<string, Conversation["speak"]>();
  return (business: Business, script: Script): Conversation["speak"] => {
    const key = `${business.id}/${script.version}`;
    const speak = kept.get(key) ?? speaker(script, business);
    kept.set(key, speak);
    return speak;
  };
}

function say(c: Context<Env>, { twiml, outcome, recorded, recording }: Answer): Response {
  const answered = recorded.kind === "answered";
  note(c, {
    outcome: answered ? outcome : "ended",
    entries: answered ? recorded.entries.map((entry) => entry.kind) : [],
    repeated: answered && recorded.repeated,
    recording,
  });
  return xml(c, twiml);
}

function refuse(c: Context, status: 400 | 403 | 413 | 415, message: string): Response {
  note(c as Context<Env>, { outcome: message });
  return c.text(`${message}\n`, status);
}

function note(c: Context<Env>, seen: Partial<Webhook>): void {
  c.set("webhook", { ...c.get("webhook"), ...seen });
}

function xml(c: Context, twiml: string): Response {
  return c.body(twiml, 200, { "Content-Type": "text/xml; charset=utf-8" });
}
