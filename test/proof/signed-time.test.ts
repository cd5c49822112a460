import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCheckpoint, signCheckpoint } from "../../src/proof/checkpoint.ts";
import { openNote, parseVerifier, signNote, verifierAmong } from "../../src/proof/note.ts";
import { openMemory, type Memory } from "../support/memory.ts";
import { clinic } from "../call/clinic.ts";
import { auditOf, byHand, faultsOf } from "./auditing.ts";
import { agreements, KEY, NAME, NEXT_KEY, sealerOn } from "./sealing.ts";

/** A checkpoint of a public log, as its witnesses have signed it on 2026-05-23, and the keys of the log and of one of them. */
const PUBLISHED = {
  log: "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f",
  witness: "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
  note: `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
`,
};
const KEYS = [parseVerifier(PUBLISHED.log), parseVerifier(PUBLISHED.witness)];

describe("the time of a checkpoint that others have published", () => {
  it("is read under the signature of the witness who says it", () => {
    expect(openNote(PUBLISHED.note, KEYS)).toMatchObject({
      kind: "signed",
      by: [{ text: PUBLISHED.log }],
      times: [{ name: "remora.n621.de", at: 0x6a122120 }],
    });
  });

  it("is not believed once one bit of the time is another, nor where a witness alone has signed", () => {
    const earlier = PUBLISHED.note.replace("2net5wAAAABqEiEg", "2net5wAAAABqEiEh");
    expect(openNote(earlier, KEYS)).toEqual({
      kind: "refused",
      reason: "The signature of remora.n621.de does not hold.",
    });
    expect(openNote(PUBLISHED.note, KEYS.slice(1))).toMatchObject({ kind: "refused" });
  });
});

const CHECKPOINT = { origin: NAME, size: 5, root: Buffer.alloc(32, 9) };
const NOON = Date.parse("2026-11-23T12:00:00.750Z");

describe("the line's own checkpoint", () => {
  it("says to the second when it was signed, to whoever knows the line's key", () => {
    const opened = openCheckpoint(signCheckpoint(CHECKPOINT, [KEY, NEXT_KEY], NOON), [KEY.verifier]);
    expect(opened).toMatchObject({ kind: "signed", at: NOON - 750, by: [{ id: KEY.verifier.id }] });
    const timeless = openCheckpoint(signCheckpoint(CHECKPOINT, [KEY]), [KEY.verifier]);
    expect(timeless).toMatchObject({ kind: "signed", at: null });
  });

  it("has a time that cannot be taken from another checkpoint", () => {
    const [text, lines = ""] = signCheckpoint(CHECKPOINT, [KEY], NOON).split("\n\n");
    const other = signCheckpoint({ ...CHECKPOINT, size: 6 }, [KEY], NOON + 60_000).split("\n\n")[1] ?? "";
    const [plain] = lines.split("\n");
    const mixed = `${text}\n\n${plain}\n${other.split("\n")[1]}\n`;
    expect(openCheckpoint(mixed, [KEY.verifier])).toMatchObject({ kind: "refused" });
  });

  it("is not signed by a time alone: that says what was seen, and not that it is the log", () => {
    const [text, lines = ""] = signNote("x\n", [KEY], 5).split("\n\n");
    const timed = `${text}\n\n${lines.split("\n")[1]}\n`;
    expect(openNote(timed, [KEY.verifier])).toMatchObject({ reason: "No key that is known has signed." });
  });
});

describe("a memory that is verified", () => {
  let memory: Memory;
  beforeEach(() => {
    memory = openMemory({ businesses: [clinic()] });
  });
  afterEach(() => memory.close());

  async function sealed(signers: readonly [typeof KEY, ...(typeof KEY)[]], batches = 1): Promise<void> {
    const sealer = sealerOn(memory.proof, { signers, now: () => NOON });
    for (let batch = 0; batch < batches; batch++) {
      await agreements(memory, 1);
      await sealer.seal();
    }
  }

  it("has the times of its checkpoints as they were signed", async () => {
    await sealed([KEY], 2);
    const report = await byHand(
      memory,
      () => memory.connection.client.exec("UPDATE checkpoint SET at = at - 3600000 WHERE seq = 2"),
      () => auditOf(memory),
    );
    expect(faultsOf(report)).toEqual([
      `checkpoint 2: its time is ${NOON - 750 - 3_600_000}; what was signed is ${NOON - 750}.`,
    ]);
  });

  it("knows what a key has signed that signs no more, and without it says once what to do", async () => {
    await sealed([KEY], 3);
    await sealed([NEXT_KEY], 2);
    const after = { verifiers: [NEXT_KEY.verifier, KEY.verifier] };
    expect((await auditOf(memory, after)).faults).toEqual([]);
    const report = await auditOf(memory, { verifiers: [NEXT_KEY.verifier] });
    expect(faultsOf(report)).toEqual([
      expect.stringMatching(
        new RegExp(`^checkpoint 1: nobody knows the key ${NAME}\\+${KEY.verifier.id} .*YESLINE_LOG_OLD_KEYS`),
      ),
    ]);
  });

  it("is the same log under its key where it was renamed", async () => {
    await sealed([KEY], 2);
    const renamed = { verifiers: [KEY.verifier.named("other.example/yesline")] };
    expect((await auditOf(memory, renamed)).faults).toEqual([]);
    expect(verifierAmong(renamed.verifiers, KEY.verifier)).toBeNull();
  });

  it("has the signatures of the newest checkpoints checked, and in some rounds those of all the others", async () => {
    await sealed([KEY], 9);
    const forge = () =>
      memory.connection.client.exec(
        `UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE seq = 9) WHERE seq = 9;
         UPDATE checkpoint SET note = replace(note, substr(note, -20, 8), 'AAAAAAAA') WHERE seq IN (3, 9)`,
      );
    const found: string[][] = [];
    for (const round of [0, 1, 2, 3, 4]) {
      const signatures = { newest: 2, older: 2, round };
      const report = await byHand(memory, forge, () => auditOf(memory, { signatures }));
      expect(report.signatures).toBe(4);
      found.push(report.faults.map(({ id }) => id));
    }
    // Ten checkpoints: 9 and 10 each time, 3 in the second round of four.
    expect(found).toEqual([["9"], ["3", "9"], ["9"], ["9"], ["9"]]);
    expect((await byHand(memory, forge, () => auditOf(memory))).faults).toHaveLength(2);
  });
});
