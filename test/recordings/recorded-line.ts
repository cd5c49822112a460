import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import type { E164 } from "../../src/call/phone-number.ts";
import { TWIML_FOLDER } from "../../src/config.ts";
import { dispatchWith } from "../../src/dispatch.ts";
import { createLog } from "../../src/log.ts";
import type { OutgoingSeen } from "../../src/outbox/worker.ts";
import { loadScripts, versionsIn } from "../../src/script/load.ts";
import type { Transport } from "../../src/simulator/http.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { restRoutes } from "../../src/simulator/rest/routes.ts";
import { startConsoleLine } from "../console/console-line.ts";
import type { CallerOptions } from "../support/caller.ts";
import { PUBLIC_URL } from "../support/line.ts";

export const BUSINESSES = new URL("kaap-clinic.yaml", import.meta.url).pathname;
const RECORDINGS = /\/(?:Recordings|Recordings\/[^/]+)\.(?:json|wav)$/;

export type RecordedLine = Awaited<ReturnType<typeof startRecorded>>;

/** What goes wrong at Twilio, for requests about recordings: HTTP's status and Twilio's code. */
export type Trouble = {
  readonly method: string;
  readonly status: number;
  readonly code: number;
  /** It was done, and only the answer is lost. */
  readonly isDone?: boolean;
};

/**
 * A line whose calls are recorded, its console, and Twilio over real HTTP: the simulator's, whose callbacks are told to
 * the line, signed. What it says of recordings can be made to fail, or to be something else.
 */
export async function startRecorded() {
  let twilio = new Hono();
  const server = serve({ fetch: (request) => twilio.fetch(request), hostname: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state = {
    troubles: [] as Trouble[],
    /** Said of every recording, whatever was asked. */
    isAltered: false,
    /** Twilio tells nobody. */
    isMute: false,
    asked: [] as string[],
  };

  const played: { play: (businessId: string, callSid: string) => ReturnType<Dispatch["playRecording"]> } = {
    play: () => Promise.reject(new Error("not wired yet")),
  };
  const line = await startConsoleLine({
    env: { YESLINE_BUSINESSES: BUSINESSES, TWILIO_API_URL: url },
    parts: { playRecording: (businessId, callSid) => played.play(businessId, callSid) },
  });
  const { config, clock } = line;
  if (config.simulator === null) throw new Error("no simulator");
  const problems: unknown[] = [];
  const toTheLine: Transport = async ({ url: to, headers, body }) => {
    if (state.isMute) return { kind: "answer", status: 204, headers: {}, body: "", tooLarge: false };
    const answer = await line.app.request(new Request(to, { method: "POST", headers, body }));
    return { kind: "answer", status: answer.status, headers: {}, body: await answer.text(), tooLarge: false };
  };
  const rest = restRoutes({
    ...config.simulator,
    whatsappUrl: `${PUBLIC_URL}/whatsapp`,
    templates: new Map(),
    transport: toTheLine,
    random: seededRandom("recordings"),
    now: () => clock.now,
    onError: (error) => problems.push(error),
  });
  twilio = new Hono()
    .use(async (c, next) => {
      const { method, path } = c.req;
      if (!RECORDINGS.test(path)) return next();
      state.asked.push(`${method} ${path.replace(/^.*\/(?=Calls|Recordings)/, "")}`);
      const [trouble] = state.troubles;
      if (trouble?.method === method) {
        state.troubles.shift();
        if (trouble.isDone === true) await next();
        const { status, code } = trouble;
        c.res = undefined;
        c.res = Response.json({ code, message: "Trouble.", status }, { status });
        return;
      }
      await next();
      if (!state.isAltered || !path.endsWith(".wav")) return;
      const audio = new Uint8Array(await c.res.arrayBuffer());
      audio[100] = (audio[100] ?? 0) ^ 1;
      c.res = new Response(audio, { headers: { "Content-Type": "audio/x-wav" } });
    })
    .route("/", rest);

  const seen: OutgoingSeen[] = [];
  const lines: string[] = [];
  const dispatch = dispatchWith(config, {
    memory: line.memory,
    scripts: loadScripts(TWIML_FOLDER, versionsIn(TWIML_FOLDER)),
    publicUrl: PUBLIC_URL,
    ownUrl: url,
    log: createLog("info", { write: (text) => void lines.push(text) }),
    count: (one) => seen.push(one),
    now: () => clock.now,
    random: () => 0.5,
  });
  played.play = dispatch.playRecording;

  /** Until nothing is due any more, and what Twilio tells has arrived. */
  async function settle() {
    for (let quiet = 0, round = 0; quiet < 3; round++) {
      if (round > 200) throw new Error("it never settles");
      quiet = (await dispatch.worker.tick(clock.now)) === 0 ? quiet + 1 : 0;
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  let people = 100;
  const { memory } = line;
  const simulator = config.simulator;
  return {
    ...line,
    supervisor: await line.operator("supervisor"),
    viewer: await line.operator("viewer"),
    state,
    seen,
    lines,
    dispatch,
    settle,
    async later(milliseconds: number, stepMs = 60_000) {
      const until = clock.now + milliseconds;
      while (clock.now < until) {
        clock.now = Math.min(until, clock.now + stepMs);
        await settle();
      }
    },
    /** Somebody new calls the clinic under South African law, and does this; then the call is over. */
    async calls(keys: readonly string[], options: CallerOptions = {}) {
      const from = options.from ?? `+27825550${people++}`;
      const call = line.call({ to: "+27215550100", ...options, from });
      const first = await call.begin();
      for (const key of keys) await call.press(key);
      await settle();
      await call.post("/voice/status", { CallStatus: "completed", CallDuration: "41", SequenceNumber: "3" });
      await settle();
      return { callSid: call.callSid, first, call, caller: from as E164 };
    },
    recording: (callSid: string, businessId = "kaap-clinic") => memory.recordings.of(businessId, callSid),
    entries: (callSid: string) =>
      line.connection.client
        .prepare("SELECT * FROM entry WHERE source_id = ? ORDER BY seq")
        .all(callSid) as Record<string, unknown>[],
    /** What Twilio has under this name; null where it has nothing. */
    async audioAt(sid: string): Promise<{ bytes: number; sha256: string } | null> {
      const credentials = btoa(`${simulator.accountSid}:${simulator.authToken}`);
      const answer = await fetch(`${url}/2010-04-01/Accounts/${simulator.accountSid}/Recordings/${sid}.wav`, {
        headers: { Authorization: `Basic ${credentials}` },
      });
      if (!answer.ok) return null;
      const audio = Buffer.from(await answer.arrayBuffer());
      return { bytes: audio.length, sha256: createHash("sha256").update(audio).digest("hex") };
    },
    async stop() {
      await new Promise((resolve) => {
        server.close(resolve);
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
      await line.stop();
      if (problems.length > 0) throw new Error(`Twilio failed: ${String(problems[0])}`);
    },
  };
}

type Dispatch = ReturnType<typeof dispatchWith>;
