import { fork } from "node:child_process";
import { once } from "node:events";
import type { Driven, DriverHears, DriverSays, Job } from "./driver.ts";

/** Loads a server and tells how it answered; the signal ends it early, and what was measured counts. */
export type Drive = (job: Job, stop?: AbortSignal) => Promise<Driven>;

/** The driver's process. One job at a time. */
export function startDriver(): { readonly drive: Drive; readonly end: () => Promise<void> } {
  const child = fork(new URL("driver.ts", import.meta.url));
  const exited = once(child, "exit");
  const tell = (heard: DriverHears) => child.send(heard);
  return {
    async drive(job, stop) {
      const onStop = () => void tell("stop");
      stop?.addEventListener("abort", onStop, { once: true });
      tell({ job });
      const said = await Promise.race([once(child, "message"), exited.then(() => null)]);
      stop?.removeEventListener("abort", onStop);
      if (said === null) throw new Error("The load driver ended before it was done.");
      const [answer] = said as [DriverSays];
      if ("failed" in answer) throw new Error(`The load failed: ${answer.failed}`);
      return answer.driven;
    },
    async end() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
