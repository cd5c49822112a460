import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { consistencyProof, inclusionProof } from "../../src/proof/tree.ts";
import { audited } from "./auditors.ts";
import { agreements, sealerOn } from "./sealing.ts";

const ENTRIES = 10_000;
const VERIFIER = fileURLToPath(new URL("verify.py", import.meta.url));

let line: Awaited<ReturnType<typeof audited>>;
let files: { exported: string; checkpoints: string; proofs: string };

beforeAll(async () => {
  line = await audited([]);
  const { proof, rows } = line.memory;
  // The rows need to be there, not to survive a power cut.
  line.memory.connection.client.pragma("synchronous = OFF");
  const { seal } = sealerOn(proof, { signers: line.signers });
  await agreements(line.memory, ENTRIES);
  while ((await seal()) > 0);

  const inclusion = await Promise.all(
    Array.from({ length: 100 }, async (_, at) => {
      const size = at < 50 ? ENTRIES : 200 + at * 89;
      const index = (at * 7_919) % size;
      return { index, size, proof: (await inclusionProof(proof.hashes, index, size)).map(base64) };
    }),
  );
  const consistency = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const [first, second] = [1 + at * 311, at < 10 ? ENTRIES : 6_500 + at * 13];
      return { first, second, proof: (await consistencyProof(proof.hashes, first, second)).map(base64) };
    }),
  );
  files = {
    exported: await line.exported(),
    checkpoints: line.keep(
      "all.txt",
      rows("checkpoint")
        .map(({ note }) => `${String(note)}\n`)
        .join(""),
    ),
    proofs: line.keep("proofs.json", JSON.stringify({ inclusion, consistency })),
  };
}, 120_000);
afterAll(() => line.close());

function base64(hash: Uint8Array): string {
  return Buffer.from(hash).toString("base64");
}

/** The verifier that shares nothing with ours. */
function python(over: Partial<typeof files> = {}) {
  const { exported, checkpoints, proofs } = { ...files, ...over };
  const { error, status, stdout, stderr } = spawnSync(
    "python3",
    [VERIFIER, exported, checkpoints, line.files.publicKey, proofs],
    { encoding: "utf8" },
  );
  if (error !== undefined) throw new Error("These tests need python3.", { cause: error });
  return { status, out: stdout, err: stderr };
}

describe("a verifier in another language, from the RFCs alone,", () => {
  it("agrees on the root, on every signature and its time, on 100 inclusion and 20 consistency proofs of 10,000 entries", async () => {
    const ours = await line.ledger(
      "verify",
      "--export",
      files.exported,
      "--checkpoint",
      files.checkpoints,
      "--public-key",
      line.files.publicKey,
      "--json",
    );
    expect(ours.code).toBe(0);
    const { root, checkpoints } = JSON.parse(ours.out) as { root: string; checkpoints: number };
    const { out, err } = python();
    const times = line.memory.rows("checkpoint").map(({ at }) => Number(at) / 1000);
    expect([err, JSON.parse(out)]).toEqual([
      "",
      { entries: ENTRIES, root, checkpoints, times, inclusion: 100, consistency: 20, words: ENTRIES },
    ]);
    expect([line.memory.count("log_leaf"), line.memory.count("checkpoint")]).toEqual([ENTRIES, checkpoints]);
  });

  it("refuses what was changed: an entry, a signature, a proof", async () => {
    const text = readFileSync(files.exported, "utf8");
    const at = text.indexOf('"jurisdiction":"US"', text.indexOf('"leaf":', text.length / 2));
    const entry = `${text.slice(0, at)}"jurisdiction":"GB"${text.slice(at + 19)}`;
    expect(python({ exported: line.keep("changed.ndjson", entry) })).toMatchObject({
      status: 1,
      err: expect.stringMatching(/does not hold: root of/),
    });
    const changed = ["--export", line.at("changed.ndjson"), "--checkpoint", files.checkpoints];
    const ours = await line.ledger("verify", ...changed, "--public-key", line.files.publicKey);
    const number = text.slice(0, at).split("\n").length;
    expect([ours.code, ours.out]).toEqual([
      1,
      expect.stringContaining(`jurisdiction is not what the leaf says (line ${number}).`),
    ]);
    const notes = readFileSync(files.checkpoints, "utf8").replace("\n10000\n", "\n9999\n");
    expect(python({ checkpoints: line.keep("changed.txt", notes) }).err).toContain("signature 9999");
    const notesOfAll = line.memory.rows("checkpoint").map(({ note }) => String(note));
    const [body, lines = ""] = (notesOfAll.at(-1) ?? "").split("\n\n");
    const other = notesOfAll.at(-2) ?? "";
    const dated = `${body}\n\n${lines.split("\n")[0]}\n${other.split("\n").at(-2)}\n`;
    expect(python({ checkpoints: line.keep("dated.txt", dated) }).err).toContain("time of 10000");
    const proofs = readFileSync(files.proofs, "utf8").replace('"index":0', '"index":1');
    expect(python({ proofs: line.keep("changed.json", proofs) }).status).toBe(1);
  });
});
