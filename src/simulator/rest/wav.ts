/** How long every recording of the simulator is. */
export const SECONDS = 1;

const SAMPLES_PER_SECOND = 8_000;
const BYTES_PER_SAMPLE = 2;
const HEADER_BYTES = 44;
const LOUDNESS = 4_000;

/**
 * A tone as WAV: telephone quality, one channel, 16 bits. Each name has its own, and always the same.
 *
 * @param sid Twilio's name of the recording, `RE…`
 */
export function toneOf(sid: string): Uint8Array<ArrayBuffer> {
  const samples = SAMPLES_PER_SECOND * SECONDS;
  const size = samples * BYTES_PER_SAMPLE;
  const bytes = new Uint8Array(HEADER_BYTES + size);
  const view = new DataView(bytes.buffer);
  const text = (at: number, letters: string) => bytes.set(new TextEncoder().encode(letters), at);
  text(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + size, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLES_PER_SECOND, true);
  view.setUint32(28, SAMPLES_PER_SECOND * BYTES_PER_SAMPLE, true);
  view.setUint16(32, BYTES_PER_SAMPLE, true);
  view.setUint16(34, 8 * BYTES_PER_SAMPLE, true);
  text(36, "data");
  view.setUint32(40, size, true);
  const hertz = 300 + (Number.parseInt(sid.slice(2, 10), 16) % 60_000) / 100;
  for (let sample = 0; sample < samples; sample += 1) {
    const turn = (2 * Math.PI * hertz * sample) / SAMPLES_PER_SECOND;
    view.setInt16(HEADER_BYTES + sample * BYTES_PER_SAMPLE, Math.round(LOUDNESS * Math.sin(turn)), true);
  }
  return bytes;
}
