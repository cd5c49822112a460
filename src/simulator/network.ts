import type { Step } from "./scenario.ts";
import type { Answer } from "./twiml.ts";
import type { Exchange, Wire } from "./wire.ts";

type StepOf<K extends Step["kind"]> = Extract<Step, { kind: K }>;
export type Fault = { expected: string; message: string };

/** The network between Twilio and the service, as a scenario troubles it. */
export type Network = {
  /** Remembers what goes over it, so that it can be sent again. */
  wire: Wire;
  trouble(step: StepOf<"dropConnection" | "network">): void;
  /** Sends earlier webhooks again, verbatim; a fault when an answer is not what it was. */
  repeat(step: StepOf<"repeatLastWebhook" | "replay">): Promise<Fault | undefined>;
  /** A fault when simultaneous copies of one webhook got different answers. */
  copies(): Fault | undefined;
};

/** Status callbacks are not repeated: `isStatus` tells them by their URL. */
export function createNetwork(wire: Wire, isStatus: (url: string) => boolean): Network {
  const exchanges: Exchange[] = [];

  async function again(
    exchange: Exchange,
    together: number,
    sameAnswer: boolean,
  ): Promise<Fault | undefined> {
    const answers = await Promise.all(Array.from({ length: together }, () => wire.again(exchange.delivery)));
    const first = exchange.outcome.kind === "answer" ? exchange.outcome.answer : undefined;
    for (const answer of answers) {
      const fault = compare(exchange, first, answer);
      if (fault !== undefined && sameAnswer) return fault;
    }
    return undefined;
  }

  return {
    wire: {
      ...wire,
      async request(outgoing) {
        const exchange = await wire.request(outgoing);
        if (!isStatus(exchange.url)) exchanges.push(exchange);
        return exchange;
      },
    },
    trouble(step) {
      if (step.kind === "dropConnection") wire.faults.drops += step.times;
      else {
        wire.faults.delayMs = step.delayMs ?? wire.faults.delayMs;
        wire.faults.copies = step.copies ?? wire.faults.copies;
      }
    },
    async repeat(step) {
      const chosen = choose(step, exchanges);
      if (chosen.length === 0) return { expected: "a webhook to send again", message: "there was none" };
      for (const exchange of chosen) {
        const together = step.kind === "repeatLastWebhook" && step.together ? step.times : 1;
        const rounds = step.kind === "repeatLastWebhook" && !step.together ? step.times : 1;
        for (let round = 0; round < rounds; round += 1) {
          const fault = await again(exchange, together, step.sameAnswer);
          if (fault !== undefined) return fault;
        }
      }
      return undefined;
    },
    copies() {
      for (const exchange of exchanges) {
        const first = exchange.outcome.kind === "answer" ? exchange.outcome.answer : exchange.copies[0];
        const fault = exchange.copies
          .map((copy) => compare(exchange, first, copy))
          .find((found) => found !== undefined);
        if (fault !== undefined) return fault;
      }
      return undefined;
    },
  };
}

function choose(step: StepOf<"repeatLastWebhook" | "replay">, exchanges: readonly Exchange[]): Exchange[] {
  if (step.kind === "repeatLastWebhook") return exchanges.slice(-1);
  return step.webhook === "all" ? [...exchanges] : exchanges.slice(step.webhook - 1, step.webhook);
}

/** When the first answer was lost, any answer but an error is as good. */
function compare(
  exchange: Exchange,
  first: Answer | undefined,
  again: Awaited<ReturnType<Wire["again"]>>,
): Fault | undefined {
  const path = new URL(exchange.url).pathname;
  if ("code" in again)
    return { expected: `an answer from ${path}`, message: `${again.code}: ${again.message}` };
  const expected = first ?? { ...again, status: 200 };
  if (again.status === expected.status && again.body === expected.body) return undefined;
  return {
    expected: `the same answer from ${path}: HTTP ${expected.status} ${expected.body}`,
    message: `it answered otherwise: HTTP ${again.status} ${again.body}`,
  };
}
