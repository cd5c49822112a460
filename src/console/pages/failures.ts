/** What Twilio and WhatsApp mean by a number (Twilio's list of error codes), for whoever has to do something about it. */
const MEANINGS: Readonly<Record<string, string>> = {
  "20003": "Twilio did not accept our account or token.",
  "20429": "Twilio had too many requests at once. It is tried again.",
  "21210": "The line's number is not one that Twilio lets us call from.",
  "21211": "Twilio says that this is no number.",
  "21215": "Twilio's settings do not allow calls to this country.",
  "21610": "The person has opted out: WhatsApp delivers nothing more from this sender.",
  "30003": "The telephone could not be reached.",
  "63003": "WhatsApp does not know the sender or the number.",
  "63007": "The sender is not connected to WhatsApp at Twilio.",
  "63014": "The person has blocked the business or opted out on WhatsApp.",
  "63016": "The person has not written within 24 hours, so WhatsApp takes only an approved template.",
  "63018": "Too many messages at once for this sender.",
  "63024": "The number is not a WhatsApp user.",
  "63027": "The template does not exist in this language.",
  "63028": "The template takes other parameters than were sent.",
  "63032": "WhatsApp withheld the message from this person.",
  "63040": "WhatsApp has rejected the template.",
  "63041": "WhatsApp has paused the template because people disliked it.",
  "63042": "WhatsApp has disabled the template because people disliked it.",
  "63049": "WhatsApp withheld the message: this person gets enough marketing.",
};

/** One sentence; the sentence that was kept, where the code says nothing to us. */
export function failureWords(code: number | string | null, kept: string | null = null): string {
  const meaning = code === null ? undefined : MEANINGS[String(code)];
  return meaning ?? kept ?? (code === null ? "" : `Twilio's error ${code}.`);
}

/** The number itself will not take messages, whatever we do: said beside the person, not only beside the message. */
export function obstacleOf(code: number | null): string | null {
  return code === null ? null : (OBSTACLES[String(code)] ?? null);
}

const OBSTACLES: Readonly<Record<string, string>> = {
  "63024": "Not a WhatsApp user",
  "63014": "Blocked",
  "21610": "Blocked",
  "63032": "Withheld by WhatsApp",
  "63049": "Withheld by WhatsApp",
};
