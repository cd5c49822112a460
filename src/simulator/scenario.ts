import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter } from "yaml";
import type { Document } from "yaml";
import type { z } from "zod";
import { messageStepOf, type MessageStepKind } from "./message-schema.ts";
import { filledWith, freshNumbers } from "./numbers.ts";
import { systemRandom, type Random } from "./random.ts";
import * as s from "./schema.ts";
import { readYaml } from "./yaml.ts";

/** A call that somebody plays, the messages that follow it, and what must come of them. */
export type Scenario = {
  name: string;
  file: string;
  /** Where it begins in the file, from 1. */
  line: number;
  /** Null: everything is written. */
  call: s.ScenarioCall | null;
  steps: Step[];
  /** Who writes to whom; `to` null: whoever of the line wrote last. */
  whatsapp: { from: string; to: string | null };
  messages: MessageStep[];
  expect: s.Expectations & { line: number };
};

/** What the caller, or the network, does next; `text` is the step as one line, for reports. */
export type Step = { line: number; text: string } & StepKind;

export type StepKind =
  | { kind: "hear"; rule: s.HearRule }
  | { kind: "silence"; times: number }
  | { kind: "press"; rule: s.PressRule }
  | { kind: "speak"; words: string; afterMs: number; confidence: number | undefined }
  | { kind: "wait"; ms: number }
  | { kind: "hangup"; by: "by-caller" | "by-service"; afterMs: number }
  | { kind: "repeatLastWebhook"; times: number; together: boolean; sameAnswer: boolean }
  | { kind: "dropConnection"; times: number }
  | { kind: "network"; delayMs: number | undefined; copies: number | undefined }
  | { kind: "replay"; webhook: number | "all"; sameAnswer: boolean };

/** What somebody writes, or what must arrive. */
export type MessageStep = { line: number; text: string } & MessageStepKind;

export type ScenarioProblem = { file: string; line: number; column: number; field: string; message: string };

/** So many are told; whoever has mended them is told the others. */
const MAX_PROBLEMS = 100;
const MAX_FAULT = 500;

/**
 * Reads a YAML file of scenarios, one for each document (`---`). What is wrong is named with file, line
 * and field; a scenario with a problem is left out.
 *
 * @param random for the digits of numbers that are new each time
 */
export function parseScenarios(
  text: string,
  fileName: string,
  random: Random = systemRandom,
): { scenarios: Scenario[]; problems: ScenarioProblem[] } {
  const lines = new LineCounter();
  const scenarios: Scenario[] = [];
  const problems: ScenarioProblem[] = [];
  const faults = readYaml(text, lines, (document, given) => {
    const place = (path: Path): Place => placeOf(document, path, lines);
    const parsed = s.scenarioSchema.safeParse(filledWith(freshNumbers(given, random), given));
    if (parsed.success) {
      const written = (path: Path): string => sourceOf(document, path, text);
      scenarios.push(toScenario(parsed.data, fileName, place, written));
      return;
    }
    const issues = parsed.error.issues.slice(0, MAX_PROBLEMS);
    problems.push(...issues.flatMap((issue) => describe(issue, [], fileName, place)));
  });
  for (const { offset, message } of faults.slice(0, MAX_PROBLEMS))
    problems.push({ file: fileName, ...placeAt(offset, lines), field: "", message });
  if (scenarios.length === 0 && problems.length === 0) {
    problems.push({ file: fileName, line: 1, column: 1, field: "", message: "the file holds no scenario" });
  }
  return { scenarios, problems: problems.slice(0, MAX_PROBLEMS) };
}

/** One line, whatever the file holds: a terminal takes no orders from it. */
export function formatScenarioProblem({ file, line, column, field, message }: ScenarioProblem): string {
  const fault = `${field === "" ? "" : `${field}: `}${message}`;
  return `${file}:${line}:${column}: ${fault.replaceAll(/\p{Cc}+/gu, " ").slice(0, MAX_FAULT)}`;
}

type Path = readonly PropertyKey[];
type Place = { line: number; column: number };

function toScenario(
  parsed: s.ParsedScenario,
  file: string,
  place: (path: Path) => Place,
  written: (path: Path) => string,
): Scenario {
  const stands = (list: string, index: number) => {
    const { line } = place([list, index]);
    return { line, text: written([list, index]) };
  };
  const { call = null, whatsapp } = parsed;
  const person = call === null ? "" : personIn(call);
  return {
    name: parsed.name,
    file,
    line: place(["name"]).line,
    call,
    steps: (parsed.steps ?? []).map((step, index) => ({ ...stands("steps", index), ...kindOf(step) })),
    whatsapp: { from: whatsapp.from ?? person, to: whatsapp.to ?? null },
    messages: parsed.messages.map((step, index) => ({
      ...stands("messages", index),
      ...messageStepOf(step),
    })),
    expect: { ...parsed.expect, line: place(["expect"]).line },
  };
}

/** Who is at the other end of the line's own number. */
export function personIn({ direction, from, to }: Pick<s.ScenarioCall, "direction" | "from" | "to">): string {
  return direction === "inbound" ? from : to;
}

/** A step as it stands in the file, on one line. */
function sourceOf(document: Document, path: Path, text: string): string {
  const node = document.getIn(path, true);
  const [start, end] = isNode(node) && node.range ? node.range : [0, 0];
  return text.slice(start, end).replace(/\s+/gu, " ").trim();
}

function kindOf(step: s.ParsedStep): StepKind {
  const { hear, press, speak, wait, hangup, network } = step;
  if (hear !== undefined) return { kind: "hear", rule: typeof hear === "string" ? s.hearing(hear) : hear };
  if (press !== undefined)
    return { kind: "press", rule: typeof press === "string" ? s.pressing(press) : press };
  if (speak !== undefined) {
    const said = typeof speak === "string" ? { text: speak } : speak;
    return { kind: "speak", words: said.text, afterMs: said.after ?? 0, confidence: said.confidence };
  }
  if (wait !== undefined) return { kind: "wait", ms: wait };
  if (hangup !== undefined) {
    const end = typeof hangup === "string" ? { by: hangup } : hangup;
    return { kind: "hangup", by: end.by, afterMs: end.after ?? 0 };
  }
  if (network !== undefined) return { kind: "network", delayMs: network.delay, copies: network.copies };
  if (step.silence !== undefined) return { kind: "silence", times: 1, ...step.silence };
  if (step.dropConnection !== undefined) return { kind: "dropConnection", times: 1, ...step.dropConnection };
  if (step.repeatLastWebhook !== undefined) {
    return {
      kind: "repeatLastWebhook",
      times: 1,
      together: false,
      sameAnswer: true,
      ...step.repeatLastWebhook,
    };
  }
  return { kind: "replay", webhook: "all", sameAnswer: true, ...step.replay };
}

/** One issue may be several problems: each unknown field is one, and a union shows its nearest branch. */
function describe(
  issue: z.core.$ZodIssue,
  above: Path,
  file: string,
  place: (path: Path) => Place,
): ScenarioProblem[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, MAX_PROBLEMS).map((key) => at(file, [...path, key], place, "unknown field"));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const nearest = nearestBranch(issue.errors);
    if (nearest !== undefined) return nearest.flatMap((inner) => describe(inner, path, file, place));
  }
  return [at(file, path, place, issue.message)];
}

/** The branch whose type was right and whose content was wrong. */
function nearestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const rightType = branches.filter(
    (issues) => !issues.some((found) => found.path.length === 0 && found.code === "invalid_type"),
  );
  return rightType.length === 1 ? rightType[0] : undefined;
}

function at(file: string, path: Path, place: (path: Path) => Place, message: string): ScenarioProblem {
  return { file, ...place(path), field: fieldName(path), message };
}

/** Such as `steps[2].press.keys`. */
function fieldName(path: Path): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`))
    .join("");
}

/** Where a field stands in the file; when it is missing, where the thing it is missing from begins. */
function placeOf(document: Document, path: Path, lines: LineCounter): Place {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
      if (pair === undefined) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === "number") {
      node = node.items[key];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return placeAt(offset, lines);
}

function placeAt(offset: number, lines: LineCounter): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
