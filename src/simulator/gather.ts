import type { GatherEnd } from "./events.ts";
import { letPass, type Ending, type Interruption, type Line } from "./line.ts";
import { playPrompt } from "./prompts.ts";
import type { Fields } from "./signature.ts";
import type { Gather } from "./verbs.ts";

/** What a Gather came to: fields for its action, nothing (execution falls through), or the call's end. */
export type GatherResult =
  | { kind: "input"; fields: Fields }
  | { kind: "nothing" }
  | { kind: "end"; ending: Ending };

/**
 * Listens for keys or speech. Source: twilio.com/docs/voice/twiml/gather.
 *
 * The first key stops the nested prompts. The time-out counts from the end of the prompts, then from each
 * key. Without input, or when the finishing key comes first, there is no request, unless
 * `actionOnEmptyResult`. The finishing key is not among the digits. Of keys and speech, the first wins.
 */
export async function gather(line: Line, verb: Gather): Promise<GatherResult> {
  line.gathers += 1;
  line.emit({
    kind: "listening",
    atMs: line.clock.now(),
    numDigits: verb.numDigits,
    finishOnKey: verb.finishOnKey,
    timeoutSeconds: verb.timeoutSeconds,
  });
  let heard = await playNested(line, verb);
  let digits = "";
  while (digits.length < maxDigits) {
    heard ??= await listen(line, verb, digits);
    if (heard === undefined) return finish(line, verb, digits, "time-out");
    if (heard.kind === "end") return heard;
    if (heard.kind === "speech") return spokenInput(line, heard);
    if (heard.key === verb.finishOnKey) return finish(line, verb, digits, "finishing key");
    digits += heard.key;
    if (digits.length === verb.numDigits) return finish(line, verb, digits, "number of digits");
    heard = undefined;
  }
  return finish(line, verb, digits, "number of digits");
}

const maxDigits = 1_000;

async function playNested(line: Line, verb: Gather): Promise<Interruption | undefined> {
  for (const prompt of verb.prompts) {
    const cut = await playPrompt(line, prompt, {
      insideGather: true,
      beforeGather: false,
      hears: verb.hears,
    });
    if (cut !== undefined) return cut;
  }
  return undefined;
}

/** After the first key, only keys count. */
function listen(line: Line, verb: Gather, digits: string): Promise<Interruption | undefined> {
  const hears = { keys: verb.hears.keys, speech: verb.hears.speech && digits === "" };
  return letPass(line, {
    kind: "listening",
    seconds: verb.timeoutSeconds,
    hears,
    insideGather: true,
    digits,
  });
}

function finish(line: Line, verb: Gather, digits: string, endedBy: GatherEnd): GatherResult {
  const atMs = line.clock.now();
  if (digits === "") line.emit({ kind: "silence", atMs });
  else line.emit({ kind: "gathered", atMs, digits, endedBy });
  if (digits === "" && !verb.actionOnEmptyResult) return { kind: "nothing" };
  const finishedOn: Fields = endedBy === "finishing key" ? [["FinishedOnKey", verb.finishOnKey]] : [];
  return { kind: "input", fields: [["Digits", digits], ...finishedOn] };
}

function spokenInput(line: Line, heard: Extract<Interruption, { kind: "speech" }>): GatherResult {
  line.emit({ kind: "gathered", atMs: line.clock.now(), digits: "", endedBy: "speech" });
  const fields: Fields = [
    ["SpeechResult", heard.text],
    ["Confidence", String(heard.confidence)],
  ];
  return { kind: "input", fields };
}
