/** The verbs as Twilio executes them, defaults filled in. Source: twilio.com/docs/voice/twiml. */
export type Verb = Prompt | Gather | Redirect | Hangup | Reject | RecordVerb | Dial | Start | Stop | Unplayed;

export type Method = "GET" | "POST";

/** What may stand inside a Gather. */
export type Prompt = Say | Play | Pause;

export type Say = {
  verb: "Say";
  text: string;
  language: string;
  voice: string | undefined;
  /** How often it is said; 0 in the document means until hang-up, at most 1,000 times. */
  times: number;
  /** Seconds of silence that SSML breaks add. */
  breakSeconds: number;
};

/** `digits` are tones: 0-9 * #, and `w` for half a second of nothing. */
export type Play = { verb: "Play"; url: string; digits: string | undefined; times: number };

export type Pause = { verb: "Pause"; seconds: number };

export type Gather = {
  verb: "Gather";
  /** Undefined: the document that contains it. */
  action: string | undefined;
  method: Method;
  timeoutSeconds: number;
  /** One key, or "": then only the time-out or `numDigits` ends it. */
  finishOnKey: string;
  /** Undefined: as many as the caller likes. */
  numDigits: number | undefined;
  hears: { keys: boolean; speech: boolean };
  actionOnEmptyResult: boolean;
  language: string;
  prompts: Prompt[];
};

export type Redirect = { verb: "Redirect"; url: string; method: Method };
export type Hangup = { verb: "Hangup" };
export type Reject = { verb: "Reject"; reason: "rejected" | "busy" };

export type RecordVerb = {
  verb: "Record";
  action: string | undefined;
  method: Method;
  timeoutSeconds: number;
  /** Any of these keys ends it. */
  finishOnKey: string;
  maxLengthSeconds: number;
  playBeep: boolean;
};

export type Dial = {
  verb: "Dial";
  /** Undefined: execution goes on with the next verb. */
  action: string | undefined;
  method: Method;
  timeoutSeconds: number;
  timeLimitSeconds: number;
  to: string;
};

/** Streams, recordings and transcriptions run beside the call and change nothing in it. */
export type Start = { verb: "Start" };
export type Stop = { verb: "Stop" };

/** A verb that Twilio knows and this simulator does not play. */
export type Unplayed = { verb: "Unplayed"; name: string };

const recordingCallbacks = [
  "recordingStatusCallback",
  "recordingStatusCallbackMethod",
  "recordingStatusCallbackEvent",
];

/** Names are case-sensitive. An attribute that is not listed is error 12200, a warning. */
export const attributesOf: Readonly<Record<string, readonly string[]>> = {
  Response: [],
  Say: ["voice", "language", "loop"],
  Play: ["loop", "digits"],
  Pause: ["length"],
  Gather: [
    ..."input action method timeout speechTimeout maxSpeechTime profanityFilter finishOnKey".split(" "),
    ..."numDigits partialResultCallback partialResultCallbackMethod language hints bargeIn debug".split(" "),
    ..."actionOnEmptyResult speechModel enhanced".split(" "),
  ],
  Redirect: ["method"],
  Hangup: [],
  Reject: ["reason"],
  Record: [
    ..."action method timeout finishOnKey maxLength playBeep trim transcribe transcribeCallback".split(" "),
    "recordingConfigurationId",
    ...recordingCallbacks,
  ],
  Dial: [
    ..."action answerOnBridge callerId events hangupOnStar method passports record".split(" "),
    ..."recordingConfigurationId recordingTrack referMethod referUrl ringTone sequential".split(" "),
    ..."timeLimit timeout trim".split(" "),
    ...recordingCallbacks,
  ],
  Start: ["action", "method"],
  Stop: [],
};

/** Verbs of Twilio's that end a simulated call, because what they reach is not simulated. */
export const unplayedVerbs: ReadonlySet<string> = new Set(
  "Connect Enqueue Leave Pay Prompt Queue Refer Sms Echo".split(" "),
);

/** SSML elements that may stand inside a Say. */
export const ssmlElements: ReadonlySet<string> = new Set([
  ..."break emphasis lang p phoneme prosody s say-as sub w mark".split(" "),
  ..."amazon:effect amazon:domain amazon:auto-breaths amazon:breath amazon:emotion".split(" "),
]);

export const promptNames: ReadonlySet<string> = new Set(["Say", "Play", "Pause"]);
