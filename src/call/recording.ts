import type { Business, Jurisdiction } from "./business.ts";

/** Whose law wants the audio of a request that was made by phone. ZA: POPIA, "an electronic recording", free on request. */
const NEEDS_RECORDING: ReadonlySet<Jurisdiction> = new Set(["ZA"]);

/** Whether a call that is held under this law is recorded: because the law needs it, or the business wants it. */
export function isRecorded({ recording }: Pick<Business, "recording">, jurisdiction: Jurisdiction): boolean {
  return recording || needsRecording(jurisdiction);
}

/** Whether a yes without its audio is less than this law wants, so that somebody has to see it. */
export function needsRecording(jurisdiction: Jurisdiction): boolean {
  return NEEDS_RECORDING.has(jurisdiction);
}
