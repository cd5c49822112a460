import { hash } from "node:crypto";

/**
 * What of a record its leaf does not bear out. A record is read by people, a leaf is what was sealed: whoever changes
 * the one has to change the other. Names, contacts and a call's end are not in the log, and are not looked at.
 */
export function recordFaults(record: unknown, leaf: unknown): readonly string[] {
  if (!isObject(record) || !isObject(leaf)) return ["it is no record with its leaf"];
  const faults: string[] = [];
  for (const [path, expected] of expectedOf(leaf)) {
    const said = valueAt(record, path);
    if (said === undefined && NOT_IN_OLDER.has(path)) continue;
    if (!same(said ?? null, expected ?? null)) faults.push(`${path} is not what the leaf says`);
  }
  const topics = Array.isArray(record["topics"])
    ? record["topics"].map((topic) => (isObject(topic) ? topic["id"] : topic))
    : null;
  if (!same(topics, leaf["topics"])) faults.push("topics are not those of the leaf");
  for (const part of ["notice", "question"] as const) {
    const words = record[part];
    if (!isObject(words)) {
      if (isObject(leaf[part])) faults.push(`${part} is missing`);
      else if ((words ?? null) !== null) faults.push(`${part} is none`);
      continue;
    }
    if (typeof words["text"] !== "string" || hash("sha256", words["text"]) !== words["sha256"])
      faults.push(`${part}.text does not have the digest that it names`);
    // In a message the question comes with the notice.
    const served = isObject(leaf[part]) ? leaf[part] : leaf["notice"];
    const { wordsDigest, at } = isObject(served) ? served : {};
    if (wordsDigest !== words["sha256"]) faults.push(`${part}.sha256 is not the digest in the leaf`);
    if (isoTime(at) !== words["servedAt"]) faults.push(`${part}.servedAt is not what the leaf says`);
    if (part === "question" && words["name"] !== leaf["step"])
      faults.push("question.name is not what the leaf says");
  }
  return faults;
}

/** Exports that were made before these were in them are as good as they were. */
const NOT_IN_OLDER: ReadonlySet<string> = new Set(["notice.id", "call.from", "recording.announced"]);

type Fields = Readonly<Record<string, unknown>>;

function expectedOf(leaf: Fields): readonly (readonly [path: string, expected: unknown])[] {
  const call = isObject(leaf["call"]) ? leaf["call"] : null;
  const recording = isObject(leaf["recording"]) ? leaf["recording"] : null;
  const notice = isObject(leaf["notice"]) ? leaf["notice"] : null;
  const reply = isObject(leaf["reply"]) ? leaf["reply"] : null;
  const isByPhone = leaf["source"] === "call";
  return [
    ["recordId", leaf["id"]],
    ["kind", leaf["kind"]],
    ["eventState", STATES[String(leaf["kind"])]],
    ["eventTime", isoTime(leaf["at"])],
    ["sequence", leaf["seq"]],
    ["subject.pseudonym", leaf["subscriber"]],
    ["subject.commitment", leaf["subject"]],
    ["controller.id", leaf["business"]],
    ["channel", "whatsapp"],
    ["jurisdiction", leaf["jurisdiction"]],
    ["locale", leaf["locale"]],
    ["script", leaf["script"]],
    ["confirms", leaf["confirms"]],
    ["supersedes", leaf["supersedes"]],
    ["attestation", leaf["attestation"]],
    ...reasonIn(leaf),
    ...(recording === null
      ? ([["recording", null]] as const)
      : ([
          ["recording.sid", recording["sid"]],
          ["recording.seconds", recording["seconds"]],
          ["recording.bytes", recording["bytes"]],
          ["recording.sha256", recording["sha256"]],
          ["recording.announced", isObject(leaf["notice"])],
        ] as const)),
    ["simulated", leaf["simulated"]],
    ["collectionMethod", isByPhone ? "ivr_dtmf" : leaf["source"]],
    ...(leaf["key"] === null
      ? ([["key", null]] as const)
      : ([
          ["key.pressed", leaf["key"]],
          ["key.question", leaf["step"]],
          ["key.attempt", leaf["attempt"]],
          ["key.at", isoTime(leaf["at"])],
        ] as const)),
    ...(notice === null
      ? ([["servedEventId", null]] as const)
      : ([
          [
            "notice.id",
            `${String(leaf["script"])}/${String(leaf["locale"])}/${String(notice["step"] ?? notice["purpose"])}`,
          ],
          ["notice.version", leaf["script"]],
          ["notice.language", leaf["locale"]],
          [
            "servedEventId",
            notice["messageId"] ?? `${String(leaf["sourceId"])}/notice/${String(notice["attempt"])}`,
          ],
        ] as const)),
    ...(reply === null
      ? ([["messages", null]] as const)
      : ([
          ["messages.notice", notice?.["messageId"]],
          ["messages.reply", reply["messageId"]],
        ] as const)),
    ...(call === null
      ? ([["call", null]] as const)
      : ([
          ["call.sid", call["sid"]],
          ["call.from", call["subscriber"]],
          ["call.line", call["line"]],
          ["call.direction", call["direction"]],
          ["call.begunAt", isoTime(call["begunAt"])],
        ] as const)),
  ];
}

/** Words that a person typed can be erased, so the leaf commits to them; the line's own it has in clear. */
function reasonIn({ reason }: Fields): readonly (readonly [path: string, expected: unknown])[] {
  const committed = typeof reason === "string" ? /^hmac-sha256:([0-9a-f]{64})$/.exec(reason) : null;
  const commitment = ["reasonCommitment", committed?.[1] ?? null] as const;
  return committed === null ? [["reason", reason], commitment] : [commitment];
}

/** The W3C Data Privacy Vocabulary's names of what an entry says; see `recordOf`. */
export const STATES: Readonly<Record<string, string>> = {
  granted: "ConsentGiven",
  confirmed: "ConsentGiven",
  refused: "ConsentRefused",
  pending: "ConsentRequested",
  revoked: "ConsentWithdrawn",
  recorded: "ConsentUnknown",
};

/** As a record has it, of milliseconds since 1970. */
export function isoTime(at: unknown): string | null {
  return typeof at === "number" && Math.abs(at) <= MAX_TIME ? new Date(at).toISOString() : null;
}

/** The last millisecond that a date of ECMAScript can have. */
const MAX_TIME = 8.64e15;

/** What stands at a path such as `call.sid`; undefined where there is nothing. */
function valueAt(record: Fields, path: string): unknown {
  const dot = path.indexOf(".");
  if (dot === -1) return record[path];
  const within = record[path.slice(0, dot)];
  return isObject(within) ? valueAt(within, path.slice(dot + 1)) : undefined;
}

function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  return JSON.stringify(one) === JSON.stringify(other);
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
