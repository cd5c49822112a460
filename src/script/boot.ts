import type { Business } from "../call/business.ts";
import { loadApprovals, ScriptError } from "./approval.ts";
import { checkBusiness } from "./check-business.ts";
import { checkApproval, checkEffective, checkScript, type Finding, type Verbs } from "./check.ts";
import { loadScripts, versionsIn } from "./load.ts";
import type { Script } from "./script.ts";

export type Inspection = {
  readonly scripts: ReadonlyMap<string, Script>;
  readonly findings: readonly Finding[];
};

export type InspectOptions = {
  readonly folder: string;
  readonly businesses: readonly Business[];
  readonly verbs: Verbs;
  /** ISO 8601 date. */
  readonly today: string;
  /** Businesses that nobody has: with them every version is inspected, and a draft needs no approval yet. */
  readonly specimens?: readonly Business[];
};

/** The scripts, and everything that is wrong with them or with a business's use of them. */
export function inspectScripts(options: InspectOptions): Inspection {
  const { folder, businesses, verbs, today, specimens = [] } = options;
  const approvals = loadApprovals(folder);
  const inUse = new Set(businesses.map((business) => business.script));
  const published = inUse.union(new Set(Object.keys(approvals)));
  const scripts = loadScripts(folder, specimens.length === 0 ? published : versionsIn(folder));
  const findings = [...scripts.values()].flatMap((script) => [
    ...(published.has(script.version) ? checkApproval(script, approvals[script.version]) : []),
    // A version may be approved long before its day; only who speaks it has to wait.
    ...(inUse.has(script.version) ? checkEffective(script, approvals[script.version], today) : []),
    ...checkScript(script, verbs),
  ]);
  const gone = Object.keys(approvals)
    .filter((version) => !scripts.has(version))
    .map((version) => ({ place: `twiml/${version}`, message: "was approved and is gone: restore it" }));
  const used = [...businesses, ...specimens].flatMap((business) =>
    checkBusiness(scripts.get(business.script), business),
  );
  return { scripts, findings: [...findings, ...gone, ...used] };
}

/**
 * The scripts, fit to be spoken: all that were ever approved, so that a call that began with one ends with it.
 *
 * @throws {ScriptError} otherwise
 */
export function assertScripts(options: Omit<InspectOptions, "specimens">): Inspection["scripts"] {
  const { scripts, findings } = inspectScripts(options);
  if (findings.length > 0) {
    throw new ScriptError(findings.map(({ place, message }) => `${place}: ${message}`).join("\n"));
  }
  return scripts;
}
