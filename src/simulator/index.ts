/**
 * The simulator plays Twilio to any TwiML service, over HTTP with real signatures and without a
 * telephone. It knows only the wire and imports nothing else of ours.
 *
 * - `parseScenarios`, `runScenario`: a YAML scenario against a service
 * - `placeCall`: one call with any caller: a script, a random one, a person at a terminal or a browser
 * - `bulk`: many calls at once, the same ones for the same seed
 * - `replayCall`: a stored call's keys against the running version
 */
export { bulk, isLoopback, type BulkOptions, type BulkProgress, type BulkResult } from "./bulk.ts";
export { placeCall, type CallParts } from "./call.ts";
export { isKey, keys, silentCaller, type Act, type Caller, type Key, type Moment } from "./caller.ts";
export { pacedClock, virtualClock, type Clock } from "./clock.ts";
export type { CallEvent, EndedEvent, FinalStatus, SpokenEvent, WebhookEvent } from "./events.ts";
export type { ConsentQuestion, OutcomeQuestions, PermissionAnswer, PermissionQuestion } from "./expect.ts";
export { noticeHeard } from "./expect.ts";
export type { CallFacts } from "./fields.ts";
export { httpTransport, type Transport } from "./http.ts";
export { keypad, type Keypad } from "./keypad.ts";
export type { MessageSeen } from "./mailbox.ts";
export { defaultMix, parseMix, type Mix } from "./mix.ts";
export type { Problem } from "./problem.ts";
export { newSid, seededRandom, systemRandom, type Random } from "./random.ts";
export { replayCall, type Difference, type Recording, type ReplayResult, type Turn } from "./replay.ts";
export { describeEvent, reportHtml, reportJson, reportJunit, reportNdjson, reportPretty } from "./report.ts";
export { callFacts, callPlan, runScenario, targetUrls } from "./run.ts";
export type { RunOptions, ScenarioResult, Target } from "./run.ts";
export type { StepResult } from "./actor.ts";
export { scenarioFromEvents } from "./save.ts";
export {
  formatScenarioProblem,
  parseScenarios,
  personIn,
  type Scenario,
  type ScenarioProblem,
} from "./scenario.ts";
export { scenarioJsonSchema, type ConsentState, type ScenarioInput } from "./schema.ts";
export { sign } from "./signature.ts";
export { speakingSeconds } from "./speech.ts";
export { readTwiml } from "./twiml.ts";
export { createWire, type Wire } from "./wire.ts";
export type { PhoneParts } from "./phone/routes.ts";
