import type { Context } from "hono";
import type { Business } from "../call/business.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { NewAccess, Reading } from "../ledger/reading.ts";
import type { Script } from "../script/script.ts";
import type { Identity, Session, Operator } from "./identity/identity.ts";
import type { Preferences } from "./preferences.ts";
import type { Trouble } from "./troubles.ts";

/** What the door for supervisors is made of. */
export type ConsoleParts = {
  /** The URL that Twilio calls; where it is https, cookies are Secure. */
  readonly publicUrl: string;
  readonly businesses: readonly Business[];
  readonly scripts: ReadonlyMap<string, Script>;
  /** What the checks say of the scripts; empty: nothing is wrong. */
  readonly findings: () => readonly { readonly place: string; readonly message: string }[];
  readonly ledger: Pick<Ledger, "revoke" | "subscriber" | "entries" | "numberOf">;
  readonly reading: Reading;
  /** Loaded when the console is first asked for: it takes a second, and webhooks cannot wait. */
  readonly identity: () => Promise<Identity>;
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
  /** False from the moment that the server begins to stop: live tails end. */
  readonly isServing: () => boolean;
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
