import type { StepResult } from "./actor.ts";
import type { ScenarioResult } from "./run.ts";
import { escapeXml } from "./twiml.ts";

export { describeEvent, reportHtml } from "./report-html.ts";

/** For a person at a terminal. */
export function reportPretty(results: readonly ScenarioResult[]): string {
  const failed = results.filter((result) => !result.ok).length;
  const total = `${results.length} ${results.length === 1 ? "scenario" : "scenarios"}`;
  const verdict = failed === 0 ? `${total} passed` : `${failed} of ${total} failed`;
  return [...results.map(prettyResult), "", `${verdict} in ${seconds(durationOf(results))} s`, ""].join("\n");
}

function prettyResult(result: ScenarioResult): string {
  const { ok, name, durationMs, callMs, callSid, messages } = result;
  const written = messages.length === 1 ? "1 message" : `${messages.length} messages`;
  const what = [
    ...(callSid === null ? [] : [`a call of ${seconds(callMs)} s`]),
    ...(callSid === null || messages.length > 0 ? [written] : []),
  ];
  const times = `(${what.join(" and ")}, played in ${Math.round(durationMs)} ms)`;
  return [`${ok ? "✓" : "✗"} ${name} ${times}`, ...explain(result).map((line) => `    ${line}`)].join("\n");
}

/** Everything that is wrong, each with its place in the file. */
export function explain(result: ScenarioResult): string[] {
  const lines = result.steps
    .filter((step) => step.status === "failed")
    .flatMap((step) => explainStep(result, step));
  if (result.interrupted !== undefined) lines.push(`${result.file}:${result.line}: ${result.interrupted}`);
  const skipped = result.steps.filter((step) => step.status === "skipped").length;
  if (skipped > 0) lines.push(`${skipped} ${skipped === 1 ? "step" : "steps"} not reached`);
  return lines;
}

function explainStep(result: ScenarioResult, step: StepResult): string[] {
  return [
    `${result.file}:${step.line}: ${step.step}`,
    ...(step.message === undefined ? [] : [`  ${step.message}`]),
    ...(step.expected === undefined ? [] : [`  expected: ${step.expected}`]),
    ...(step.heard === undefined ? [] : [`  heard:    ${step.heard}`]),
  ];
}

/** One document: `{ ok, total, failed, durationMs, results }`. */
export function reportJson(results: readonly ScenarioResult[]): string {
  const failed = results.filter((result) => !result.ok).length;
  const summary = { ok: failed === 0, total: results.length, failed, durationMs: durationOf(results) };
  return `${JSON.stringify({ ...summary, results }, null, 2)}\n`;
}

/** One line for each scenario. */
export function reportNdjson(results: readonly ScenarioResult[]): string {
  return results.map((result) => `${JSON.stringify(result)}\n`).join("");
}

/** JUnit's XML: a suite for each file, a case for each scenario. */
export function reportJunit(results: readonly ScenarioResult[]): string {
  const files = Map.groupBy(results, (result) => result.file);
  const suites = [...files].map(([file, cases]) =>
    element("testsuite", { name: file, ...counts(cases) }, `\n${cases.map(junitCase).join("")}  `),
  );
  const all = { name: "call run", ...counts(results) };
  const body = suites.map((suite) => `  ${suite}\n`).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element("testsuites", all, `\n${body}`)}\n`;
}

function junitCase(result: ScenarioResult): string {
  const attributes = {
    name: result.name,
    classname: result.file,
    file: result.file,
    line: String(result.line),
    time: seconds(result.durationMs),
  };
  if (result.ok) return `    ${element("testcase", attributes, "")}\n`;
  const [first = "failed", ...rest] = explain(result);
  const failure = element("failure", { message: first }, escapeXml([first, ...rest].join("\n")));
  return `    ${element("testcase", attributes, failure)}\n`;
}

function counts(results: readonly ScenarioResult[]): Record<string, string> {
  return {
    tests: String(results.length),
    failures: String(results.filter((result) => !result.ok).length),
    errors: "0",
    time: seconds(durationOf(results)),
  };
}

function element(name: string, attributes: Readonly<Record<string, string>>, content: string): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${written.join("")}>${content}</${name}>`;
}

function durationOf(results: readonly ScenarioResult[]): number {
  return results.reduce((sum, result) => sum + result.durationMs, 0);
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(ms < 10_000 ? 2 : 1);
}
