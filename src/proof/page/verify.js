// Verifies one receipt. Written apart from the line's own code, for whoever trusts neither.
"use strict";

const utf8 = new TextEncoder();
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const joined = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
const same = (one, other) => hex(one) === hex(other);

async function hmac(salt, text) {
  const how = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", salt, how, false, ["sign"]);
  return hex(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8.encode(text))));
}

function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (btoa(String.fromCharCode(...bytes)) !== text)
    throw new Error("a hash is written in another way than it must be");
  return bytes;
}

/** RFC 8785. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object")
    return `{${Object.keys(value)
      .toSorted()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
      .join(",")}}`;
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new Error("a number is not whole");
  return JSON.stringify(value);
}

async function parseKey(text) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? [];
  if (name === undefined) throw new Error("a key is not written as name+id+key");
  const bytes = fromBase64(encoded);
  const own = hex((await sha256(joined(utf8.encode(`${name}\n`), bytes))).slice(0, 4));
  if (bytes[0] !== 1 || bytes.length !== 33 || own !== id) throw new Error("a key does not fit its own id");
  const key = await crypto.subtle.importKey("raw", bytes.slice(1), "Ed25519", false, ["verify"]);
  return { name, id, key };
}

/** The text of a signed note (C2SP), where one of the keys has signed it and none is misused. */
async function openNote(note, keys) {
  const blank = note.lastIndexOf("\n\n");
  if (blank === -1 || !note.endsWith("\n")) throw new Error("it is no signed note");
  const text = note.slice(0, blank + 1);
  let signed = 0;
  for (const line of note.slice(blank + 2, -1).split("\n")) {
    const [, name, encoded] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
    if (name === undefined) throw new Error("a signature is not written as one");
    const bytes = fromBase64(encoded);
    const known = keys.find((key) => key.name === name && key.id === hex(bytes.slice(0, 4)));
    if (known === undefined) continue;
    if (!(await crypto.subtle.verify("Ed25519", known.key, bytes.slice(4), utf8.encode(text))))
      throw new Error(`the signature of ${name} does not hold`);
    signed += 1;
  }
  if (signed === 0) throw new Error("none of these keys has signed it");
  return text;
}

/** RFC 9162, 2.1.3.2. */
async function rootFrom(leaf, index, size, path) {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size))
    throw new Error("the log has no such leaf");
  const node = (left, right) => sha256(joined([1], left, right));
  let [place, last, hash] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) throw new Error("the path is too long");
    if (place % 2 === 1 || place === last) {
      hash = await node(sibling, hash);
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else hash = await node(hash, sibling);
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw new Error("the path is too short");
  return hash;
}

/** What each kind of entry is called in a record. */
const KINDS = {
  granted: ["ConsentGiven", "consent given"],
  confirmed: ["ConsentGiven", "consent confirmed by the number's owner"],
  refused: ["ConsentRefused", "consent refused"],
  pending: ["ConsentRequested", "consent requested"],
  revoked: ["ConsentWithdrawn", "consent withdrawn"],
  recorded: ["ConsentUnknown", "call recorded"],
};

const iso = (at) => new Date(at).toISOString();

/** What people typed can be erased, so the leaf has a commitment to it; older ones have the words. */
function reasonIn({ reason, reasonCommitment }) {
  return typeof reasonCommitment === "string" ? `hmac-sha256:${reasonCommitment}` : reason;
}

/** Older receipts have no word of recordings. */
const audioIn = ({ recording = null }) =>
  recording && [recording.sid, recording.seconds, recording.bytes, recording.sha256];

/** Of a record, and of its leaf: the same parts by the same names. */
function partsOfRecord(record) {
  const { key, call, notice, question, messages = null, revocation = null } = record;
  return {
    id: [record.recordId, record.eventId],
    kind: [record.kind, record.eventState, record.eventType],
    time: record.eventTime,
    sequence: record.sequence,
    person: record.subject.pseudonym,
    commitment: record.subject.commitment,
    business: record.controller.id,
    channel: record.channel,
    topics: record.topics.map((topic) => topic.id),
    jurisdiction: record.jurisdiction,
    language: record.locale,
    script: record.script,
    simulated: record.simulated,
    "way it came": record.collectionMethod,
    attestation: record.attestation,
    key: key && [key.pressed, key.question, key.attempt, key.at],
    call: call && [call.sid, call.line, call.direction, call.begunAt],
    notice: [record.servedEventId, notice && [notice.version, notice.language, notice.servedAt]],
    question: question && [question.name, question.servedAt],
    messages: messages && [messages.notice, messages.reply],
    confirmation: record.confirms,
    "earlier entry": record.supersedes,
    withdrawal: revocation && [
      revocation.channel,
      revocation.scope,
      revocation.receivedAt,
      revocation.honouredAt,
    ],
    recording: audioIn(record),
    reason: reasonIn(record),
    "name of the notice": notice?.id,
    caller: call?.from,
    announcement: record.recording?.announced,
  };
}

function partsOfLeaf(leaf, asksAnything) {
  const { call, notice, reply } = leaf;
  // In a message the question comes with the notice.
  const question = leaf.question ?? (asksAnything ? notice : null);
  const byPhone = notice && notice.messageId === undefined;
  return {
    id: [leaf.id, leaf.id],
    kind: [leaf.kind, ...KINDS[leaf.kind]],
    time: iso(leaf.at),
    sequence: leaf.seq,
    person: leaf.subscriber,
    commitment: leaf.subject,
    business: leaf.business,
    channel: "whatsapp",
    topics: leaf.topics,
    jurisdiction: leaf.jurisdiction,
    language: leaf.locale,
    script: leaf.script,
    simulated: leaf.simulated,
    "way it came": leaf.source === "call" ? "ivr_dtmf" : leaf.source,
    attestation: leaf.attestation,
    key: leaf.key && [leaf.key, leaf.step, leaf.attempt, iso(leaf.at)],
    call: call && [call.sid, call.line, call.direction, iso(call.begunAt)],
    notice: [
      notice && (byPhone ? `${leaf.sourceId}/notice/${notice.attempt}` : notice.messageId),
      notice && [leaf.script, leaf.locale, iso(notice.at)],
    ],
    question: question && [leaf.step, iso(question.at)],
    messages: reply && [(notice && notice.messageId) ?? null, reply.messageId],
    confirmation: leaf.confirms,
    "earlier entry": leaf.supersedes,
    withdrawal: leaf.kind === "revoked" ? [leaf.source, leaf.topics, iso(leaf.at), iso(leaf.at)] : null,
    recording: audioIn(leaf),
    reason: leaf.reason,
    "name of the notice": notice && `${leaf.script}/${leaf.locale}/${notice.step ?? notice.purpose}`,
    caller: call && call.subscriber,
    announcement: notice !== null,
  };
}

/** Receipts that were made before these were in them are as good as they were. */
const NOT_IN_OLDER = new Set(["name of the notice", "caller", "announcement"]);

/** What people read, against what was sealed: whoever has the key can sign any record, and no other leaf. */
async function checkRecord(record, leaf) {
  const said = partsOfRecord(record);
  for (const [name, sealed] of Object.entries(partsOfLeaf(leaf, record.question !== null)))
    if (
      !(NOT_IN_OLDER.has(name) && said[name] === undefined) &&
      JSON.stringify(said[name]) !== JSON.stringify(sealed)
    )
      throw new Error(`the ${name} is not what was sealed`);
  const { number, salt, commitment } = record.subject;
  if (salt !== undefined && (await hmac(fromBase64(salt), number)) !== commitment)
    throw new Error("the number is not the one that was sealed");
  for (const part of ["notice", "question"]) {
    const words = record[part];
    if (words === null) continue;
    const digest = hex(await sha256(utf8.encode(words.text)));
    const { wordsDigest } = leaf[part] ?? leaf.notice ?? {};
    if (digest !== words.sha256 || digest !== wordsDigest)
      throw new Error(`the words of the ${part} are not those that were sealed`);
  }
}

/** @returns every check in order, each with what went wrong */
async function verify(receipt, givenKeys) {
  const checks = [];
  async function check(name, act) {
    try {
      checks.push({ name, ok: true, note: (await act()) ?? "" });
    } catch (error) {
      checks.push({ name, ok: false, note: error instanceof Error ? error.message : String(error) });
    }
  }
  if (receipt.proof === null || typeof receipt.proof !== "object" || typeof receipt.record !== "object") {
    const note =
      receipt.proof === null
        ? "the entry had no place in the log yet; get the receipt again in a few seconds"
        : "it is no receipt of version 1";
    return [{ name: "It is a receipt with its proof", ok: false, note }];
  }
  let keys = [];
  const { seal, ...rest } = receipt;
  await check("The keys are keys of a log", async () => {
    const own = givenKeys.length === 0;
    keys = await Promise.all((own ? receipt.proof.keys : givenKeys).map(parseKey));
    const named = keys.map((key) => `${key.name}+${key.id}`).join(", ");
    return own
      ? `${named}: they come with the receipt. Compare them with those that you were given another way.`
      : `${named}, as you gave them.`;
  });
  await check("The receipt is whole: every part of it is what was signed", async () => {
    const text = await openNote(seal, keys);
    const digest = hex(await sha256(utf8.encode(canonical(rest))));
    if (text !== `yesline-receipt/1\n${digest}\n`) throw new Error("a part of it was changed");
  });
  await check("The record says what was sealed, and the words are those that were served", () =>
    checkRecord(receipt.record, receipt.proof.leaf),
  );
  let leaf;
  await check("The leaf has the hash that it names", async () => {
    leaf = await sha256(joined([0], utf8.encode(canonical(receipt.proof.leaf))));
    if (!same(leaf, fromBase64(receipt.proof.leafHash))) throw new Error("it has another");
  });
  await check("The log was signed, and the entry stands in it at its place", async () => {
    const { leafIndex, treeSize, inclusion, checkpoint, algorithm } = receipt.proof;
    if (algorithm !== "rfc6962-sha256") throw new Error("the log is of a kind that this page does not know");
    const [origin, size, root] = (await openNote(checkpoint, keys)).split("\n");
    if (!keys.some((key) => key.name === origin)) throw new Error("the checkpoint is of another log");
    if (size !== String(treeSize)) throw new Error("the checkpoint is of another size");
    const made = await rootFrom(leaf, leafIndex, treeSize, inclusion.map(fromBase64));
    if (!same(made, fromBase64(root))) throw new Error("the path leads to another root");
    return `Leaf ${leafIndex} of ${treeSize}.`;
  });
  return checks;
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}

function showRecord(record, into) {
  const controller = record.controller.name ?? record.controller.id;
  const rows = [
    ["What", record.eventState],
    ["To whom", `${controller} (${record.controller.id}), on WhatsApp`],
    ["About", record.topics.map((topic) => topic.name ?? topic.id).join(", ")],
    ["When", record.eventTime],
    ["Who", record.subject.number ?? `erased; known as ${record.subject.pseudonym}`],
    ["How", record.collectionMethod],
    ...(record.key === null ? [] : [["Key pressed", record.key.pressed]]),
    ["Entry", record.recordId],
  ];
  const list = document.createElement("dl");
  for (const [term, value] of rows) list.append(element("dt", term), element("dd", String(value)));
  into.append(element("h2", "What it says"), list);
  for (const part of ["notice", "question"]) {
    if (record[part] === null || (part === "question" && record.notice?.text === record.question.text))
      continue;
    into.append(element("h3", part === "notice" ? "The words that were served" : "The question"));
    into.append(element("blockquote", record[part].text));
  }
}

const GENUINE = "Verified: this receipt is genuine.";
/** Anybody can make a key, and a whole log with it. */
const GENUINE_IF = "Verified, with the key that it brings along: genuine if that is the log's own key.";

async function show(text, keysText) {
  const result = document.getElementById("result");
  const shown = document.createElement("div");
  let receipt;
  try {
    receipt = JSON.parse(text);
  } catch {
    result.replaceChildren(element("p", "This is not JSON.", "bad"));
    return;
  }
  const keys = keysText
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const checks = await verify(receipt ?? {}, keys);
  const good = checks.every((check) => check.ok);
  const verdict = element(
    "p",
    good ? (keys.length > 0 ? GENUINE : GENUINE_IF) : "REFUSED: do not rely on this receipt.",
    good ? (keys.length > 0 ? "good" : "") : "bad",
  );
  verdict.id = "verdict";
  shown.append(element("h2", "Result"), verdict);
  if (good && receipt.record.simulated)
    shown.append(element("p", "SIMULATED: it was made by a simulator, and is no consent.", "bad"));
  if (good && receipt.record.subject.erased)
    shown.append(element("p", "ERASED: the person was forgotten; the entry is nobody's any more."));
  const list = document.createElement("ul");
  for (const { name, ok, note } of checks)
    list.append(
      element("li", `${ok ? "✓" : "✗"} ${name}${note === "" ? "" : `: ${note}`}`, ok ? "good" : "bad"),
    );
  shown.append(list);
  if (good) showRecord(receipt.record, shown);
  result.replaceChildren(shown);
}

async function submitted() {
  const [file] = document.getElementById("file").files;
  const box = document.getElementById("text");
  if (file !== undefined) box.value = await file.text();
  await show(box.value, document.getElementById("keys").value);
}

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void submitted();
});

const embedded = document.getElementById("receipt").textContent;
if (embedded.trim() !== "null") {
  document.getElementById("text").value = embedded;
  void show(embedded, "");
}
