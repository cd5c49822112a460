import { letPass, type Ending, type Line } from "./line.ts";
import { newSid } from "./random.ts";
import type { Fields } from "./signature.ts";
import { speakingSeconds } from "./speech.ts";
import type { Dial, RecordVerb } from "./verbs.ts";

/** What a Record or a Dial came to; `fields` go to its action, when it has one. */
export type MediaResult =
  | { kind: "done"; fields: Fields }
  | { kind: "nothing" }
  | { kind: "end"; ending: Ending };

/**
 * Records what the caller says. Source: twilio.com/docs/voice/twiml/record. It ends by a finishing key, by
 * `timeout` seconds of silence, at `maxLength`, or when the caller hangs up (`Digits=hangup`).
 * A recording of silence is no recording: execution falls through.
 */
export async function record(
  line: Line,
  verb: RecordVerb,
  hungUp: (fields: Fields) => Promise<void>,
): Promise<MediaResult> {
  let seconds = 0;
  for (;;) {
    const left = Math.min(verb.timeoutSeconds, verb.maxLengthSeconds - seconds);
    const heard = await letPass(line, {
      kind: "recording",
      seconds: left,
      hears: { keys: true, speech: true },
    });
    if (heard?.kind === "speech") {
      const spoken = speakingSeconds(heard.text, "en-US");
      await line.clock.sleep(Math.min(spoken, verb.maxLengthSeconds - seconds) * 1_000);
      seconds = Math.min(verb.maxLengthSeconds, seconds + spoken);
      if (seconds < verb.maxLengthSeconds) continue;
    }
    if (heard?.kind === "key" && !verb.finishOnKey.includes(heard.key)) continue;
    if (heard?.kind === "end") {
      if (seconds > 0 && heard.ending.by === "caller") await hungUp(recordingFields(line, seconds, "hangup"));
      return heard;
    }
    if (seconds === 0) return { kind: "nothing" };
    line.emit({ kind: "recorded", atMs: line.clock.now(), seconds });
    return { kind: "done", fields: recordingFields(line, seconds, heard?.kind === "key" ? heard.key : "") };
  }
}

function recordingFields(line: Line, seconds: number, digits: string): Fields {
  const { accountSid } = line.facts;
  const sid = newSid("RE", line.random);
  return [
    ["RecordingSid", sid],
    ["RecordingUrl", `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Recordings/${sid}`],
    ["RecordingDuration", String(Math.ceil(seconds))],
    ["Digits", digits],
  ];
}

/** Rings and connects somebody. Source: twilio.com/docs/voice/twiml/dial; who answers is `line.dialed`. */
export async function dial(line: Line, verb: Dial): Promise<MediaResult> {
  const far = line.dialed(verb.to);
  const hears = { keys: false, speech: false };
  const answersInTime = far.status === "completed" && far.ringSeconds < verb.timeoutSeconds;
  const status = far.status === "completed" && !answersInTime ? "no-answer" : far.status;
  const ringing = await letPass(line, {
    kind: "ringing",
    seconds: Math.min(far.ringSeconds, verb.timeoutSeconds),
    hears,
  });
  if (ringing?.kind === "end") return ringing;
  const seconds = answersInTime ? Math.min(far.talkSeconds, verb.timeLimitSeconds) : 0;
  const talking = await letPass(line, { kind: "talking", seconds, hears });
  if (talking?.kind === "end") return talking;
  line.emit({ kind: "dialed", atMs: line.clock.now(), to: verb.to, status, seconds });
  const connected: Fields = answersInTime
    ? [
        ["DialCallSid", newSid("CA", line.random)],
        ["DialCallDuration", String(Math.round(seconds))],
      ]
    : [];
  return { kind: "done", fields: [["DialCallStatus", status], ...connected] };
}
