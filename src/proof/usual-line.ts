import { hash } from "node:crypto";
import { isObject, isoTime, STATES } from "./record-leaf.ts";

/** A line of an export that was read, and is not at fault. */
export type UsualLine = {
  /** Its leaf's place in the log. */
  readonly index: number;
  /** How long its leaf is, which ends two bytes before the line does. */
  readonly leafBytes: number;
  /** Where the next line begins. */
  readonly end: number;
};

/**
 * Reads a line that stands to the letter as `exportLine` writes an answer by phone, and whose record its leaf bears
 * out: a third of the time that JSON takes. It is stricter than `recordFaults`, which says of any other line what it is.
 *
 * @param text whole lines, a character for each byte (latin1)
 * @returns null where it is another line, or something is at fault
 */
export function usualLine(text: string, from: number): UsualLine | null {
  USUAL.lastIndex = from;
  const found = USUAL.exec(text);
  if (found === null) return null;
  const said = (name: string) => found[GROUPS.get(name) ?? 0] ?? "";
  const isBorneOut =
    STATES[said("kind")] === said("state") &&
    TIMES.every(([time, at]) => isTimeOf(said(time), Number(said(at)))) &&
    digestOf(said("noticeText")) === said("noticeDigest") &&
    digestOf(said("questionText")) === said("questionDigest") &&
    idOf(said("controller")) === said("business") &&
    idsOf(said("topics")) === said("leafTopics");
  const index = Number(said("index"));
  if (!isBorneOut || !Number.isSafeInteger(index) || index < 0) return null;
  return { index, leafBytes: said("leaf").length, end: USUAL.lastIndex };
}

/**
 * The line, with a name wherever something stands that differs from line to line; what has one name is the same text.
 * `<name>`: text; `<name#>`: a whole number; `<name?>`: a plain value; `<name@>`: a time; `<name*>`: words, which
 * may hold escapes; `<name[>`: a list; `<name{>`: an object. Without a name: whatever it is, it stands for itself.
 */
const PICTURE = [
  '{"schemaVersion":"yesline-consent-record/1","recordId":"<id>","kind":"<kind>","eventState":"<state>",',
  '"eventTime":"<time@>","sequence":<seq#>,"subject":{"pseudonym":"<subscriber>","number":<?>,"erased":<?>,',
  '"commitment":"<subject>"},"controller":<controller{>,"channel":"whatsapp","topics":<topics[>,',
  '"jurisdiction":"<jurisdiction>","locale":"<locale>","script":"<script>",',
  '"notice":{"id":"<script>/<locale>/<noticeStep>","version":"<script>","language":"<locale>","voice":<?>,',
  '"text":<noticeText*>,"sha256":"<noticeDigest>","servedAt":"<noticeTime@>"},',
  '"question":{"name":"<step>","text":<questionText*>,"sha256":"<questionDigest>","servedAt":"<questionTime@>"},',
  '"servedEventId":"<sourceId>/notice/<noticeAttempt#>","messages":null,"confirms":<confirms?>,',
  '"supersedes":<supersedes?>,"collectionMethod":"ivr_dtmf","call":{"sid":"<callSid>","from":<caller?>,',
  '"line":"<line>","direction":"<direction>","status":<?>,"begunAt":"<begunTime@>","endedAt":<?>},',
  '"attestation":<attestation?>,"key":{"pressed":"<key>","question":"<step>","attempt":<attempt#>,"at":"<time>"},',
  '"reason":null,"reasonCommitment":null,"recording":null,"simulated":<simulated?>,"leafIndex":<index#>,"leaf":',
].join("");
const LEAF_PICTURE = [
  '{"at":<at#>,"attempt":<attempt#>,"attestation":<attestation?>,"business":"<business>",',
  '"call":{"account":<?>,"attestation":<?>,"begunAt":<begunAt#>,"direction":"<direction>","line":"<line>",',
  '"sid":"<callSid>","simulated":<?>,"subscriber":<caller?>},"confirms":<confirms?>,"id":"<id>",',
  '"jurisdiction":"<jurisdiction>","key":"<key>","kind":"<kind>","locale":"<locale>","notice":{"action":<?>,',
  '"at":<noticeAt#>,"attempt":<noticeAttempt#>,"callSid":<?>,"digest":<?>,"kind":<?>,"seq":<?>,',
  '"step":"<noticeStep>","subscriber":<?>,"wordsDigest":"<noticeDigest>"},"press":{"at":<?>,"key":<?>,"kind":<?>,',
  '"nextAttempt":<?>,"nextStep":<?>,"seq":<?>},"question":{"action":<?>,"at":<questionAt#>,"attempt":<?>,',
  '"digest":<?>,"seq":<?>,"step":<?>,"subscriber":<?>,"wordsDigest":"<questionDigest>"},"reason":null,"reply":null,',
  '"script":"<script>","seq":<seq#>,"simulated":<simulated?>,"source":"call","sourceId":"<sourceId>",',
  '"step":"<step>","subject":"<subject>","subscriber":"<subscriber>","supersedes":<supersedes?>,',
  '"topics":<leafTopics[>,"v":1}',
].join("");

/** Times of the record, and of the leaf in milliseconds. */
const TIMES = [
  ["time", "at"],
  ["noticeTime", "noticeAt"],
  ["questionTime", "questionAt"],
  ["begunTime", "begunAt"],
] as const;

const TEXT = String.raw`[^"\\\x00-\x1f]*`;
const WHOLE = String.raw`-?(?:0|[1-9]\d*)`;
/** None of these can end in two places: however a line was made, it is read in a time that its length bounds. */
const SHAPES: Readonly<Record<string, string>> = {
  "": TEXT,
  "#": WHOLE,
  "?": `(?:null|true|false|${WHOLE}|"${TEXT}")`,
  "@": String.raw`\d{4}-\d\d-\d\dT\d\d:[0-5]\d:[0-5]\d\.\d{3}Z`,
  "*": String.raw`"${TEXT}(?:\\.${TEXT})*"`,
  "[": String.raw`\[[^[\]]*\]`,
  "{": String.raw`\{[^{}]*(?:\{[^{}]*\})?\}`,
};

const MAX_KNOWN = 256;
const MAX_KNOWN_CHARACTERS = 16 * 1024;

/** Which group of the expression has what name says. */
const GROUPS = new Map<string, number>();
const USUAL = new RegExp(`${drawn(PICTURE)}${group("leaf", () => drawn(LEAF_PICTURE))}\\}\\n`, "y");

function drawn(picture: string): string {
  return picture.replaceAll(/<(\w*)([#?@*[{]?)>|[^<]+/g, (all, name?: string, shape = "") => {
    if (name === undefined) return RegExp.escape(all);
    const one = SHAPES[shape] ?? "";
    if (name === "") return one;
    const earlier = GROUPS.get(name);
    return earlier === undefined ? group(name, () => one) : `(?:\\${earlier})`;
  });
}

/** Groups are numbered in the order in which they open. */
function group(name: string, inner: () => string): string {
  GROUPS.set(name, GROUPS.size + 1);
  return `(${inner()})`;
}

const digestOf = remembering((words) => (typeof words === "string" ? hash("sha256", words) : null));

const idOf = remembering((controller) => (isObject(controller) ? controller["id"] : null));

/** The ids of topics, as a leaf has them. */
const idsOf = remembering((topics) =>
  Array.isArray(topics)
    ? JSON.stringify(topics.map((topic) => (isObject(topic) ? topic["id"] : null)))
    : null,
);

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_FROM = 11;
let lastDay = { day: 0, date: "1970-01-01T" };

/** What `isoTime` says, at a tenth of its cost: dates are made once a day, and the clock is read off. */
function isTimeOf(time: string, at: number): boolean {
  const day = Math.floor(at / DAY_MS);
  if (day !== lastDay.day) lastDay = { day, date: isoTime(day * DAY_MS)?.slice(0, HOUR_FROM) ?? "none" };
  const seconds = (number(time, 11, 13) * 60 + number(time, 14, 16)) * 60 + number(time, 17, 19);
  return seconds * 1000 + number(time, 20, 23) === at - day * DAY_MS && time.startsWith(lastDay.date);
}

function number(digits: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + digits.charCodeAt(at) - ZERO;
  return value;
}

const ZERO = 48;

/** Few words were served to many, and few businesses have many entries: what was read once is known by its text. */
function remembering<T>(read: (json: unknown) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const earlier = known.get(text);
    if (earlier !== undefined) return earlier;
    const bytes = Buffer.from(text, "latin1");
    const now = read(parsed(bytes.toString("utf8")));
    if (known.size >= MAX_KNOWN) known.clear();
    // A copy: a slice would hold the whole text that it is cut from.
    if (text.length <= MAX_KNOWN_CHARACTERS) known.set(bytes.toString("latin1"), now);
    return now;
  };
}

/** Null where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
