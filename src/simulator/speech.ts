/** Characters that a text-to-speech voice says in one second, by language; an estimate, never exact. */
const charactersPerSecond: Readonly<Record<string, number>> = {
  de: 14,
  en: 15,
  es: 16,
  fr: 15.5,
  it: 15.5,
  nl: 15,
  pt: 15.5,
  ar: 12,
  hi: 12,
  ru: 13,
  ja: 7.5,
  ko: 7,
  cmn: 4.5,
  zh: 4.5,
};
const ordinaryCharactersPerSecond = 14;
const secondsPerSpacedDigit = 0.35;
const secondsPerSentenceEnd = 0.4;
const secondsPerComma = 0.2;

/** A digit that stands alone is read slowly, on its own: "5 5 5" takes longer than "555". */
const spacedDigit = /(?<![^\s])\d(?=[\s,.;]|$)/gu;

/** Estimated seconds that a voice takes to speak `text` in `language` (BCP 47, such as `en-US`). */
export function speakingSeconds(text: string, language: string): number {
  const spoken = text.replace(/\s+/gu, " ").trim();
  if (spoken === "") return 0;
  const digits = spoken.match(spacedDigit)?.length ?? 0;
  const sentenceEnds = spoken.match(/[.!?:。！？]+(?=\s|$)/gu)?.length ?? 0;
  const commas = spoken.match(/[,;，]/gu)?.length ?? 0;
  const letters = Array.from(spoken.replace(spacedDigit, "")).length;
  return (
    letters / paceOf(language) +
    digits * secondsPerSpacedDigit +
    sentenceEnds * secondsPerSentenceEnd +
    commas * secondsPerComma
  );
}

function paceOf(language: string): number {
  const primary = language.split("-", 1)[0]?.toLowerCase() ?? "";
  return charactersPerSecond[primary] ?? ordinaryCharactersPerSecond;
}
