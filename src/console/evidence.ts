import { createHash } from "node:crypto";
import { strToU8, zipSync } from "fflate";
import { fold } from "../call/consent.ts";
import type { Entry, EntryView } from "../ledger/ledger.ts";
import type { CallDetail, SubscriberDetail } from "../ledger/reading.ts";
import { recordOf } from "../ledger/record.ts";
import { openedBy } from "../ledger/withdraw.ts";
import type { ConsoleParts } from "./parts.ts";

/** Everything that stands behind one entry, and what was found when it was looked at. */
export type Evidence = {
  readonly view: EntryView;
  readonly record: ReturnType<typeof recordOf>;
  /** The call it was made in; null where it did not come by phone. */
  readonly call: CallDetail | null;
  /** Of a withdrawal: the entry whose consent it ends; null where there was none. */
  readonly withdrawn: Entry | null;
  readonly checks: readonly Check[];
};

/** One thing that was looked at now. `ok` is null where it does not apply. */
export type Check = { readonly name: string; readonly ok: boolean | null; readonly detail: string };

/** How an entry was reached: by the call that made it, or by the person it is about. */
export type Through = { readonly callSid?: string | undefined; readonly subscriberId?: string | undefined };

/** @returns null where there is no such entry */
export async function gatherEvidence(
  { reading, ledger, businesses, scripts, findings }: ConsoleParts,
  businessId: string,
  entryId: string,
  { callSid, subscriberId }: Through,
): Promise<Evidence | null> {
  const entries =
    callSid === undefined
      ? (await reading.subscriber(businessId, subscriberId ?? ""))?.entries
      : (await reading.call(businessId, callSid))?.entries;
  const entry = entries?.find((each) => each.id === entryId);
  const view = entry === undefined ? null : await viewOf(ledger, entry);
  if (view === null) return null;
  const found = view.entry;
  const call = found.source === "call" ? await reading.call(businessId, found.sourceId) : null;
  const person = await reading.subscriber(businessId, found.subscriberId);
  const checks = [
    ...noticeChecks(view, call),
    keyCheck(found, call),
    scriptCheck(found, scripts, findings()),
    projectionCheck(found, person),
  ];
  return {
    view,
    call,
    withdrawn: found.kind === "revoked" ? withdrawnBy(found, person) : null,
    checks,
    record: recordOf(
      view,
      businesses.find((each) => each.id === businessId),
    ),
  };
}

/** For a dispute: record, words, events and checks, as files that any program opens. */
export function evidenceZip(
  { view, record, call, checks }: Evidence,
  madeAt: number,
): Uint8Array<ArrayBuffer> {
  const served = (call?.events ?? []).filter((event) => event.kind === "served" && event.words !== null);
  const words = served.map((event, index): [string, Uint8Array] => [
    `words/${String(index + 1).padStart(2, "0")}-${event.step.replaceAll(/[^a-z0-9-]/gi, "-")}.${event.locale}.txt`,
    strToU8(`${event.words ?? ""}\n`),
  ]);
  const events = (call?.events ?? []).map(
    ({ at, kind, step, attempt, locale, keypress, key, action, words: said }) => ({
      at: iso(at),
      kind,
      step,
      attempt,
      locale,
      keypress,
      key,
      action,
      wordsSha256: said === null ? null : sha256(said),
    }),
  );
  return zipSync(
    {
      "record.json": strToU8(`${JSON.stringify(record, null, 2)}\n`),
      "events.json": strToU8(`${JSON.stringify(events, null, 2)}\n`),
      "checks.txt": strToU8(checksText(view.entry, checks, madeAt)),
      ...(view.notice === null ? {} : { "notice.txt": strToU8(view.notice.words) }),
      ...Object.fromEntries(words),
    },
    { mtime: new Date(madeAt) },
  );
}

export function verdictOf({ ok }: Check): string {
  if (ok === null) return "does not apply";
  return ok ? "holds" : "DOES NOT HOLD";
}

function checksText(entry: Entry, checks: readonly Check[], madeAt: number): string {
  const lines = checks.map((check) => `[${verdictOf(check)}] ${check.name}\n    ${check.detail}`);
  return [
    `Checks of entry ${entry.id}`,
    `made ${new Date(madeAt).toISOString()}`,
    "",
    ...lines,
    "",
    "notice.txt holds the words without anything added: sha256sum notice.txt gives the digest in record.json.",
    "",
  ].join("\n");
}

async function viewOf(
  ledger: ConsoleParts["ledger"],
  { id, businessId, at }: Entry,
): Promise<EntryView | null> {
  for await (const view of ledger.entries({ businessId, since: at, until: at + 1 })) {
    if (view.entry.id === id) return view;
  }
  return null;
}

function withdrawnBy({ seq, topics, simulated }: Entry, person: SubscriberDetail | null): Entry | null {
  const before = (person?.entries ?? []).filter((entry) => entry.seq < seq && entry.simulated === simulated);
  return openedBy(before, topics, simulated);
}

function noticeChecks({ entry, notice }: EntryView, call: CallDetail | null): Check[] {
  const name = "The words of the notice have the digest that was stored with them";
  const order = "The notice was served in the same call and language, before the key";
  if (notice === null) {
    const detail = "A withdrawal and an entry that did not come by phone need no notice.";
    return [name, order].map((each) => ({ name: each, ok: null, detail }));
  }
  const digest = sha256(notice.words);
  const served = call?.events.find(
    ({ kind, step, attempt, locale }) =>
      kind === "served" && step === "notice" && attempt === entry.noticeAttempt && locale === entry.locale,
  );
  return [
    {
      name,
      ok: digest === notice.wordsDigest,
      detail:
        digest === notice.wordsDigest
          ? `recomputed as stored, SHA-256 ${digest}`
          : `recomputed ${digest}, stored ${notice.wordsDigest}`,
    },
    {
      name: order,
      ok: served !== undefined && served.at <= entry.at && served.words === notice.words,
      detail: `served ${iso(notice.at)}, key ${iso(entry.at)}, ${entry.locale}`,
    },
  ];
}

function keyCheck(entry: Entry, call: CallDetail | null): Check {
  const name = "The key that the entry names was pressed in the call";
  if (call === null) return { name, ok: null, detail: "The entry did not come by phone." };
  const pressed = call.events.find(
    ({ kind, step, attempt }) => kind === "key" && step === entry.step && attempt === entry.attempt,
  );
  return {
    name,
    ok: pressed !== undefined && pressed.key === entry.key,
    detail: `key ${entry.key ?? "none"} at ${entry.step}, attempt ${entry.attempt}`,
  };
}

function scriptCheck(
  { script: version }: Entry,
  scripts: ConsoleParts["scripts"],
  findings: readonly { readonly place: string }[],
): Check {
  const name = "The script is the approved one, unchanged";
  const script = scripts.get(version);
  const wrong = findings.filter(({ place }) => place.includes(version));
  return {
    name,
    ok: script !== undefined && wrong.length === 0,
    detail:
      script === undefined ? `script ${version} is not here` : `script ${version}, SHA-256 ${script.digest}`,
  };
}

/** The stored projection must equal the fold of the entries, in the entry's own world. */
function projectionCheck({ simulated }: Entry, person: SubscriberDetail | null): Check {
  const name = "Present consent equals the fold of all entries";
  if (person === null) return { name, ok: null, detail: "The person's data were erased." };
  const folded = fold(person.entries.filter((each) => each.simulated === simulated));
  const stored = person.consents.filter((each) => each.simulated === simulated);
  const equal =
    stored.length === folded.size && stored.every(({ topic, state }) => folded.get(topic) === state);
  const states = [...folded].map(([topic, state]) => `${topic}: ${state}`).join(", ");
  return { name, ok: equal, detail: states === "" ? "nothing is on record" : states };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
