/**
 * What Twilio's debugger would say about an answer.
 *
 * An error means that Twilio has no document to play; a warning means that it goes on with a default.
 * Numbers and severities: twilio.com/docs/api/errors.
 */
export type Problem = { code: ProblemCode; severity: "error" | "warning"; message: string };

export type ProblemCode = keyof typeof severities;

const severities = {
  11100: "error", // not a URL
  11200: "error", // retrieval: any 4xx or 5xx, or no answer in time
  11205: "error", // connection
  11210: "error", // DNS
  11215: "error", // too many HTTP redirects
  11220: "error", // TLS
  11750: "error", // over 64 kB
  11770: "error", // empty
  12100: "error", // not well-formed
  12102: "error", // root element
  12200: "warning", // schema
  12300: "error", // content type
  13310: "warning", // Gather finishOnKey: none of 0-9 # *
  13311: "warning", // Gather finishOnKey: more than one character
  13312: "warning", // Gather method
  13313: "warning", // Gather timeout
  13314: "warning", // Gather numDigits
  13320: "warning", // Gather nested verb
  13322: "warning", // Gather → Say loop
  13326: "warning", // Gather input
  13327: "warning", // Gather speechTimeout
  13328: "warning", // Gather maxSpeechTime
  13340: "warning", // Gather action
  13410: "warning", // Play loop
  13420: "warning", // Play without anything to play
  13510: "warning", // Say loop
  13520: "warning", // Say text
  13521: "error", // Say length
  13610: "warning", // Record method
  13611: "warning", // Record timeout
  13612: "warning", // Record maxLength
  13613: "warning", // Record finishOnKey
  13616: "warning", // Record playBeep
  13710: "warning", // Redirect method
  13910: "warning", // Pause length
} as const satisfies Record<number, Problem["severity"]>;

export function problem(code: ProblemCode, message: string): Problem {
  return { code, severity: severities[code], message };
}
