import { failureOf } from "./rest-http.ts";
import type { NotAccepted } from "./rest-outcome.ts";

/**
 * Fetches a recording's audio as WAV, piece by piece, so that whoever only wants its digest keeps none of it.
 *
 * @param take given each piece, in order
 */
export type Media = (sid: string, take: (piece: Uint8Array) => void) => Promise<Taken>;

export type Taken =
  | { readonly kind: "taken"; readonly bytes: number }
  /** More than any call of the line can last. */
  | { readonly kind: "too-long" }
  | NotAccepted;

/** Eight hours of telephone audio, 16 bits at 8 kHz: "calls last 4 h at most by default" (Twilio). */
export const MAX_MEDIA_BYTES = 480_000_000;
/** All of it, for a slow line. */
const MEDIA_TIMEOUT_MS = 60_000;

type Options = { readonly accountSid: string; readonly authToken: string; readonly baseUrl: string };

export function mediaReader({ accountSid, authToken, baseUrl }: Options): Media {
  const base = baseUrl.replace(/\/+$/, "");
  const Authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  return async (sid, take) => {
    const url = `${base}/2010-04-01/Accounts/${accountSid}/Recordings/${sid}.wav`;
    const signal = AbortSignal.timeout(MEDIA_TIMEOUT_MS);
    try {
      // Twilio may lead to where it stores audio; `fetch` takes our credentials to no other origin.
      const answer = await fetch(url, { headers: { Authorization }, signal });
      if (!answer.ok) {
        await answer.body?.cancel();
        return refusalOf(answer.status);
      }
      let bytes = 0;
      for await (const piece of answer.body ?? []) {
        bytes += piece.length;
        if (bytes > MAX_MEDIA_BYTES) return { kind: "too-long" };
        take(piece);
      }
      return { kind: "taken", bytes };
    } catch (error) {
      return failureOf(error, MEDIA_TIMEOUT_MS);
    }
  };
}

function refusalOf(status: number): NotAccepted {
  if (status === 429) return { kind: "busy", retryAfterSeconds: null };
  if (status >= 500 || status === 408) return { kind: "unclear", reason: `HTTP ${status}` };
  return { kind: "refused", code: String(status), message: "Twilio does not give the audio." };
}
