import type { LeafRow } from "../ledger/proof-store.ts";
import { leafHashOf } from "./leaf.ts";
import type { Hash } from "./tree.ts";

/**
 * Which column was changed, where it was one bit: the one whose flipping back makes the leaf that was sealed. Some ten
 * thousand hashes; it rests after each column.
 *
 * @returns the column, as `table.column`; null where more than a bit is another
 */
export async function changedColumn(
  row: LeafRow,
  sealed: Hash,
  rest: () => Promise<unknown>,
): Promise<string | null> {
  for (const [field, value] of Object.entries(row)) {
    for (const earlier of flipped(value)) {
      const hash = hashed({ ...row, [field]: earlier });
      if (hash !== null && Buffer.from(hash).equals(sealed)) return columnOf(field as keyof LeafRow);
    }
    await rest();
  }
  return null;
}

/** What an entry must refer to, whatever its leaf says: heard or read, then asked (law 3), by one notice. */
export function brokenLaws(row: LeafRow): readonly string[] {
  const broken: string[] = [];
  const [isHeard, isRead] = [row.noticeStep !== null, row.noticeMessageId !== null];
  // Moved consent waits for the new number's owner, whose verification carries the notice.
  const isMoved = row.kind === "pending" && row.supersedes !== null;
  if (NEEDS_NOTICE.has(row.kind) && !isMoved && !isHeard && !isRead) broken.push("it names no notice");
  if (isHeard && (isRead || row.noticePurpose !== null))
    broken.push("it names a notice of a call, and one of a message");
  if (!isRead && !isHeard && row.noticePurpose !== null) broken.push("it names a notice without its message");
  if (isHeard && row.noticeAt === null)
    broken.push("the notice that it names is not among the events of its call");
  if (isRead && row.noticeAt === null) broken.push("the message that carried its notice is gone");
  if (isHeard && row.noticeSeq !== null && row.pressSeq !== null && row.noticeSeq > row.pressSeq)
    broken.push("its notice was served after the key was pressed");
  if (isRead && row.noticeSeq !== null && row.replySeq !== null && row.noticeSeq > row.replySeq)
    broken.push("its notice was sent after the answer");
  if (row.noticeAt !== null && row.noticeWordsDigest === null)
    broken.push("the words of its notice are gone");
  if (row.messageId !== null && row.replyAt === null) broken.push("the message that answered is gone");
  if (row.callSid !== null && row.callLine === null) broken.push("its call is gone");
  return broken;
}

/** What is missing from a row that is not what was sealed. */
export function brokenReferences(row: LeafRow): readonly string[] {
  const missing = [...brokenLaws(row)];
  const isByPhone = row.callSid !== null;
  if (row.questionStep !== null && row.questionWordsDigest === null)
    missing.push("the words of its question are gone");
  // That a call was recorded is nobody's keypress.
  if (isByPhone && row.pressAt === null && row.kind !== "recorded")
    missing.push("the key that made it is not among the call's events");
  if (isByPhone && row.questionAt === null) missing.push("its question is not among the call's events");
  return missing;
}

const NEEDS_NOTICE: ReadonlySet<string> = new Set(["granted", "pending", "confirmed", "recorded"]);

/** A whole number in SQLite is up to 8 bytes, of which JavaScript holds 53 bits. */
const BITS_OF_NUMBER = 52;

function* flipped(value: string | number | null): Generator<string | number> {
  if (value === null) return;
  if (typeof value === "number") {
    for (let bit = 0; bit < BITS_OF_NUMBER; bit++) {
      const power = 2 ** bit;
      yield Math.floor(value / power) % 2 === 1 ? value - power : value + power;
    }
    return;
  }
  const bytes = Buffer.from(value);
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const before = bytes[at] ?? 0;
      bytes[at] = before ^ (1 << bit);
      yield bytes.toString("utf8");
      bytes[at] = before;
    }
  }
}

/** Null for what could not be a leaf. */
function hashed(row: LeafRow): Hash | null {
  try {
    return leafHashOf(row);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Where a field of the leaf's row stands in the database. */
function columnOf(field: keyof LeafRow): string {
  const [, prefix = "", rest = ""] = /^(call|notice|question|press|reply)([A-Z].*)$/.exec(field) ?? [];
  const column = snake(rest === "" ? field : rest);
  switch (prefix) {
    case "call":
      return field === "callSid" ? "entry.call_sid" : `call.${CALL_COLUMNS[column] ?? column}`;
    case "notice":
      if (ENTRY_NOTICE.has(field)) return `entry.${snake(field)}`;
      return column.endsWith("digest")
        ? `${column === "digest" ? "the event's or message's text_digest" : "served_text.words_digest"} (notice)`
        : `${NOTICE_COLUMNS[column] ?? column} of the notice's event or message`;
    case "question":
      return column === "words_digest"
        ? "served_text.words_digest (question)"
        : `call_event.${NOTICE_COLUMNS[column] ?? column} (question)`;
    case "press":
      return `call_event.${column === "kind" ? "keypress" : column} (key)`;
    case "reply":
      return `message.${REPLY_COLUMNS[column] ?? column} (answer)`;
    default:
      return `entry.${column}`;
  }
}

const ENTRY_NOTICE: ReadonlySet<string> = new Set([
  "noticeStep",
  "noticeAttempt",
  "noticeKind",
  "noticeMessageId",
  "noticePurpose",
]);
const CALL_COLUMNS: Readonly<Record<string, string>> = {
  account: "account_sid",
  subscriber: "subscriber_id",
};
const NOTICE_COLUMNS: Readonly<Record<string, string>> = {
  digest: "text_digest",
  subscriber: "subscriber_id",
  template: "content_sid",
  entry: "entry_id",
};
const REPLY_COLUMNS: Readonly<Record<string, string>> = { subscriber: "subscriber_id", to: "replies_to" };

function snake(name: string): string {
  return name
    .replace(/^[A-Z]/, (letter) => letter.toLowerCase())
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
