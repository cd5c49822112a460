import type { Recorded, Turn } from "../../src/ledger/ledger.ts";
import type { Plant } from "./house.ts";

/**
 * Faults of the line's own, each put in place of what is right, so that this simulation is seen to find them. The
 * database refuses plainer ones: a grant cannot even be stored without a served notice, so the serving is forged.
 */
export const PLANTS = {
  /** The ledger notes the notice as served; the caller hears the question alone, and can agree. */
  "a grant without served notice": (memory) => ({
    ...memory,
    ledger: {
      ...memory.ledger,
      async record(turn) {
        const recorded = await memory.ledger.record(turn);
        return turn.step === "begin" || turn.step === "language" ? withoutNotice(recorded) : recorded;
      },
    },
  }),
  /** The caller hears that it is recorded while it still waits for the disk. */
  "an answer before commit": (memory) => ({
    ...memory,
    ledger: {
      ...memory.ledger,
      async record(turn) {
        const recording = memory.ledger.record(turn);
        if (turn.entries.length === 0) return recording;
        recording.catch(() => undefined);
        return believed(turn);
      },
    },
  }),
  /** What the provider asked to send again is put off for ever. */
  "a lost retry": (memory) => ({
    ...memory,
    outgoing: {
      ...memory.outgoing,
      postpone: (id, dueAt, failure, unclear) =>
        memory.outgoing.postpone(
          id,
          failure?.code === "429" ? Number.MAX_SAFE_INTEGER : dueAt,
          failure,
          unclear,
        ),
    },
  }),
} as const satisfies Readonly<Record<string, Plant>>;

export type PlantName = keyof typeof PLANTS;

export const NO_PLANT: Plant = (memory) => memory;

function withoutNotice(recorded: Recorded): Recorded {
  if (recorded.kind === "ended") return recorded;
  const { twiml } = recorded.served;
  const head = twiml.slice(0, twiml.indexOf("<Say"));
  const question = twiml.slice(twiml.indexOf("<Gather"));
  return { ...recorded, served: { ...recorded.served, twiml: head + question } };
}

function believed({ entries, served }: Turn): Recorded {
  const { action, subscriberId, text } = served;
  return {
    kind: "answered",
    repeated: false,
    entries: entries as never,
    served: { action, subscriberId, twiml: text.twiml },
  };
}
