import { setupServer } from "msw/node";
import type { Business, Locale } from "../../src/call/business.ts";
import type { E164 } from "../../src/call/phone-number.ts";
import { loadConfig, TWIML_FOLDER, type Config } from "../../src/config.ts";
import { dispatchWith } from "../../src/dispatch.ts";
import { createLog } from "../../src/log.ts";
import type { Draft, Outgoing, OutgoingState } from "../../src/ledger/outgoing.ts";
import type { Verdict } from "../../src/outbox/call.ts";
import type { OutgoingSeen } from "../../src/outbox/worker.ts";
import { loadScripts, versionsIn } from "../../src/script/load.ts";
import { keepLog } from "../logs/kept.ts";
import { useNodesResponse } from "../support/nodes-response.ts";
import { agree, callOf, openMemory, someNumber } from "../support/memory.ts";
import { twilioDouble } from "./twilio.ts";

export const PUBLIC_URL = "https://line.test";
const OWN_URL = "http://own.test";
const TWILIO_URL = "https://twilio.test/api";
const SCRIPTS = loadScripts(TWIML_FOLDER, versionsIn(TWIML_FOLDER));
const ACCOUNT_SID = `AC${"a".repeat(32)}`;

/** A line with a real file, the outbox as it is wired, and two accounts of a Twilio that can fail. */
export type SendingLine = ReturnType<typeof startSending>;

export type SendingOptions = {
  readonly templates?: boolean;
  /** Calls are guarded as they are wired; else the test says what the guard says. */
  readonly guarded?: boolean;
  readonly calls?: Partial<Business["calls"]>;
  /** Whether the line has an account at Twilio, beside the simulator's. */
  readonly account?: boolean;
};

const ACCOUNT = { TWILIO_ACCOUNT_SID: ACCOUNT_SID, TWILIO_AUTH_TOKEN: "first,second" };

export function startSending({
  templates = true,
  guarded = false,
  calls = {},
  account = true,
}: SendingOptions = {}) {
  const memory = openMemory();
  const loaded = loadConfig({
    DATABASE_URL: `file:${memory.file}`,
    ...(account ? ACCOUNT : {}),
    TWILIO_API_URL: TWILIO_URL,
    YESLINE_SECRET: Buffer.alloc(32, 7).toString("base64"),
    YESLINE_SIMULATOR: "on",
  });
  const businesses = loaded.businesses.map((business) => ({
    ...withTemplates(business, templates),
    calls: { ...business.calls, ...calls },
  }));
  const config: Config = { ...loaded, businesses };
  const { clock } = memory;
  const now = () => clock.now;
  const twilio = twilioDouble({
    baseUrl: TWILIO_URL,
    accountSid: ACCOUNT_SID,
    authToken: "first",
    now,
  });
  if (config.simulator === null) throw new Error("no simulator");
  const playedUrl = account ? `${OWN_URL}/phone/twilio` : TWILIO_URL;
  const simulated = twilioDouble({ baseUrl: playedUrl, ...config.simulator, now });
  const seen: OutgoingSeen[] = [];
  const lines: string[] = [];
  const guard = { verdict: { kind: "go" } as Verdict, asked: 0 };
  const said = async () => {
    guard.asked++;
    return guard.verdict;
  };
  const start = (over: Partial<typeof memory> = {}) =>
    dispatchWith(config, {
      memory: { ...memory, ...over },
      scripts: SCRIPTS,
      publicUrl: PUBLIC_URL,
      ownUrl: OWN_URL,
      ...(guarded ? {} : { guard: said }),
      log: createLog("info", {
        write(line) {
          lines.push(line);
          keepLog("sending", line);
        },
      }),
      count: (one) => seen.push(one),
      now,
      random: () => 0.5,
      // Real time: what is lost takes this long, and a busy machine must not lose what is not.
      restTimeoutMs: 1_000,
    });
  const dispatch = start();
  const network = setupServer(...twilio.handlers, ...simulated.handlers);
  const giveBack = useNodesResponse();
  network.listen({ onUnhandledFrame: "error" });

  /** Rounds until nothing is due any more; the clock stands still. */
  async function settle() {
    const due = await memory.outgoing.nextDueAt();
    const left = await memory.outgoing.list({ states: ["sending"], limit: 1 });
    if ((due === null || due > clock.now) && left.length === 0) return;
    for (let round = 0; round < 100; round++) if ((await dispatch.worker.tick(clock.now)) === 0) return;
    throw new Error("it never settles");
  }

  return {
    ...memory,
    config,
    dispatch,
    /** Another process of the same line. */
    start,
    twilio,
    simulated,
    seen,
    lines,
    guard,
    settle,
    /** Virtual time goes by; what comes due meanwhile is sent. */
    async later(milliseconds: number, stepMs = 60_000) {
      const until = clock.now + milliseconds;
      while (clock.now < until) {
        clock.now = Math.min(until, clock.now + stepMs);
        await settle();
      }
    },
    /** Someone agrees on the phone, and their call ends. */
    async agrees({ caller = someNumber(), simulated: world = false } = {}) {
      const call = callOf({ caller, at: clock.now, simulated: world });
      const recorded = await agree(memory.ledger, call);
      if (recorded.kind !== "answered") throw new Error("not recorded");
      const [entry] = recorded.entries;
      if (entry === undefined) throw new Error("no entry");
      return { caller, call, entry };
    },
    /** A row of the queue that nothing else makes yet. */
    async queue(draft: Partial<Draft> & Pick<Draft, "payload">): Promise<string> {
      const [id] = await memory.outgoing.add([{ ...draftOf(clock.now), ...draft }], clock.now);
      if (id === null || id === undefined) throw new Error("not queued");
      return id;
    },
    row: async (id: string): Promise<Outgoing> => {
      const found = await memory.outgoing.get("acme-dental", id);
      if (found === null) throw new Error("no such row");
      return found;
    },
    all: (...states: OutgoingState[]) =>
      memory.outgoing.list({ limit: 500, ...(states.length === 0 ? {} : { states }) }),
    /** @throws where a request or an answer was not as Twilio describes it, or a number was logged (law 10) */
    async stop() {
      network.close();
      giveBack();
      await memory.close();
      const faults = [...twilio.violations, ...simulated.violations];
      if (faults.length > 0) throw new Error(`not as Twilio describes it: ${faults.join("; ")}`);
      if (/\+?14155\d{6}/.test(lines.join(""))) throw new Error("a number is in the log");
    },
  };
}

export const TEMPLATE = `HX${"1".repeat(32)}`;

function withTemplates(business: Business, approved: boolean): Business {
  const templates = { confirmation: TEMPLATE, verification: TEMPLATE, notice: TEMPLATE, withdrawn: TEMPLATE };
  return { ...business, whatsapp: { ...business.whatsapp, templates: approved ? templates : {} } };
}

let causes = 0;
function draftOf(now: number): Omit<Draft, "payload"> {
  return {
    businessId: "acme-dental",
    cause: `test:${causes++}`,
    subscriberId: null,
    simulated: false,
    entryId: null,
    dueAt: now,
    expiresAt: now + 15 * 60_000,
    requestedBy: null,
  };
}

export function whatsapp(number: E164): string {
  return `whatsapp:${number}`;
}

export function messagePayload(over: {
  purpose?: "help" | "confirmation" | "notice";
  sessionUntil?: number | null;
}) {
  return {
    kind: "message",
    purpose: "confirmation",
    topics: ["appointment-reminders"],
    locale: "en-US" as Locale,
    jurisdiction: "US",
    script: "2026-11-22",
    sessionUntil: null,
    ...over,
  } as const;
}
