import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** What was approved of a version: its digest, from when on it may be used, and by whom. */
export type Approval = z.infer<typeof approval>;

const approval = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{64}$/, "not a SHA-256 in hex"),
  effective: z.iso.date(),
  approver: z.string().min(1),
});

/** The approvals by version. @throws naming the file and the field */
export function loadApprovals(folder: string): Readonly<Record<string, Approval>> {
  const file = join(folder, "approved.json");
  const parsed = z.record(z.string(), approval).safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
