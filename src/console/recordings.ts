import type { Check } from "./evidence.ts";
import type { RecordingShown } from "./pages/recording.ts";
import type { ConsoleParts } from "./parts.ts";

/** What is known of a call's audio; null where it was not to be recorded. */
export async function recordingOf(
  { recordings }: Pick<ConsoleParts, "recordings">,
  { businessId, callSid }: { readonly businessId: string; readonly callSid: string },
): Promise<RecordingShown | null> {
  const recording = await recordings.of(businessId, callSid);
  return recording === null ? null : { recording, audio: await recordings.audioOf(businessId, callSid) };
}

/** For whoever doubts an entry: whether the audio that was announced is there to be held against it. */
export function recordingCheck({ recording: { state, sid, reason }, audio }: RecordingShown): Check {
  const name = "The call was recorded as announced, and its audio is sealed";
  switch (state) {
    case "wanted":
    case "started":
      return { name, ok: null, detail: "It is being made, or its digest is still to be taken." };
    case "kept":
      return { name, ok: audio !== null, detail: `${sid ?? "no SID"}, SHA-256 ${audio?.sha256 ?? "none"}` };
    case "missing":
      return { name, ok: false, detail: `no recording: ${reason ?? "nobody knows why"}` };
    case "deleting":
    case "deleted":
      return { name, ok: null, detail: "The audio has been deleted, or is about to be." };
  }
}
