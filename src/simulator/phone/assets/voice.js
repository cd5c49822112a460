// Speaks prompts with the device's own voices, in the prompt's language where there is one.

/** Faster than this no voice can be understood. */
const fastest = 3;
const slowest = 0.7;

/**
 * @param {{ pace: () => import("../requests.ts").Pace, onMissing: (language: string) => void }} options
 */
export function createVoice({ pace, onMissing }) {
  const synthesis = globalThis.speechSynthesis;
  /** How much longer this device takes than a prompt is estimated to take. */
  let slowness = 1;
  let enabled = true;
  /** @type {Set<string>} */
  const missing = new Set();

  /** @param {string} language */
  function voiceFor(language) {
    const voices = synthesis?.getVoices() ?? [];
    const wanted = language.toLowerCase();
    const primary = wanted.split("-")[0] ?? wanted;
    const named = voices.map((voice) => ({ voice, lang: voice.lang.toLowerCase().replace("_", "-") }));
    return (
      named.find(({ lang }) => lang === wanted) ?? named.find(({ lang }) => lang.split("-")[0] === primary)
    )?.voice;
  }

  return {
    get enabled() {
      return enabled;
    },
    /** @param {boolean} on */
    enable(on) {
      enabled = on;
      if (!on) synthesis?.cancel();
    },
    /**
     * @param {string} text
     * @param {string} language
     * @param {number} forMs how long the call takes it to last
     */
    speak(text, language, forMs) {
      const speed = pace();
      if (!enabled || speed === "instant") return;
      const voice = voiceFor(language);
      if (voice === undefined) {
        if (!missing.has(language)) onMissing(language);
        missing.add(language);
        return;
      }
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.voice = voice;
      utterance.lang = language;
      utterance.rate = Math.min(fastest, Math.max(slowest, Number(speed) * slowness));
      let startedAt = 0;
      utterance.addEventListener("start", (event) => {
        startedAt = event.timeStamp;
      });
      utterance.addEventListener("end", (event) => {
        const took = (event.timeStamp - startedAt) * utterance.rate;
        if (startedAt > 0 && forMs > 1_000) slowness = Math.min(1.6, Math.max(0.8, took / forMs));
      });
      synthesis.speak(utterance);
    },
    hush: () => synthesis?.cancel(),
  };
}
