import type { Command } from "commander";
import type { Business } from "../call/business.ts";
import { lastDigits, spaced } from "../call/phone-number.ts";
import type { Config } from "../config.ts";
import type { CallEvent, CallView, Ledger } from "../ledger/ledger.ts";
import { replayCall, type Recording } from "../simulator/index.ts";
import { NotSo, Unreachable, UsageError, type CliParts } from "./command.ts";
import { targetOf, withTargetOptions, type TargetOptions } from "./call-target.ts";
import { consentBook } from "./consent-book.ts";
import { withLedger } from "./with-ledger.ts";

/** `yesline call replay`: a stored call's keys against the running version. */
export function replayCommand(command: Command, { loadConfig, out, err }: CliParts): void {
  withTargetOptions(command.command("replay <callSid>"))
    .description(
      "play a stored call's keys again, as a simulated call, and show what is said differently; what simulated calls left of its caller is withdrawn first",
    )
    .option("--json", "print JSON")
    .action(async (callSid: string, options: TargetOptions & { json?: true }) => {
      const config = loadConfig();
      const recording = await withLedger(config, (ledger) => recordingOf(ledger, config, callSid));
      if (recording.turns.length === 0)
        throw new UsageError(`${callSid} was never answered: there is nothing to play again.`);
      const { url, ...target } = targetOf(options, config);
      if (recording.knewTheCaller)
        err("This caller had consent; the replay differs where simulated calls left none.\n");
      else await forgetCaller(recording, config, target.accountSid);
      const result = await replayCall(recording, { url, ...target }, { alike: withoutReference });
      if (result.events.every((event) => event.kind !== "webhook" || event.status === undefined)) {
        throw new Unreachable(`${url} does not answer: start the line (npm start), or give its --url.`);
      }
      const { differences } = result;
      if (options.json === true)
        out(`${JSON.stringify({ replayed: callSid, as: result.callSid, differences })}\n`);
      else {
        const lines = differences.flatMap(({ turn, was, now }) => [
          `turn ${turn}`,
          `  was: ${was}`,
          `  now: ${now}`,
        ]);
        out(`${callSid} again as ${result.callSid}: ${differences.length === 0 ? "nothing differs" : ""}\n`);
        if (lines.length > 0) out(`${lines.join("\n")}\n`);
      }
      if (differences.length > 0) throw new NotSo();
    });
}

/** What was said before each listening, and the keys that followed. */
async function recordingOf(
  ledger: Ledger,
  { businesses }: Config,
  callSid: string,
): Promise<Recording & { readonly knewTheCaller: boolean }> {
  const [business, call] = await findCall(ledger, businesses, callSid);
  const party = call.caller ?? "anonymous";
  const inbound = call.direction === "inbound";
  const turns: Turn[] = [];
  for (const [index, event] of call.events.entries()) {
    if (event.kind !== "served") continue;
    const number =
      event.subscriberId === null ? null : await ledger.numberOf(business.id, event.subscriberId);
    const said = wordsOf(event.words ?? "", call, number);
    const key = call.events.slice(index + 1).find((later) => later.kind === "key");
    const next = key === undefined ? undefined : call.events[call.events.indexOf(key) + 1];
    const did = await didOf(ledger, business, event, key, next);
    turns.push({ said, did });
    // What the carrier was answered then, nobody heard.
    if (did.kind === "hang-up") break;
  }
  const [from, to] = inbound ? [party, call.line] : [call.line, party];
  const knewTheCaller = call.events.some(({ kind, step }) => kind === "served" && step === "welcome-back");
  return { from, to, direction: inbound ? "inbound" : "outbound-api", turns, knewTheCaller };
}

/** Who was a stranger when the call took place is one again when it is replayed, as often as it is. */
async function forgetCaller({ from, to, direction }: Recording, config: Config, accountSid: string) {
  const [line, caller] = direction === "inbound" ? [to, from] : [from, to];
  const book = consentBook(config, accountSid);
  if (book === null) return;
  try {
    await book.forget(line, caller);
  } finally {
    await book.close();
  }
}

/**
 * A number that was keyed in is not an event's to keep: it stands with the subscriber who was read out next. One that
 * was no number stands nowhere; another that is none takes its place.
 */
async function didOf(
  ledger: Ledger,
  business: Business,
  served: CallEvent,
  answer: CallEvent | undefined,
  next: CallEvent | undefined,
): Promise<Turn["did"]> {
  if (answer === undefined) return served.action === null ? { kind: "nothing" } : { kind: "hang-up" };
  if (answer.key !== null) return { kind: "keys", keys: answer.key };
  if (answer.keypress === "hang-up") return { kind: "hang-up" };
  const named = answer.step === "other-number" && next?.step === "confirm-number" ? next.subscriberId : null;
  const number = named === null ? null : await ledger.numberOf(business.id, named);
  if (number !== null) return { kind: "keys", keys: number.slice(1) };
  if (answer.keypress !== "digits") return { kind: "silence" };
  return { kind: "keys", keys: answer.step === "other-number" ? NO_NUMBER : NO_ONES_KEY };
}

/** A star alone would be one wrong key, not a wrong number. */
const NO_NUMBER = "**";
/** A question that listens for one key would take the first of several. No question has this one. */
const NO_ONES_KEY = "*";

type Turn = Recording["turns"][number];

async function findCall(
  ledger: Ledger,
  businesses: readonly Business[],
  callSid: string,
): Promise<[Business, CallView]> {
  for (const business of businesses) {
    const call = await ledger.call(business.id, callSid);
    if (call !== null) return [business, call];
  }
  throw new UsageError(
    `There is no call ${callSid} in this ledger: ledger export shows the SIDs of those that made entries.`,
  );
}

function wordsOf(words: string, call: CallView, number: string | null): string[] {
  const filled = words
    .replaceAll("{{lastDigits}}", call.caller === null ? "" : lastDigits(call.caller))
    .replaceAll("{{number}}", number === null ? "" : spaced(number));
  return filled.split("\n");
}

/** A reference belongs to one call. */
function withoutReference(said: string): string {
  return said.replaceAll(/\{\{reference\}\}|(?<![\d] )\d(?: \d){5}(?! \d)/g, "…");
}
