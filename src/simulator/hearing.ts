import type { HearRule } from "./schema.ts";

/** Something the service said since the caller last did anything. */
export type Heard = { text: string; language: string; atMs: number };

export type Hearing = { ok: true } | { ok: false; expected: string; message: string };

/** Whether what was heard is what a step wants to hear. `sinceMs` is when the caller last did anything. */
export function hearFor(rule: HearRule, heard: readonly Heard[], sinceMs: number): Hearing {
  const text = normalize(heard.map((item) => item.text).join(" "));
  for (const words of [rule.contains ?? []].flat()) {
    if (!text.includes(normalize(words))) return miss(`contains "${words}"`, `nobody said "${words}"`);
  }
  if (rule.matches !== undefined && !new RegExp(rule.matches, "iu").test(text)) {
    return miss(`matches /${rule.matches}/`, "nothing said matches");
  }
  if (rule.similar !== undefined) {
    const found = similarity(rule.similar, text);
    if (found < rule.min) {
      return miss(
        `similar to "${rule.similar}", at least ${rule.min}`,
        `the nearest is ${found.toFixed(2)} similar`,
      );
    }
  }
  const foreign = heard.find((item) => rule.language !== undefined && item.language !== rule.language);
  if (foreign !== undefined) return miss(`language ${rule.language}`, `it was spoken in ${foreign.language}`);
  return inTime(rule, heard, sinceMs);
}

export function heardText(heard: readonly Heard[]): string {
  return heard.length === 0 ? "nothing" : heard.map((item) => item.text).join(" | ");
}

function inTime(rule: HearRule, heard: readonly Heard[], sinceMs: number): Hearing {
  const [first] = heard;
  if (first === undefined) return miss("something said", "nothing was said");
  const waitedMs = first.atMs - sinceMs;
  if (rule.within === undefined || waitedMs <= rule.within) return { ok: true };
  return miss(`within ${rule.within} ms`, `it took ${Math.round(waitedMs)} ms until the service spoke`);
}

function miss(expected: string, message: string): Hearing {
  return { ok: false, expected, message };
}

/** Case, white space and the shape of quotation marks make no difference. */
export function normalize(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[‘’ʼ]/gu, "'")
    .replace(/[“”]/gu, '"')
    .replace(/\s+/gu, " ")
    .trim();
}

const maxWords = 2_000;

/** From 0 to 1: how near the words come to any stretch of the text that is about as long (Dice, by letter pairs). */
function similarity(words: string, text: string): number {
  const wanted = wordsOf(words);
  const said = wordsOf(text);
  const pairs = letterPairs(wanted);
  let best = 0;
  for (const length of [wanted.length - 1, wanted.length, wanted.length + 1]) {
    for (let start = 0; start + length <= said.length || start === 0; start += 1) {
      best = Math.max(best, dice(pairs, letterPairs(said.slice(start, start + length))));
    }
  }
  return best;
}

function wordsOf(text: string): string[] {
  return (normalize(text).match(/[\p{L}\p{N}']+/gu) ?? []).slice(0, maxWords);
}

function letterPairs(words: readonly string[]): Map<string, number> {
  const pairs = new Map<string, number>();
  const text = ` ${words.join(" ")} `;
  for (let index = 0; index < text.length - 1; index += 1) {
    const pair = text.slice(index, index + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}

function dice(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const [pair, count] of a) shared += Math.min(count, b.get(pair) ?? 0);
  return (2 * shared) / (sizeOf(a) + sizeOf(b));
}

function sizeOf(pairs: ReadonlyMap<string, number>): number {
  return pairs.values().reduce((sum, count) => sum + count, 0);
}
