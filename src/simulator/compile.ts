import { readAttributes, type AttributeReader } from "./attributes.ts";
import { problem, type Problem } from "./problem.ts";
import * as v from "./verbs.ts";
import { elementsOf, type XmlElement, type XmlNode } from "./xml.ts";

/** Turns the elements of a Response into verbs; what Twilio would ignore or replace is noted. */
export function compileVerbs(response: XmlElement, problems: Problem[]): v.Verb[] {
  noteStrayText(response, problems);
  noteUnknownAttributes(response, problems);
  return elementsOf(response.children).flatMap((element) => compileVerb(element, problems) ?? []);
}

function compileVerb(element: XmlElement, problems: Problem[]): v.Verb | undefined {
  noteUnknownAttributes(element, problems);
  const read = readAttributes(element, problems);
  switch (element.name) {
    case "Say":
    case "Play":
    case "Pause":
      return compilePrompt(element, read, problems, "top");
    case "Gather":
      return compileGather(element, read, problems);
    case "Redirect":
      return { verb: "Redirect", url: textOf(element).trim(), method: read.method(13_710) };
    case "Hangup":
      return { verb: "Hangup" };
    case "Reject":
      return { verb: "Reject", reason: read.oneOf("reason", ["rejected", "busy"], "rejected", 12_200) };
    case "Record":
      return compileRecord(read, problems);
    case "Dial":
      return compileDial(element, read);
    case "Start":
      return { verb: "Start" };
    case "Stop":
      return { verb: "Stop" };
    default:
      if (v.unplayedVerbs.has(element.name)) return { verb: "Unplayed", name: element.name };
      problems.push(problem(12_200, `<${element.name}> is not a verb; names are case-sensitive`));
      return undefined;
  }
}

type Place = "top" | "gather";

function compilePrompt(
  element: XmlElement,
  read: AttributeReader,
  problems: Problem[],
  place: Place,
): v.Prompt | undefined {
  if (element.name === "Say") return compileSay(element, read, problems, place);
  if (element.name === "Play") return compilePlay(element, read, problems);
  const seconds = read.whole("length", { fallback: 1, min: 1, max: 14_400, code: 13_910 });
  return { verb: "Pause", seconds };
}

/** loop="0" is for ever, which Twilio ends after 1,000 times. */
const maxLoop = 1_000;

function compileSay(
  element: XmlElement,
  read: AttributeReader,
  problems: Problem[],
  place: Place,
): v.Say | undefined {
  const text = textOf(element).replace(/\s+/gu, " ").trim();
  const voice = read.text("voice");
  const limit = sayLimit(voice);
  noteUnknownSsml(element, problems);
  if (text === "" && ssmlBreakSeconds(element) === 0) {
    problems.push(problem(13_520, "<Say> has nothing to say"));
    return undefined;
  }
  if (text.length > limit) {
    problems.push(problem(13_521, `<Say> has ${text.length} characters; its voice says at most ${limit}`));
    return undefined;
  }
  const code = place === "gather" ? 13_322 : 13_510;
  const loop = read.whole("loop", { fallback: 1, min: 0, max: maxLoop, code });
  return {
    verb: "Say",
    text,
    language: read.text("language") ?? "en-US",
    voice,
    times: loop === 0 ? maxLoop : loop,
    breakSeconds: ssmlBreakSeconds(element),
  };
}

/** twilio.com/docs/api/errors/13521 */
function sayLimit(voice: string | undefined): number {
  if (voice?.startsWith("Polly.")) return 3_000;
  return voice?.startsWith("Google.") ? 5_000 : 4_096;
}

function compilePlay(element: XmlElement, read: AttributeReader, problems: Problem[]): v.Play | undefined {
  const url = textOf(element).trim();
  const digits = read.text("digits");
  if (url === "" && digits === undefined) {
    problems.push(problem(13_420, "<Play> has neither a URL nor digits"));
    return undefined;
  }
  const loop = read.whole("loop", { fallback: 1, min: 0, max: maxLoop, code: 13_410 });
  return { verb: "Play", url, digits, times: loop === 0 ? maxLoop : loop };
}

function compileGather(element: XmlElement, read: AttributeReader, problems: Problem[]): v.Gather {
  noteStrayText(element, problems);
  const input = read.oneOf("input", ["dtmf", "speech", "dtmf speech", "speech dtmf"], "dtmf", 13_326);
  const hasNumDigits = read.text("numDigits") !== undefined;
  const numDigits = read.whole("numDigits", { fallback: 0, min: 1, max: 1_000, code: 13_314 });
  noteSpeechTimeout(read, problems);
  return {
    verb: "Gather",
    action: read.text("action"),
    method: read.method(13_312),
    timeoutSeconds: read.whole("timeout", { fallback: 5, min: 1, max: 14_400, code: 13_313 }),
    finishOnKey: gatherFinishOnKey(read, problems),
    numDigits: hasNumDigits && numDigits > 0 ? numDigits : undefined,
    hears: { keys: input.includes("dtmf"), speech: input.includes("speech") },
    actionOnEmptyResult: read.flag("actionOnEmptyResult", false, 12_200),
    language: read.text("language") ?? "en-US",
    prompts: elementsOf(element.children).flatMap((child) => compileNested(child, problems) ?? []),
  };
}

function compileNested(element: XmlElement, problems: Problem[]): v.Prompt | undefined {
  if (!v.promptNames.has(element.name)) {
    problems.push(problem(13_320, `<${element.name}> may not stand in <Gather>; only Say, Play and Pause`));
    return undefined;
  }
  noteUnknownAttributes(element, problems);
  return compilePrompt(element, readAttributes(element, problems), problems, "gather");
}

function gatherFinishOnKey(read: AttributeReader, problems: Problem[]): string {
  const value = read.text("finishOnKey") ?? "#";
  if (/^[0-9*#]?$/u.test(value)) return value;
  const code = Array.from(value).length > 1 ? 13_311 : 13_310;
  problems.push(problem(code, `<Gather> finishOnKey="${value}": must be one of 0-9 * # or empty`));
  return "#";
}

function noteSpeechTimeout(read: AttributeReader, problems: Problem[]): void {
  const value = read.text("speechTimeout");
  if (value === undefined || value === "auto" || /^[1-9]\d{0,4}$/u.test(value)) return;
  problems.push(
    problem(13_327, `<Gather> speechTimeout="${value}": must be a positive whole number or auto`),
  );
}

function compileRecord(read: AttributeReader, problems: Problem[]): v.RecordVerb {
  const keys = read.text("finishOnKey") ?? "1234567890*#";
  const keysAreValid = /^[0-9*#]*$/u.test(keys);
  if (!keysAreValid) problems.push(problem(13_613, `<Record> finishOnKey="${keys}": only 0-9 * #`));
  return {
    verb: "Record",
    action: read.text("action"),
    method: read.method(13_610),
    timeoutSeconds: read.whole("timeout", { fallback: 5, min: 1, max: 14_400, code: 13_611 }),
    finishOnKey: keysAreValid ? keys : "1234567890*#",
    maxLengthSeconds: read.whole("maxLength", { fallback: 3_600, min: 1, max: 14_400, code: 13_612 }),
    playBeep: read.flag("playBeep", true, 13_616),
  };
}

function compileDial(element: XmlElement, read: AttributeReader): v.Dial {
  return {
    verb: "Dial",
    action: read.text("action"),
    method: read.method(12_200),
    timeoutSeconds: read.whole("timeout", { fallback: 30, min: 1, max: 600, code: 12_200 }),
    timeLimitSeconds: read.whole("timeLimit", { fallback: 14_400, min: 1, max: 14_400, code: 12_200 }),
    to: textOf(element).trim(),
  };
}

function textOf(element: XmlElement): string {
  return element.children.map((node) => (typeof node === "string" ? node : spokenText(node))).join("");
}

/** A `<sub alias>` is spoken as its alias; a paragraph or sentence stands apart from its neighbours. */
function spokenText(element: XmlElement): string {
  if (element.name === "sub") return element.attributes.get("alias") ?? textOf(element);
  const apart = element.name === "p" || element.name === "s" || element.name === "break" ? " " : "";
  return apart + textOf(element) + apart;
}

const maxBreakSeconds = 10;

function ssmlBreakSeconds(element: XmlElement): number {
  const own = element.name === "break" ? breakSeconds(element.attributes.get("time")) : 0;
  return elementsOf(element.children).reduce((sum, child) => sum + ssmlBreakSeconds(child), own);
}

function breakSeconds(time: string | undefined): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/u.exec(time ?? "") ?? [];
  if (number === undefined) return 0.5;
  return Math.min(maxBreakSeconds, Number(number) / (unit === "ms" ? 1_000 : 1));
}

function noteUnknownAttributes(element: XmlElement, problems: Problem[]): void {
  const allowed = v.attributesOf[element.name];
  if (allowed === undefined) return;
  for (const name of element.attributes.keys()) {
    if (allowed.includes(name) || name === "xmlns" || name.startsWith("xmlns:")) continue;
    if (element.name === "Response" && name.startsWith("xsi:")) continue;
    problems.push(problem(12_200, `<${element.name}> has no attribute ${name}`));
  }
}

function noteUnknownSsml(element: XmlElement, problems: Problem[]): void {
  for (const child of elementsOf(element.children)) {
    if (!v.ssmlElements.has(child.name))
      problems.push(problem(12_200, `<${child.name}> may not stand in <Say>`));
    noteUnknownSsml(child, problems);
  }
}

function noteStrayText(element: XmlElement, problems: Problem[]): void {
  const stray = element.children.find((node: XmlNode) => typeof node === "string" && node.trim() !== "");
  if (stray !== undefined) problems.push(problem(12_200, `text directly in <${element.name}> is ignored`));
}
