import { hearsNothing, letPass, type Interruption, type Line, type Stretch } from "./line.ts";
import { speakingSeconds } from "./speech.ts";
import type { Pause, Play, Prompt, Say } from "./verbs.ts";

/** Where a prompt is played: only inside a Gather can a key cut it short. */
export type Stage = { insideGather: boolean; beforeGather: boolean; hears: Stretch["hears"] };

export const outsideGather: Stage = { insideGather: false, beforeGather: false, hears: hearsNothing };

/** Says, plays or waits; returns what cut it short, if anything did. */
export function playPrompt(line: Line, prompt: Prompt, stage: Stage): Promise<Interruption | undefined> {
  switch (prompt.verb) {
    case "Say":
      return say(line, prompt, stage);
    case "Play":
      return play(line, prompt, stage);
    case "Pause":
      return pause(line, prompt, stage);
  }
}

async function say(line: Line, { text, language, voice, times, breakSeconds }: Say, stage: Stage) {
  const seconds = times * (speakingSeconds(text, language) + breakSeconds);
  const fromMs = line.clock.now();
  line.emit({ kind: "speaking", atMs: fromMs, text, language, voice, forMs: Math.round(seconds * 1_000) });
  const { hears, insideGather, beforeGather } = stage;
  const cut = await letPass(line, { kind: "prompt", seconds, hears, insideGather });
  line.emit({
    kind: "spoken",
    text,
    language,
    voice,
    complete: cut === undefined,
    fromMs,
    toMs: line.clock.now(),
    insideGather,
    beforeGather,
  });
  return cut;
}

/** A recording is not fetched; it is taken to last this long. */
const recordingSeconds = 5;

async function play(line: Line, { url, digits, times }: Play, { hears, insideGather }: Stage) {
  const atMs = line.clock.now();
  const once = digits === undefined ? recordingSeconds : toneSeconds(digits);
  const cut = await letPass(line, { kind: "prompt", seconds: once * times, hears, insideGather });
  line.emit({ kind: "played", atMs, url, digits, complete: cut === undefined });
  return cut;
}

/** Each tone takes a quarter of a second, each `w` half a second of nothing. */
function toneSeconds(digits: string): number {
  return Array.from(digits).reduce((sum, digit) => sum + (digit === "w" ? 0.5 : 0.25), 0);
}

function pause(line: Line, { seconds }: Pause, { hears, insideGather }: Stage) {
  return letPass(line, { kind: "pause", seconds, hears, insideGather });
}
