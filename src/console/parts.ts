import type { Context } from "hono";
import type { Business, Locale } from "../call/business.ts";
import type { E164 } from "../call/phone-number.ts";
import type { ApiKeys, Endpoints, Entries } from "../ledger/integration.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Messages } from "../ledger/messages.ts";
import type { OutgoingStore } from "../ledger/outgoing.ts";
import type { Privacy } from "../ledger/privacy.ts";
import type { ProofStore } from "../ledger/proof-store.ts";
import type { Quality } from "../ledger/quality.ts";
import type { NewAccess, Reading } from "../ledger/reading.ts";
import type { Recordings } from "../ledger/recordings.ts";
import type { Played } from "../outbox/recording.ts";
import type { VerifyingStatus } from "../proof/verified.ts";
import type { Script } from "../script/script.ts";
import type { Identity, Session, Operator } from "./identity/identity.ts";
import type { Preferences } from "./preferences.ts";
import type { Trouble } from "./troubles.ts";

/** What the console reads and changes beside the ledger itself. */
export type ConsoleMemory = {
  readonly messages: Pick<Messages, "inbox" | "words" | "handle" | "get" | "withSubscriber" | "changeNumber">;
  readonly outgoing: Pick<OutgoingStore, "list" | "get" | "retry" | "replay">;
  readonly endpoints: Pick<Endpoints, "add" | "list" | "disable" | "enable">;
  readonly keys: Pick<ApiKeys, "add" | "list" | "revoke">;
  readonly entries: Pick<Entries, "get">;
  readonly quality: Quality;
  readonly recordings: Pick<Recordings, "of" | "audioOf">;
  /** Absent: the line keeps no log. */
  readonly proof?: Pick<ProofStore, "placeOf" | "leafRow">;
  readonly privacy: Pick<
    Privacy,
    | "erase"
    | "clearTraces"
    | "certificateOf"
    | "certificates"
    | "retentionRuns"
    | "expired"
    | "forget"
    | "traceOf"
    | "isSuppressed"
  >;
};

/** Somebody asks for a call that asks for consent. */
export type CallWish = {
  readonly businessId: string;
  readonly to: E164;
  /** Null: the person is asked. */
  readonly locale: Locale | null;
  readonly simulated: boolean;
  /** The operator's id. */
  readonly requestedBy: string;
  /** The same wish repeated has the same name, and places one call. */
  readonly cause: string;
  readonly at: number;
};

/** Puts a call into the queue, or says in a sentence why there will be none. */
export type PlaceCall = (
  wish: CallWish,
) => Promise<
  | { readonly kind: "queued"; readonly id: string }
  | { readonly kind: "refused"; readonly explanation: string }
>;

/** What the door for supervisors is made of. */
export type ConsoleParts = ConsoleMemory & {
  /** A receipt of an entry, as PDF; null where there is no such entry. Absent: there are none. */
  readonly printReceipt?: ((businessId: string, entryId: string) => Promise<Uint8Array | null>) | undefined;
  /** The URL that Twilio calls; where it is https, cookies are Secure. */
  readonly publicUrl: string;
  readonly businesses: readonly Business[];
  readonly scripts: ReadonlyMap<string, Script>;
  /** What the checks say of the scripts; empty: nothing is wrong. */
  readonly findings: () => readonly { readonly place: string; readonly message: string }[];
  readonly ledger: Pick<Ledger, "revoke" | "subscriber" | "numberOf">;
  readonly reading: Reading;
  /** Loaded when the console is first asked for: it takes a second, and webhooks cannot wait. */
  readonly identity: () => Promise<Identity>;
  /** How the ledger was when the line last verified it. Absent: it does not. */
  readonly verifying?: (() => VerifyingStatus) | undefined;
  /** The last daily round that forgot whose retention had ended; null before the first one since the start. */
  readonly lastRetention: () => {
    readonly at: number;
    readonly forgotten: number;
    readonly ok: boolean;
  } | null;
  /** Webhooks that went wrong, grouped, the latest first. */
  readonly troubles: () => readonly Trouble[];
  /** True in the demo, where no Twilio account is configured: simulated calls are all there is. */
  readonly showSimulated: boolean;
  /** Where the browser phone is, if it is served. */
  readonly phone: string | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Names a withdrawal. */
  readonly newId: () => string;
  /** From a cryptographic source: keys and secrets are made of them. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Null where the line places no calls. */
  readonly placeCall: PlaceCall | null;
  /** A call's audio, checked against what was sealed. Null where nothing is fetched from Twilio. */
  readonly playRecording: ((businessId: string, callSid: string) => Promise<Played>) | null;
  /** Audio that is not what was sealed, told to whoever watches the line. */
  readonly onAltered?: ((altered: AlteredAudio) => void) | undefined;
  /** Puts who was just forgotten into the list outside the database, by which restored backups forget them again. */
  readonly listErasures?: (() => Promise<void>) | undefined;
  /** Something may have to leave now. */
  readonly wake: () => void;
  /** False from the moment that the server begins to stop: live tails end. */
  readonly isServing: () => boolean;
};

export type AlteredAudio = {
  readonly businessId: string;
  readonly callSid: string;
  readonly sealed: string;
  readonly found: string;
};

export type ConsoleEnv = {
  Bindings: { readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } } };
  Variables: { operator: Operator; session: Session; preferences: Preferences };
};
export type ConsoleContext = Context<ConsoleEnv>;

/** Where the console is mounted. */
export const CONSOLE = "/console";

/** Law 10: who looks, reveals, exports or changes is on record before the answer shows it. */
export async function logAccess(
  { reading, now }: ConsoleParts,
  c: ConsoleContext,
  access: Pick<NewAccess, "action"> & Partial<Pick<NewAccess, "businessId" | "subject" | "detail">>,
): Promise<void> {
  const operator = c.get("operator");
  await reading.logAccess({
    actor: operator.id,
    actorName: operator.email,
    businessId: null,
    subject: null,
    detail: "",
    ...access,
    at: now(),
  });
}
