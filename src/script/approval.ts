import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** Words that must not go on the line; the message has a line for each finding. */
export class ScriptError extends Error {}

/** What was approved of a version: its digest, from when on it may be used, and by whom. */
export type Approval = z.infer<typeof approval>;

const approval = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{64}$/, "not a SHA-256 in hex"),
  effective: z.iso.date(),
  approver: z.string().min(1),
});

/** The approvals by version. @throws {ScriptError} naming the file and the field */
export function loadApprovals(folder: string): Readonly<Record<string, Approval>> {
  const file = join(folder, "approved.json");
  const parsed = z.record(z.string(), approval).safeParse(readWith(file, JSON.parse));
  if (!parsed.success) throw new ScriptError(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** A file's content as `parse` understands it. @throws {ScriptError} naming the file */
export function readWith(file: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ScriptError(`${file}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Adds an approval. @throws {ScriptError} for a version that is approved already: a published script never changes */
export function approve(folder: string, version: string, given: Approval): void {
  const approvals = loadApprovals(folder);
  const earlier = approvals[version];
  if (earlier !== undefined) {
    throw new ScriptError(
      `${version} was approved by ${earlier.approver}; a published script never changes: copy it to a new version.`,
    );
  }
  const parsed = approval.safeParse(given);
  if (!parsed.success) throw new ScriptError(z.prettifyError(parsed.error));
  const file = join(folder, "approved.json");
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...approvals, [version]: parsed.data }, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
