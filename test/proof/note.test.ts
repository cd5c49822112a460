import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  derivedSeed,
  inFile,
  notesOf,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from "../../src/proof/checkpoint.ts";
import { openNote, parseVerifier, signerOf, signNote } from "../../src/proof/note.ts";

/** Of golang.org/x/mod/sumdb/note, where the format comes from. */
const PETER = {
  key: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  seed: Buffer.from("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "base64").subarray(1),
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  line: "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
};
const ENOCH = {
  key: "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
  line: "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n",
};
/** Of C2SP signed-note. */
const FOO = {
  key: "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
  note: "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
};
/** A checkpoint of the checksum database of Go, as it was published. */
const GO = {
  key: "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
  note: "go.sum database tree\n49189689\nftjbAOzaupaIvaPo/G+Dk63nxOZ2s1OPOKIaPtXs7S4=\n\n— sum.golang.org Az3grlKZssqRoMNPpZfKt0TphbbcF+pzXqElURJKRNFKfaUAgqeI5k2AORH0QAhg/ebRwyIqD/OqP4oLtLnNumvOBAM=\n",
};

describe("notes as others have published them", () => {
  it("are signed byte for byte the same", () => {
    const signer = signerOf("PeterNeumann", PETER.seed);
    expect(signer.verifier.text).toBe(PETER.key);
    expect(signNote(PETER.text, [signer])).toBe(`${PETER.text}\n${PETER.line}`);
    // Go's example makes this key of zeroes.
    const enoch = signerOf("EnochRoot", new Uint8Array(32));
    expect(enoch.verifier.text).toBe(ENOCH.key);
    expect(signNote(PETER.text, [signer, enoch])).toBe(`${PETER.text}\n${PETER.line}${ENOCH.line}`);
  });

  it.each([
    ["Go's example", PETER.key, `${PETER.text}\n${PETER.line}`],
    ["C2SP's example", FOO.key, FOO.note],
    ["Go's checksum database", GO.key, GO.note],
  ])("are believed with the published key: %s", (_whose, key, note) => {
    const text = note.slice(0, note.indexOf("\n\n") + 1);
    expect(openNote(note, [parseVerifier(key)])).toMatchObject({ kind: "signed", text, by: [{ text: key }] });
  });

  it("are checkpoints where they say size and root, whoever signed", () => {
    expect(parseCheckpoint(GO.note.slice(0, GO.note.indexOf("\n\n") + 1))).toMatchObject({
      origin: "go.sum database tree",
      size: 49_189_689,
    });
    const example = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    expect(parseCheckpoint(example)).toMatchObject({
      origin: "example.com/behind-the-sofa",
      size: 20_852_163,
    });
  });

  it("are of no log of ours where origin and key have other names", () => {
    expect(openCheckpoint(GO.note, [parseVerifier(GO.key)])).toEqual({
      kind: "refused",
      reason: "The checkpoint is of another log, go.sum database tree.",
    });
  });
});

const present = signerOf("line.example/yesline", seed(1));
const coming = signerOf("line.example/yesline", seed(2));
const stranger = signerOf("witness.example", seed(3));
const CHECKPOINT = { origin: "line.example/yesline", size: 5, root: Buffer.alloc(32, 9) };
const known = [present.verifier];

describe("an auditor with the line's key", () => {
  it("believes a checkpoint, and passes over signatures of keys that are not known", () => {
    const note = signCheckpoint(CHECKPOINT, [stranger, coming, present]);
    const opened = openCheckpoint(note, known);
    expect(opened).toMatchObject({
      kind: "signed",
      checkpoint: { size: 5 },
      by: [{ id: present.verifier.id }],
    });
    expect(openCheckpoint(note, [coming.verifier])).toMatchObject({
      kind: "signed",
      checkpoint: { size: 5 },
    });
  });

  it("believes nothing that only strangers signed", () => {
    const note = signCheckpoint(CHECKPOINT, [stranger, coming]);
    expect(openCheckpoint(note, known)).toEqual({
      kind: "refused",
      reason: "No key that is known has signed.",
    });
  });

  it("refuses a note of which a known signature does not hold, even beside one that does", () => {
    const good = signCheckpoint(CHECKPOINT, [present]);
    const other = signCheckpoint({ ...CHECKPOINT, size: 6 }, [coming]);
    const mixed = good + other.slice(other.indexOf("\n\n") + 2);
    expect(openCheckpoint(mixed, [present.verifier, coming.verifier])).toMatchObject({ kind: "refused" });
    expect(openCheckpoint(mixed, known)).toMatchObject({ kind: "signed" });
  });

  it("refuses a checkpoint of which any bit was changed", () => {
    const note = Buffer.from(signCheckpoint(CHECKPOINT, [present]));
    fc.assert(
      fc.property(fc.nat({ max: note.length * 8 - 1 }), (bit) => {
        const changed = Buffer.from(note);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(openCheckpoint(changed.toString("utf8"), known).kind).toBe("refused");
      }),
      { numRuns: 1_000 },
    );
  });

  const [text = "", line = ""] = signCheckpoint(CHECKPOINT, [present]).split(/(?<=\n)\n/);
  it.each([
    ["without signatures", text],
    ["without a blank line", text + line],
    ["cut off in the last line", `${text}\n${line.slice(0, -1)}`],
    ["with a second blank line after the signatures", `${text}\n${line}\n`],
    ["with a carriage return", `${text}\n${line}`.replace("\n", "\r\n")],
    ["with a tab", `${text}\n${line.replace(" ", "\t")}`],
    ["with something that is no signature", `${text}\n${line}Yours, Eve\n`],
    ["with a hyphen for the dash", `${text}\n${line.replace("—", "-")}`],
    ["with base64 in another spelling", `${text}\n${line.replace("=\n", "\n")}`],
    ["with a lone surrogate", `\ud800${text}\n${line}`],
    ["with too many signatures", `${text}\n${line.repeat(101)}`],
    ["without end", `${text}\n${line}`.padStart(70_000, "a")],
    ["of nothing", ""],
  ])("refuses a note %s", (_what, note) => {
    expect(openCheckpoint(note, known).kind).toBe("refused");
  });

  it.each([
    ["a size with a zero before it", "a\n05\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"],
    ["a size with a sign", "a\n+5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"],
    ["a size beyond counting", "a\n9007199254740993\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"],
    ["no origin", "\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"],
    ["a root that is too short", "a\n5\nAAAA\n"],
    ["a root in another spelling", "a\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n"],
    ["an empty line more", "a\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"],
    ["a line too few", "a\n5\n"],
    ["no newline at its end", "a\n5\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
  ])("refuses a signed text with %s", (_what, changed) => {
    expect(parseCheckpoint(changed)).toBeNull();
  });

  it("reads a log without entries, and passes over lines that others may add", () => {
    expect(parseCheckpoint("a\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")?.size).toBe(0);
    expect(parseCheckpoint("a\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n")?.size).toBe(7);
  });

  it.each([
    ["cut", PETER.key.slice(0, -4)],
    ["with another id", PETER.key.replace("c74f20a3", "c74f20a4")],
    ["with another name", PETER.key.replace("Peter", "Paul")],
    ["of another algorithm", "PeterNeumann+c74f20a3+AhpcGQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
    ["that is none", "PeterNeumann"],
  ])("is told of a key %s", (_what, key) => {
    expect(() => parseVerifier(key)).toThrow(TypeError);
  });

  it("cannot be given a key whose name would break a line", () => {
    for (const name of ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\u2003b", "\ud800"])
      expect(() => signerOf(name, seed(1))).toThrow(TypeError);
    expect(() => signNote("no newline", [present])).toThrow(TypeError);
    expect(() => signNote("a\ttab\n", [present])).toThrow(TypeError);
  });
});

describe("a file to which checkpoints are appended", () => {
  const notes = [1, 2, 3].map((size) => signCheckpoint({ ...CHECKPOINT, size }, [present, coming]));

  it("gives them back, in order", () => {
    expect(notesOf(notes.map(inFile).join(""))).toEqual(notes);
    expect(notesOf("")).toEqual([]);
  });

  it("gives back what is whole, wherever a power cut tore it", () => {
    const [one = "", two = "", three = ""] = notes;
    for (let cut = 0; cut < inFile(two).length - 1; cut++) {
      const file = `${inFile(one)}${inFile(two).slice(0, cut)}`;
      const repaired = `${file}${file.endsWith("\n\n") ? "" : "\n\n"}${inFile(three)}`;
      const found = notesOf(repaired);
      expect([found[0], found.at(-1)]).toEqual([one, three]);
      expect(found.filter((note) => openCheckpoint(note, known).kind === "signed").length).toBeGreaterThan(1);
    }
  });
});

it("the key that comes of the line's secret tells nothing of it, and is always the same", () => {
  const [one, two] = [derivedSeed(seed(1)), derivedSeed(seed(2))];
  expect(Buffer.from(one).equals(derivedSeed(seed(1)))).toBe(true);
  expect(Buffer.from(one).equals(two)).toBe(false);
  expect(Buffer.from(one).equals(seed(1))).toBe(false);
});

function seed(which: number): Uint8Array {
  return createHash("sha256").update(`seed ${which}`).digest();
}
