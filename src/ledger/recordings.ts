import type { Jurisdiction, Locale } from "../call/business.ts";
import type { Entry } from "./ledger.ts";

/**
 * wanted → started → kept | missing; and from each of them → deleting → deleted. `missing`: there is no audio, and
 * `reason` says why. `kept`: the audio is at Twilio, and the `recorded` entry proves which one it is.
 */
export const RECORDING_STATES = ["wanted", "started", "kept", "missing", "deleting", "deleted"] as const;
export type RecordingState = (typeof RECORDING_STATES)[number];

/** What is to be done at Twilio about one call's recording, each once. */
export type RecordingStep = "start" | "stop" | "keep" | "delete";

export type Recording = {
  readonly businessId: string;
  readonly callSid: string;
  readonly simulated: boolean;
  readonly locale: Locale;
  readonly jurisdiction: Jurisdiction;
  readonly script: string;
  readonly state: RecordingState;
  /** Twilio's name of it; null until it has begun. */
  readonly sid: string | null;
  readonly reason: string | null;
  readonly entryId: string | null;
  readonly at: number;
  readonly changedAt: number;
};

/** Which audio it is. */
export type Audio = {
  readonly sid: string;
  readonly seconds: number;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
};

/** Calls that are recorded. The row and its steps in the queue are made where the announcement is served. */
export type Recordings = {
  /** Null where the call was not to be recorded. */
  of(businessId: string, callSid: string): Promise<Recording | null>;
  /** The same, and whether there is anything that it would prove. */
  standing(businessId: string, callSid: string): Promise<Standing | null>;
  /** Which audio the `recorded` entry of the call names; null where there is none. */
  audioOf(businessId: string, callSid: string): Promise<Audio | null>;
  /** Twilio records, under this name. Told twice, it is told once. */
  started(businessId: string, callSid: string, sid: string, at: number): Promise<void>;
  /**
   * Twilio says that it has the audio: it is looked at now. Another one of the same call than was known, which a lost
   * answer can bring about, is deleted: only what we asked for is told to us.
   *
   * @returns false where the call was not to be recorded, or in the other world
   */
  ended(over: EndedRecording): Promise<boolean>;
  /** The audio is what was hashed: the entry says so from now on. @returns null where it is not wanted any more */
  keep(businessId: string, callSid: string, audio: Audio, at: number): Promise<Entry | null>;
  /** Nothing was recorded in the call, so nobody needs its audio: it goes. */
  drop(businessId: string, callSid: string, at: number): Promise<void>;
  /** It is gone at Twilio. */
  deleted(businessId: string, callSid: string, at: number): Promise<void>;
  /** Decisions without the audio that they were to have, and audio that is still to go. Bounded. */
  unwell(): Promise<{ readonly missing: number; readonly deleting: number }>;
};

export type Standing = {
  readonly recording: Recording;
  /** No further entry can come of the call. */
  readonly ended: boolean;
  readonly hasEntry: boolean;
};

export type EndedRecording = {
  readonly businessId: string;
  readonly callSid: string;
  readonly sid: string;
  readonly simulated: boolean;
  readonly at: number;
};
