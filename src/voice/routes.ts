import { Hono } from "hono";
import type { Business, Locale } from "../call/business.ts";
import { mask } from "../call/phone-number.ts";
import { MACHINE, type CallIdentity, type Ledger } from "../ledger/ledger.ts";
import type { Recordings } from "../ledger/recordings.ts";
import type { Script } from "../script/script.ts";
import { speaker, type Speech } from "../script/speak.ts";
import type { FormReader } from "../twilio/fields.ts";
import { answerInput, callInput, isTerminal, statusInput, type CallInput } from "../twilio/form.ts";
import { askedAt, parseAddress } from "./address.ts";
import { recordingEar } from "./recording.ts";
import { reception, sightingOf, type Received, type ReceptionParts } from "./reception.ts";
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
import { oneByOne } from "./under-way.ts";
import { FAILED, note, observer, refuse, type ObserverParts, type Visit, type Webhook } from "./visit.ts";

export type { VoiceObserver, Webhook } from "./visit.ts";

export type VoiceParts = ReceptionParts &
  ObserverParts & {
    readonly scripts: ReadonlyMap<string, Script>;
    readonly ledger: Ledger;
    readonly recordings: Pick<Recordings, "ended">;
    /** What every answer carries, by name. */
    readonly headers: Readonly<Record<string, string>>;
  };

const NOT_OURS = "The path is not one that this line gave.";
const NO_SUCH_LINE = '<?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>';

/**
 * The door for calls: `POST /voice`, `/voice/SCRIPT/LOCALE/STEP`, `/voice/status` and `/voice/recording`.
 * Refusals are 400, 403, 405, 413 and 415, and write nothing. What fails on our side is answered with the apology.
 */
export function voiceRoutes(parts: VoiceParts): Hono {
  const { ledger, scripts, now } = parts;
  const receive = reception(parts);
  const hearOfRecording = recordingEar(parts);
  const speakerFor = keptSpeakers();
  const basePath = new URL(parts.publicUrl).pathname.replace(/\/$/, "");
  const xmlHeaders = { "Content-Type": "text/xml; charset=utf-8", ...parts.headers };
  const inTurn = oneByOne();
  const routes = new Hono();
  const observed = observer(parts, apologise);

  routes.post(
    "/",
    withReceived("begin", callInput, async (visit, received, business) => {
      const { input, account, chosen } = received;
      if (input.direction === "outbound" && input.answeredBy === "machine") {
        visit.speaking = "never";
        return hangUpOnMachine(visit, identify(input, account, business, now()));
      }
      const script = scripts.get(business.script);
      if (script === undefined) throw new Error(`Script ${business.script} is not loaded.`);
      note(visit, { step: "begin", attempt: 1 });
      const conversation = converse(visit, received, business, script, chosen ?? business.locales[0]);
      return say(visit, await beginCall(ledger, conversation, chosen));
    }),
  );

  routes.post(
    "/status",
    withReceived("status", statusInput, async (visit, { input, account }, business) => {
      const call = identify(input, account, business, now());
      const { status, sequence, durationSeconds } = input;
      note(visit, { outcome: status, step: status, attempt: sequence });
      const { repeated } = await ledger.recordStatus(call, {
        status,
        sequence,
        durationSeconds,
        terminal: isTerminal(status),
        at: call.at,
      });
      note(visit, { repeated });
      return heard(visit);
    }),
  );

  routes.post(
    "/recording",
    observed(async (visit) => {
      note(visit, { route: "recording" });
      const told = await hearOfRecording(visit.c.req.raw);
      if ("refused" in told) return refuse(visit, told.refused, told.message);
      const { status, known, ...sighting } = told;
      note(visit, { ...sighting, outcome: known ? status : "no recording of ours", recording: known });
      return heard(visit);
    }),
  );

  routes.post(
    "/:script/:locale/:step",
    withReceived("answer", answerInput, async (visit, received, business) => {
      const { req } = visit.c;
      const address = parseAddress(req.param() as Record<"script" | "locale" | "step", string>, req.query());
      const script = scripts.get(address?.script ?? "");
      if (address === null || script?.locales.get(address.locale) === undefined)
        return refuse(visit, 400, NOT_OURS);
      note(visit, askedAt(address));
      const conversation = converse(visit, received, business, script, address.locale);
      const { status, keypress } = received.input;
      const pressed = isTerminal(status) ? ({ kind: "hang-up" } as const) : keypress;
      return say(visit, await takeAnswer(ledger, conversation, address, pressed));
    }),
  );

  routes.all(
    "*",
    observed(async (visit) => {
      const { c } = visit;
      if (c.req.method === "POST") {
        note(visit, { outcome: "There is nothing at this path." });
        return c.text("There is nothing here.\n", 404);
      }
      note(visit, { outcome: "Only POST, as Twilio sends it." });
      return c.text("Only POST, as Twilio sends it.\n", 405, { Allow: "POST" });
    }),
  );

  /** Law 2, the other half: if nothing could be recorded, the caller hears just that. */
  function apologise(visit: Visit): Response {
    const { speaking } = visit;
    if (speaking === undefined) return visit.c.text("Something failed on our side.\n", 500);
    if (speaking === "never") return xml(visit, HANG_UP);
    const { locale, speak, live } = speaking;
    const apology = speak({ ...APOLOGY, locale, returns: isReturning(live) });
    return xml(visit, onItsWay(apology.twiml, live));
  }

  /** A notice on a machine would be heard by anybody, and answered by nobody: it never hears a word. */
  async function hangUpOnMachine(visit: Visit, call: CallIdentity): Promise<Response> {
    note(visit, { step: MACHINE, attempt: 1, outcome: MACHINE });
    const event = { status: MACHINE, sequence: 1, durationSeconds: null, terminal: false, at: call.at };
    note(visit, await ledger.recordStatus(call, event));
    return xml(visit, HANG_UP);
  }

  /** What every webhook of a call goes through first. */
  function withReceived<Input extends CallInput>(
    route: Webhook["route"],
    read: FormReader<Input>,
    answer: (visit: Visit, received: Received<Input>, business: Business) => Promise<Response>,
  ) {
    return observed(async (visit) => {
      note(visit, { route });
      const received = await receive(visit.c.req.raw, read);
      if ("refused" in received) return refuse(visit, received.refused, received.message);
      note(visit, sightingOf(received));
      const { business } = received;
      if (business !== undefined)
        return inTurn(`${received.input.callSid} ${visit.c.req.url}`, () =>
          answer(visit, received, business),
        );
      note(visit, { outcome: `no business has the line ${mask(received.input.line)}` });
      return route === "status" ? heard(visit) : xml(visit, NO_SUCH_LINE);
    });
  }

  function converse(
    visit: Visit,
    { input, account, live }: Received<CallInput>,
    business: Business,
    script: Script,
    locale: Locale,
  ): Conversation {
    const call = identify(input, account, business, now());
    const speak = speakerFor(business, script);
    visit.speaking = { locale, live, speak };
    return { call, business, script, basePath, live, speak };
  }

  function say(visit: Visit, { twiml, outcome, recorded, recording }: Answer): Response {
    const answered = recorded.kind === "answered";
    note(visit, {
      outcome: answered ? outcome : "ended",
      entries: answered ? recorded.entries.map((entry) => entry.kind) : [],
      repeated: answered && recorded.repeated,
      recording,
    });
    return xml(visit, twiml);
  }

  /** With all its headers from the start, so that none is looked for. */
  function xml({ c }: Visit, twiml: string): Response {
    c.set("safe", true);
    return new Response(twiml, { headers: xmlHeaders });
  }

  function heard({ c }: Visit): Response {
    c.set("safe", true);
    return new Response(null, { status: 204, headers: parts.headers });
  }

  return routes;
}

const APOLOGY: Omit<Speech, "locale"> = {
  prompts: [FAILED],
  jurisdiction: "EU",
  question: null,
  topics: [],
  withheld: false,
};

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
