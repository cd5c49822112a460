import type { Logger } from "pino";
import type { Config } from "./config.ts";
import type { Endpoints, Entries, LiveCalls } from "./ledger/integration.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Messages } from "./ledger/messages.ts";
import type { OutgoingStore } from "./ledger/outgoing.ts";
import type { Recordings } from "./ledger/recordings.ts";
import { outgoingLog } from "./log.ts";
import { callCarrier, type CallParts } from "./outbox/call.ts";
import { callGuard, callPlacer } from "./outbox/calls.ts";
import { eventCarrier } from "./outbox/event.ts";
import { bringer } from "./outbox/live-call.ts";
import { messageCarrier } from "./outbox/message.ts";
import { postOutside, type Post } from "./outbox/post.ts";
import { recordingCarrier, recordingPlayer } from "./outbox/recording.ts";
import { outboxWorker, type OutgoingSeen, type Worker } from "./outbox/worker.ts";
import type { Script } from "./script/script.ts";
import { topicNames, writers } from "./script/write.ts";
import { REST_TIMEOUT_MS } from "./twilio/rest-http.ts";
import { twilioRest, type TwilioRest } from "./twilio/rest.ts";

export type DispatchParts = {
  readonly memory: {
    readonly ledger: Ledger;
    readonly outgoing: OutgoingStore;
    readonly messages: Messages;
    readonly endpoints: Endpoints;
    readonly entries: Entries;
    readonly liveCalls: LiveCalls;
    readonly recordings: Recordings;
  };
  readonly scripts: ReadonlyMap<string, Script>;
  /** What Twilio calls back. */
  readonly publicUrl: string;
  /** Where this process listens: the simulator stands for Twilio there. */
  readonly ownUrl: string;
  /** Absent: the one that asks hours, consent and caps. */
  readonly guard?: CallParts["guard"];
  /** How events reach other systems. Absent: over the network. */
  readonly post?: Post;
  readonly log: Logger;
  readonly count: (seen: OutgoingSeen) => void;
  readonly now?: () => number;
  readonly random?: () => number;
  /** How long Twilio may take for an answer. */
  readonly restTimeoutMs?: number;
};

/** What leaves the house: the wiring of the outbox. */
export type Dispatch = {
  readonly worker: Worker;
  readonly restOf: (simulated: boolean) => TwilioRest | null;
  /** For the ears of whoever may. */
  readonly playRecording: ReturnType<typeof recordingPlayer>;
  /** Asked for by an operator or another system. */
  readonly calls: {
    readonly placeCall: ReturnType<typeof callPlacer>;
    readonly find: OutgoingStore["get"];
    readonly bringIn: ReturnType<typeof bringer>;
  };
};

export function dispatchWith(config: Config, parts: DispatchParts): Dispatch {
  const { memory, publicUrl, log, count, now = Date.now, random = Math.random } = parts;
  const { ledger, outgoing, messages, endpoints, entries, liveCalls, recordings } = memory;
  const { businesses } = config;
  const { guard = callGuard({ businesses, ledger, outgoing }) } = parts;
  const restOf = accounts(config, parts);
  const write = writers(parts.scripts);
  const logOutgoing = outgoingLog(log);
  const demo = config.accounts.every(({ simulated }) => simulated);
  const { post = postOutside({ allowLoopback: demo }) } = parts;
  const worker = outboxWorker({
    outgoing,
    carriers: {
      message: messageCarrier({
        publicUrl,
        businesses,
        ledger,
        outgoing,
        messages,
        restOf,
        write,
        topicNames,
      }),
      call: callCarrier({ publicUrl, ledger, outgoing, guard, restOf }),
      event: eventCarrier({
        endpoints,
        entryOf: async (businessId, entryId) => (await entries.get([businessId], entryId))?.entry ?? null,
        post,
      }),
      recording: recordingCarrier({ publicUrl, recordings, restOf }),
    },
    rates: new Map(businesses.map(({ id, whatsapp }) => [id, whatsapp.messagesPerSecond])),
    now,
    random,
    observe(seen, error) {
      logOutgoing(seen, error);
      count(seen);
    },
    onError: (error) => log.error({ err: error }, "the outbox cannot be read; the next round tries again"),
  });
  const calls: Dispatch["calls"] = {
    placeCall: callPlacer({ businesses, outgoing, restOf }),
    find: (businessId, id) => outgoing.get(businessId, id),
    bringIn: bringer({ businesses, publicUrl, ledger, liveCalls, restOf }),
  };
  return { worker, restOf, calls, playRecording: recordingPlayer({ recordings, restOf }) };
}

/**
 * Law 6: what is simulated never reaches the real account. It goes to the simulator in this very process, or, where
 * there is no real account, to the mock that TWILIO_API_URL names.
 */
function accounts(
  config: Config,
  { ownUrl, restTimeoutMs: timeoutMs = REST_TIMEOUT_MS }: DispatchParts,
): Dispatch["restOf"] {
  const { twilioApiUrl, simulator } = config;
  const account = config.accounts.find(({ simulated }) => !simulated);
  const [authToken] = account?.authTokens ?? [];
  const real =
    account === undefined || authToken === undefined
      ? null
      : twilioRest({ accountSid: account.sid, authToken, baseUrl: twilioApiUrl, timeoutMs });
  const mock = real === null ? twilioApiUrl : null;
  const played =
    simulator === null
      ? null
      : twilioRest({ ...simulator, baseUrl: mock ?? `${ownUrl}/phone/twilio`, timeoutMs });
  return (simulated) => (simulated ? played : real);
}
