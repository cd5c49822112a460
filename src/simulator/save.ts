import { stringify } from "yaml";
import type { CallEvent } from "./events.ts";
import type { CallFacts } from "./fields.ts";
import { noticeHeard } from "./expect.ts";
import type { ScenarioInput } from "./schema.ts";

type StepInput = NonNullable<ScenarioInput["steps"]>[number];

/**
 * A call that was played, written down as a scenario that plays it again. Digits that are read out one by one and
 * that neither the call's numbers nor its keys explain, such as a reference, are another call's own: they are left out.
 */
export function scenarioFromEvents(name: string, facts: CallFacts, events: readonly CallEvent[]): string {
  const scenario: ScenarioInput = {
    name,
    call: {
      from: facts.from,
      to: facts.to,
      ...(facts.direction === "inbound" ? {} : { direction: facts.direction }),
      ...(facts.stirVerstat === undefined ? {} : { stirVerstat: facts.stirVerstat }),
    },
    steps: stepsOf(events, knownDigits(facts, events)),
    expect: {
      attempts: events.filter((event) => event.kind === "listening").length,
      noticeHeard: noticeHeard(events),
      webhooks: { errors: 0 },
    },
  };
  return stringify(scenario, { lineWidth: 110 });
}

/** Keys pressed one after the other in one Gather are one step. */
function stepsOf(events: readonly CallEvent[], known: string): StepInput[] {
  const steps: StepInput[] = [];
  let prompting = false;
  let keyed: { keys: string; bargeIn: boolean; early: boolean } | undefined;
  for (const event of events) {
    if (event.kind === "speaking") {
      prompting = true;
      keyed = undefined;
      const words = lastingWords(event.text, known);
      if (words.length > 0) steps.push({ hear: { contains: words.length === 1 ? words.join("") : words } });
    } else if (event.kind === "spoken") {
      prompting = event.complete ? false : prompting;
    } else if (event.kind === "pressed" && keyed !== undefined) {
      keyed.keys += event.key;
    } else if (event.kind === "pressed") {
      keyed = { keys: event.key, bargeIn: prompting && event.heard, early: !event.heard };
      prompting = false;
      steps.push({ press: keyed });
    } else if (event.kind === "said") {
      steps.push({ speak: event.text });
    } else if (event.kind === "silence") {
      steps.push({ silence: {} });
    } else if (event.kind === "webhook") {
      keyed = undefined;
    } else if (event.kind === "ended") {
      steps.push({ hangup: event.by === "caller" ? "by-caller" : "by-service" });
    }
  }
  return steps;
}

const digitsOneByOne = /\d(?: \d){2,}/gu;

function lastingWords(text: string, known: string): string[] {
  const kept = (digits: string): string => (known.includes(digits.replaceAll(" ", "")) ? digits : "\n");
  const parts = text.replaceAll(digitsOneByOne, kept).split("\n");
  return parts.map((part) => part.trim()).filter((part) => /[\p{L}\d]/u.test(part));
}

function knownDigits({ from, to }: CallFacts, events: readonly CallEvent[]): string {
  const pressed = events.map((event) => (event.kind === "pressed" ? event.key : "")).join("");
  return `${from} ${to} ${pressed}`;
}
