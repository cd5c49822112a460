import { emitKeypressEvents, type Key as Pressed } from "node:readline";
import type { Command } from "commander";
import {
  callFacts,
  callPlan,
  createWire,
  httpTransport,
  isKey,
  keypad,
  pacedClock,
  placeCall,
  scenarioFromEvents,
  systemRandom,
  targetUrls,
  type CallEvent,
  type Caller,
  type Keypad,
} from "../simulator/index.ts";
import { Unreachable, type CliParts } from "./command.ts";
import { writeOutput } from "./call-output.ts";
import { targetOf, withTargetOptions, type TargetOptions } from "./call-target.ts";

type PhoneOptions = TargetOptions & {
  readonly from: string;
  readonly to?: string;
  readonly instant?: true;
  readonly save?: string;
  readonly json?: true;
};

/** `yesline call phone`: a person at the terminal is the caller. */
export function phoneCommand(command: Command, { loadConfig, out, err }: CliParts): void {
  withTargetOptions(command.command("phone"))
    .description(
      "call the line from this terminal: 0-9 * # are keys, space lets a question pass, s skips a prompt, q hangs up; keys from a pipe wait until the line listens",
    )
    .option("--from <number>", "who calls; anonymous for a withheld number", "+14155550123")
    .option("--to <number>", "the line to call (default: the first business's first)")
    .option("--instant", "prompts take no time")
    .option("--save <file>", "write what was played as a scenario")
    .option("--json", "print events as JSON, one a line")
    .action(async (options: PhoneOptions) => {
      const config = loadConfig();
      const target = targetOf(options, config);
      const events: CallEvent[] = [];
      const { facts, ended } = await call(
        options,
        options.to ?? config.businesses[0]?.lines[0] ?? "",
        target,
        (event) => {
          events.push(event);
          out(options.json === true ? `${JSON.stringify(event)}\n` : shown(event));
        },
      );
      if (!events.some((event) => event.kind === "webhook" && event.status !== undefined)) {
        throw new Unreachable(
          `${target.url} does not answer: start the line (npm start), or give its --url.`,
        );
      }
      if (options.save !== undefined) {
        writeOutput(
          "--save",
          options.save,
          scenarioFromEvents(`a call to ${facts.to}, ${ended.reason}`, facts, events),
        );
        err(`saved as ${options.save}\n`);
      }
    });
}

async function call(
  options: PhoneOptions,
  to: string,
  target: ReturnType<typeof targetOf>,
  onEvent: (event: CallEvent) => void,
) {
  const clock = pacedClock({ speed: () => (options.instant === true ? Infinity : 1) });
  const phone = keypad({ instant: () => options.instant === true });
  const plan = {
    from: options.from,
    to,
    direction: "inbound",
    statusEvents: ["completed"],
    statusOrder: "as it happens",
    fields: {},
  } as const;
  const facts = callFacts({ ...plan, statusEvents: [...plan.statusEvents] }, target.accountSid, systemRandom);
  const transport = httpTransport();
  const hands = handsOn(phone);
  try {
    const ended = await placeCall({
      ...callPlan({ ...plan, statusEvents: [...plan.statusEvents] }, targetUrls(target), () => new Date()),
      facts,
      wire: createWire({ authToken: target.authToken, clock, transport, random: systemRandom }),
      clock,
      random: systemRandom,
      caller: hands.caller,
      onEvent,
    });
    return { facts, ended };
  } finally {
    hands.off();
    transport.close();
  }
}

/** Keys of the terminal become keys of the telephone. The end of a piped input hangs up. */
function handsOn(phone: Keypad) {
  const { stdin } = process;
  const turns = stdin.isTTY ? atOnce(phone) : inTurn(phone);
  const onKey = (text: string | undefined, { ctrl = false, name }: Pressed): void => {
    if (name === "q" || (ctrl && name === "c")) turns.act(() => phone.hangUp());
    else if (text === " ") turns.act(() => phone.silence());
    else if (name === "s") turns.act(() => phone.skip());
    else if (text !== undefined && isKey(text)) turns.act(() => phone.press(text));
  };
  const onEnd = () => turns.act(() => phone.hangUp());
  emitKeypressEvents(stdin);
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on("keypress", onKey).once("end", onEnd).resume();
  return {
    caller: turns.caller,
    off(): void {
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.off("keypress", onKey).off("end", onEnd).pause();
    },
  };
}

type Turns = { readonly caller: Caller; readonly act: (doIt: () => void) => void };

/** A person presses when it is time to. */
function atOnce({ caller }: Keypad): Turns {
  return { caller, act: (doIt) => doIt() };
}

/** A pipe knows no time: what comes from it is done one by one, each when the line listens. */
function inTurn({ caller }: Keypad): Turns {
  const waiting: (() => void)[] = [];
  let listens = false;
  const next = (): void => {
    const doIt = listens ? waiting.shift() : undefined;
    if (doIt === undefined) return;
    listens = false;
    doIt();
  };
  return {
    caller(moment, over) {
      const deciding = caller(moment, over);
      listens = moment.kind === "listening" || moment.kind === "recording";
      next();
      return deciding;
    },
    act(doIt) {
      waiting.push(doIt);
      next();
    },
  };
}

function shown(event: CallEvent): string {
  switch (event.kind) {
    case "speaking":
      return `  ${event.text}\n`;
    case "listening":
      return `? (listens ${event.timeoutSeconds} s)\n`;
    case "pressed":
      return `> ${event.key}${event.heard ? "" : "  (lost: nobody listens yet)"}\n`;
    case "silence":
      return "> nothing\n";
    case "webhook":
      return event.problems.map((problem) => `! ${problem.code} ${problem.message}\n`).join("");
    case "dialed":
      return `  (connected to ${event.to}: ${event.status})\n`;
    case "ended":
      return `- ${event.by} hung up: ${event.reason}\n`;
    case "spoken":
    case "played":
    case "said":
    case "gathered":
    case "recorded":
      return "";
  }
}
