import type { Business } from "../call/business.ts";
import { loadApprovals, ScriptError } from "./approval.ts";
import { checkBusiness, checkScript, type Finding, type Verbs } from "./check.ts";
import { loadScripts } from "./load.ts";
import type { Script } from "./script.ts";

/** What there is of scripts, and everything that is wrong with them or with a business's use of them. */
export function inspectScripts(
  folder: string,
  businesses: readonly Business[],
  verbs: Verbs,
  today: string,
): { readonly scripts: ReadonlyMap<string, Script>; readonly findings: readonly Finding[] } {
  const approvals = loadApprovals(folder);
  const scripts = loadScripts(folder);
  const findings = [
    ...[...scripts.values()].flatMap((script) =>
      checkScript(script, approvals[script.version], verbs, today),
    ),
    ...Object.keys(approvals)
      .filter((version) => !scripts.has(version))
      .map((version) => ({ place: `twiml/${version}`, message: "was approved and is gone: restore it" })),
    ...businesses.flatMap((business) => checkBusiness(scripts.get(business.script), business)),
  ];
  return { scripts, findings };
}

/** The scripts, fit to be spoken. @throws {ScriptError} otherwise */
export function assertScripts(
  folder: string,
  businesses: readonly Business[],
  verbs: Verbs,
  today: string,
): ReadonlyMap<string, Script> {
  const { scripts, findings } = inspectScripts(folder, businesses, verbs, today);
  if (findings.length > 0)
    throw new ScriptError(findings.map(({ place, message }) => `${place}: ${message}`).join("\n"));
  return scripts;
}
