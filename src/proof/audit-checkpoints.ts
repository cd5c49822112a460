import type { NumberedCheckpoint } from "../ledger/audit-store.ts";
import type { AuditParts, SignatureBound } from "./audit.ts";
import { openCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import type { Faults } from "./faults.ts";
import { signersNamed, underEarlierNames, verifierAmong, type Verifier } from "./note.ts";
import type { Hash } from "./tree.ts";

/** A size at which the log must have this root. */
export type Stop = { readonly where: string; readonly size: number; readonly root: Hash };

/** Checkpoints from elsewhere that can be believed, the smallest first. */
export function outsideStops({ outside, verifiers }: AuditParts, faults: Faults): readonly Stop[] {
  const stops: Stop[] = [];
  for (const { where, note } of outside) {
    const opened = openCheckpoint(note, underEarlierNames(verifiers, note));
    if (opened.kind === "refused") faults.add("outside", where, opened.reason);
    else stops.push({ where: `${where} (${opened.checkpoint.size} entries)`, ...opened.checkpoint });
  }
  return stops.toSorted((one, other) => one.size - other.size);
}

/** Checkpoints of our own, in order, as far as their rows are what was signed. */
export async function* signedStops(
  { store, page, verifiers, signatures }: AuditParts,
  lastSeq: number,
  found: { signatures: number },
  faults: Faults,
): AsyncGenerator<NumberedCheckpoint> {
  const strangers = strangersSeen();
  const isChecked = (each: number) => signatures === undefined || isWithin(signatures, each, lastSeq);
  let known = verifiers;
  let [seq, size] = [0, 0];
  for (
    let pages = await store.checkpoints(0, page);
    pages.length > 0;
    pages = await store.checkpoints(seq, page)
  ) {
    for (const checkpoint of pages) {
      if (checkpoint.seq > lastSeq) break;
      if (checkpoint.seq !== seq + 1) faults.add("checkpoint", seq + 1, "it is missing.");
      seq = checkpoint.seq;
      if (isChecked(seq)) found.signatures += 1;
      if (known.length < MAX_KNOWN) known = underEarlierNames(known, checkpoint.note);
      const trusted = isChecked(seq) ? known : takenForGranted(known);
      const wrong = faultOfCheckpoint(checkpoint, trusted, strangers.saw);
      if (wrong !== null) faults.add("checkpoint", seq, wrong);
      else if (checkpoint.size < size) faults.add("checkpoint", seq, "it is smaller than the one before it.");
      else {
        size = checkpoint.size;
        yield checkpoint;
      }
    }
    if (pages.length < page || seq >= lastSeq) break;
  }
  for (const [at, what] of strangers.faults()) faults.add("checkpoint", at, what);
}

/** A log has had few keys and few names; whoever writes others into its checkpoints does not slow this down. */
const MAX_KNOWN = 64;

/** The newest ones, and of the older ones as many as stand in this round's window. */
function isWithin({ newest, older, round }: SignatureBound, seq: number, lastSeq: number): boolean {
  const before = lastSeq - newest;
  if (seq > before) return true;
  return Math.floor((seq - 1) / older) === round % Math.ceil(before / older);
}

/** The same keys, where a signature is not made sure of: what was signed is read all the same. */
function takenForGranted(verifiers: readonly Verifier[]): readonly Verifier[] {
  return verifiers.map(({ timed, ...verifier }) => ({
    ...verifier,
    verify: () => true,
    timed: timed === null ? null : { ...timed, verify: () => true },
  }));
}

type Stranger = { readonly key: string; readonly isAlone: boolean };

/** Signatures by keys that are not known. */
function strangersSeen() {
  const seen = new Map<string, { readonly seq: number; times: number; alone: number }>();
  return {
    saw: ({ key, isAlone }: Stranger, seq: number): void => {
      const before = seen.get(key) ?? { seq, times: 0, alone: 0 };
      seen.set(key, { ...before, times: before.times + 1, alone: before.alone + (isAlone ? 1 : 0) });
    },
    /** A key that was dropped has signed many beside one that is known: one that did so once is a changed byte. */
    *faults(): Generator<readonly [seq: number, what: string]> {
      for (const [key, { seq, times, alone }] of seen) {
        const more = alone > 1 ? ` (as do ${alone - 1} later ones)` : "";
        if (times === 1 || alone > 0)
          yield [seq, `nobody knows the key ${key} that it bears${more}: ${NAME_OLD_KEYS}`];
      }
    },
  };
}

const NAME_OLD_KEYS =
  "where it is an older one of yours, name it in YESLINE_LOG_OLD_KEYS, or give it with --public-key.";

/** @param onStranger told of signatures by keys that are not known */
function faultOfCheckpoint(
  { seq, size, root, note, at }: NumberedCheckpoint,
  verifiers: readonly Verifier[],
  onStranger: (stranger: Stranger, seq: number) => void,
): string | null {
  const opened = openCheckpoint(note, verifiers);
  const named = signersNamed(note);
  const strangers = named.filter((each) => verifierAmong(verifiers, each) === null);
  const isAlone = named.length > 0 && strangers.length === named.length;
  // A key that has signed with and without a time is one key, and told of once.
  for (const { name, id } of isAlone ? strangers.slice(0, 1) : strangers)
    onStranger({ key: `${name}+${id}`, isAlone }, seq);
  if (opened.kind === "refused" && !isAlone) return opened.reason;
  const checkpoint =
    opened.kind === "signed"
      ? opened.checkpoint
      : parseCheckpoint(note.slice(0, note.lastIndexOf("\n\n") + 1));
  if (checkpoint === null) return "Its note is no checkpoint.";
  if (checkpoint.size !== size) return `its size is ${size}; what was signed is ${checkpoint.size}.`;
  if (!Buffer.from(checkpoint.root).equals(root)) return "its root is not the one that was signed.";
  if (opened.kind === "signed" && opened.at !== null && opened.at !== at)
    return `its time is ${at}; what was signed is ${opened.at}.`;
  return null;
}
