import { randomBytes, randomUUIDv7 } from "node:crypto";
import type { Logger } from "pino";
import { TWIML_FOLDER, type Config } from "./config.ts";
import type { Identity } from "./console/identity/identity.ts";
import { newPassword } from "./console/identity/passwords.ts";
import type { ConsoleMemory, ConsoleParts } from "./console/parts.ts";
import { troubleBook, type Troubles } from "./console/troubles.ts";
import type { KeepingStatus } from "./keeping.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Reading } from "./ledger/reading.ts";
import { operatorDatabase, type OperatorStore } from "./ledger/sqlite/operators.ts";
import type { VerifyingStatus } from "./proof/verified.ts";
import { inspectScripts } from "./script/boot.ts";
import type { Script } from "./script/script.ts";
import { VERBS } from "./twilio/verbs.ts";

/** The console's part of the wiring. */
export type Supervision = {
  readonly console: (publicUrl: string, dispatch?: Partial<ToDispatch>) => ConsoleParts;
  readonly troubles: Troubles;
  /** Whom the start announces, where nobody can sign in yet. */
  readonly firstOperator: { readonly email: string; readonly shown: string } | null;
  /** Once the line is answering: it takes a second. */
  readonly addFirstOperator: () => Promise<void>;
};

/** What the console asks of the outbox: without it nothing is woken and no call is placed. */
export type ToDispatch = Pick<ConsoleParts, "placeCall" | "playRecording" | "wake" | "printReceipt">;

export type SupervisionParts = {
  readonly operators: OperatorStore;
  /** Whether anybody may sign in. */
  readonly hasOperators: boolean;
  readonly ledger: Ledger;
  readonly reading: Reading;
  readonly memory: ConsoleMemory;
  readonly scripts: ReadonlyMap<string, Script>;
  readonly isServing: () => boolean;
  readonly log: Logger;
  /** Where the browser phone is served, if it is. */
  readonly phone?: string | null;
  readonly now?: () => number;
  /** How the ledger was when the line last verified it. */
  readonly verifying?: () => VerifyingStatus;
  /** How the last daily round went. */
  readonly keeping?: () => KeepingStatus;
  /** Puts who was just forgotten into the list outside the database; never throws. */
  readonly listErasures?: () => Promise<void>;
};

export function superviseWith(config: Config, parts: SupervisionParts): Supervision {
  const { operators, ledger, reading, scripts, isServing, log, phone = null, now = Date.now } = parts;
  const { messages, outgoing, endpoints, keys, entries, quality, privacy, recordings } = parts.memory;
  const { businesses, admin } = config;
  const first = parts.hasOperators ? null : { ...admin, password: admin.password ?? newPassword() };
  const troubles = troubleBook(now);
  let findings: ReturnType<ConsoleParts["findings"]> | undefined;
  let identity: Promise<Identity> | undefined;

  /** Kept once it is there; a failure is forgotten, so that the next request tries again. */
  function identityFor(publicUrl: string): Promise<Identity> {
    identity ??= openWith(publicUrl).catch((error: unknown) => {
      identity = undefined;
      throw error;
    });
    return identity;
  }

  async function openWith(publicUrl: string): Promise<Identity> {
    const { openIdentity } = await import("./console/identity/operators.ts");
    const opened = await openIdentity({
      publicUrl,
      secret: Buffer.from(await operators.key()),
      singleSignOn: config.singleSignOn,
      database: await operatorDatabase(operators.query),
      onProblem: (problem) => log.error({ problem }, "operators"),
    });
    if (first !== null) await opened.add(first.email, "admin", first.password);
    return opened;
  }

  let address = config.publicUrl ?? "http://127.0.0.1";
  return {
    troubles,
    console(
      publicUrl,
      { placeCall = null, playRecording = null, wake = () => undefined, printReceipt } = {},
    ) {
      address = publicUrl;
      return {
        publicUrl,
        businesses,
        scripts,
        // Published scripts never change: once is enough.
        findings: () =>
          (findings ??= inspectScripts({
            folder: TWIML_FOLDER,
            businesses,
            verbs: VERBS,
            today: today(now()),
          }).findings),
        ledger,
        reading,
        messages,
        outgoing,
        endpoints,
        keys,
        entries,
        quality,
        privacy,
        recordings,
        ...(parts.memory.proof === undefined ? {} : { proof: parts.memory.proof }),
        verifying: parts.verifying,
        lastRetention: () => parts.keeping?.().retention ?? null,
        listErasures: parts.listErasures,
        printReceipt,
        identity: () => identityFor(publicUrl),
        troubles: troubles.list,
        showSimulated: config.accounts.every((account) => account.simulated),
        phone,
        now,
        newId: randomUUIDv7,
        randomBytes,
        placeCall,
        playRecording,
        onAltered: (altered) => log.error(altered, "a recording is not the audio that was sealed"),
        wake,
        isServing,
      };
    },
    firstOperator:
      first === null
        ? null
        : {
            email: first.email,
            shown: admin.password === null ? `password ${first.password}` : "with the password you set",
          },
    async addFirstOperator() {
      if (first === null) return;
      try {
        await identityFor(address);
      } catch (error) {
        log.error({ err: error }, "no first operator yet");
      }
    },
  };
}

function today(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}
