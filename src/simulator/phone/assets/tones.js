// The sound of a telephone's keys: dual-tone multi-frequency signalling, ITU-T Q.23.

/** @typedef {import("../../caller.ts").Key} Key */

/** Hertz: one of the rows and one of the columns sound together. */
const rows = [697, 770, 852, 941];
const columns = [1209, 1336, 1477];
const layout = ["123", "456", "789", "*0#"];

/** Loudness of each of the two, so that both together do not clip. */
const loudness = 0.16;
/** Seconds. A tone of 40 ms is enough for an exchange; a person wants to hear it. */
export const shortestTone = 0.12;
const longestTone = 2;
/** The envelope's edges: without them a tone begins and ends with a click. */
const attack = 0.006;
const release = 0.03;

/**
 * The two frequencies of a key, in hertz.
 * @param {string} key
 * @returns {[number, number]}
 */
export function frequenciesOf(key) {
  const row = layout.findIndex((keys) => keys.includes(key));
  const low = rows[row];
  const high = columns[layout[row]?.indexOf(key) ?? -1];
  if (low === undefined || high === undefined) throw new RangeError(`no telephone has a key ${key}`);
  return [low, high];
}

/**
 * Sounds a key until what is returned is called, at most for two seconds.
 * @param {BaseAudioContext} context
 * @param {string} key
 * @param {number} at in the context's seconds
 * @returns {(at: number) => void} ends the tone, not before it could be heard
 */
export function soundKey(context, key, at) {
  const envelope = context.createGain();
  envelope.gain.setValueAtTime(0, at);
  envelope.gain.linearRampToValueAtTime(loudness, at + attack);
  envelope.connect(context.destination);
  const oscillators = frequenciesOf(key).map((hertz) => {
    const oscillator = context.createOscillator();
    oscillator.frequency.value = hertz;
    oscillator.connect(envelope);
    oscillator.start(at);
    oscillator.stop(at + longestTone);
    return oscillator;
  });
  return (until) => {
    const end = Math.max(until, at + shortestTone);
    envelope.gain.setValueAtTime(loudness, end - release);
    envelope.gain.linearRampToValueAtTime(0, end);
    for (const oscillator of oscillators) oscillator.stop(end);
  };
}

/** The page's own loudspeaker; it exists from the first key on, as browsers want. */
export function speaker() {
  /** @type {AudioContext | undefined} */
  let context;
  return {
    /**
     * Begins a tone.
     * @param {Key} key
     * @returns {() => void} ends it
     */
    begin(key) {
      context ??= new AudioContext();
      const playing = context;
      if (playing.state === "suspended") playing.resume().catch(() => undefined);
      const end = soundKey(playing, key, playing.currentTime);
      return () => end(playing.currentTime);
    },
  };
}
