import { eventCarrier } from "../../src/outbox/event.ts";
import type { Carrier } from "../../src/outbox/carrier.ts";
import { postOutside } from "../../src/outbox/post.ts";
import { outboxWorker } from "../../src/outbox/worker.ts";
import type { Memory } from "../support/memory.ts";

/** A worker that carries events only, to this machine; whatever else is in the queue is held. */
export function eventWorker({ outgoing, endpoints, entries, clock }: Memory) {
  const held = (until: number): Carrier => ({
    look: async () => ({ kind: "absent" }),
    send: async () => ({ kind: "held", until }),
  });
  return outboxWorker({
    outgoing,
    carriers: {
      message: held(Number.MAX_SAFE_INTEGER),
      call: held(Number.MAX_SAFE_INTEGER),
      recording: held(Number.MAX_SAFE_INTEGER),
      event: eventCarrier({
        endpoints,
        entryOf: async (businessId, id) => (await entries.get([businessId], id))?.entry ?? null,
        post: postOutside({ allowLoopback: true, timeoutMs: 2_000 }),
      }),
    },
    rates: new Map(),
    now: () => clock.now,
    random: () => 0.5,
    observe: () => {},
    onError: (error) => {
      throw error;
    },
  });
}
