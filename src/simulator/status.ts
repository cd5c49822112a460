import { deliver } from "./document.ts";
import { statusFields, type ProgressStatus } from "./fields.ts";
import type { Line } from "./line.ts";

/** The moments that a status callback can tell of. Source: twilio.com/docs/voice/api/call-resource. */
export type StatusEvent = "initiated" | "ringing" | "answered" | "completed";

export type StatusPlan = {
  /** Undefined: nobody is told. */
  url: string | undefined;
  /** Twilio's default is only `completed`, which any terminal status counts as. */
  events: readonly StatusEvent[];
  /** Arrival order is not guaranteed: `reversed` delivers them all at the end, the last one first. */
  order: "as it happens" | "reversed";
};

export type StatusReporter = {
  report(event: StatusEvent, status: ProgressStatus, ended?: { seconds: number }): Promise<void>;
  flush(): Promise<void>;
};

/** Tells the service how the call goes, with a SequenceNumber that counts from 0. */
export function statusReporter(line: Line, plan: StatusPlan, startsAt: Date): StatusReporter {
  const waiting: (() => Promise<unknown>)[] = [];
  let sequence = 0;
  return {
    async report(event, status, ended) {
      const { url } = plan;
      if (url === undefined || !plan.events.includes(event)) return;
      const at = new Date(startsAt.getTime() + line.clock.now());
      const fields = statusFields(sequence, at, ended);
      sequence += 1;
      const send = () => deliver(line, { purpose: "status", method: "POST", url, fields }, status);
      if (plan.order === "reversed") waiting.push(send);
      else await send();
    },
    async flush() {
      for (const send of waiting.toReversed()) await send();
    },
  };
}
