import type VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";

/** TwiML as a script may use it: verb → attributes and the verbs it may hold (`#text` for words). */
export type Verb = { readonly attributes: ReadonlySet<string>; readonly children: ReadonlySet<string> };

/** The compiler holds these to the SDK's typings: an attribute that Twilio does not know, or a missing one, fails. */
type Table<Attributes> = Record<keyof Attributes & string, true>;

const say: Table<VoiceResponse.SayAttributes> = { language: true, loop: true, voice: true };
const pause: Table<VoiceResponse.PauseAttributes> = { length: true };
const play: Table<VoiceResponse.PlayAttributes> = { digits: true, loop: true };
const redirect: Table<VoiceResponse.RedirectAttributes> = { method: true };
const gather: Table<VoiceResponse.GatherAttributes> = {
  action: true,
  actionOnEmptyResult: true,
  bargeIn: true,
  debug: true,
  enhanced: true,
  finishOnKey: true,
  hints: true,
  input: true,
  language: true,
  maxSpeechTime: true,
  method: true,
  numDigits: true,
  partialResultCallback: true,
  partialResultCallbackMethod: true,
  profanityFilter: true,
  speechModel: true,
  speechTimeout: true,
  timeout: true,
};
const dial: Table<VoiceResponse.DialAttributes> = {
  action: true,
  answerOnBridge: true,
  callerId: true,
  events: true,
  hangupOnStar: true,
  method: true,
  passports: true,
  record: true,
  recordingConfigurationId: true,
  recordingStatusCallback: true,
  recordingStatusCallbackEvent: true,
  recordingStatusCallbackMethod: true,
  recordingTrack: true,
  referMethod: true,
  referUrl: true,
  ringTone: true,
  sequential: true,
  timeLimit: true,
  timeout: true,
  trim: true,
};

/** The verbs that Yesline's prompts use, out of those that Twilio knows. */
export const VERBS: ReadonlyMap<string, Verb> = new Map([
  ["Say", verb(say, ["#text"])],
  ["Pause", verb(pause, [])],
  ["Play", verb(play, ["#text"])],
  ["Redirect", verb(redirect, ["#text"])],
  ["Gather", verb(gather, ["Say", "Play", "Pause"])],
  ["Hangup", verb({}, [])],
  ["Dial", verb(dial, ["#text"])],
]);

function verb(attributes: Readonly<Record<string, true>>, children: readonly string[]): Verb {
  return { attributes: new Set(Object.keys(attributes)), children: new Set(children) };
}
