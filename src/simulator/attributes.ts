import { problem, type Problem, type ProblemCode } from "./problem.ts";
import type { Method } from "./verbs.ts";
import type { XmlElement } from "./xml.ts";

/** Reads one element's attributes; an invalid value is noted and replaced by the default, as Twilio does. */
export type AttributeReader = {
  text(name: string): string | undefined;
  whole(name: string, rule: { fallback: number; min: number; max: number; code: ProblemCode }): number;
  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T, code: ProblemCode): T;
  method(code: ProblemCode): Method;
  flag(name: string, fallback: boolean, code: ProblemCode): boolean;
};

export function readAttributes(element: XmlElement, problems: Problem[]): AttributeReader {
  const note = (name: string, value: string, rule: string, code: ProblemCode): void => {
    problems.push(problem(code, `<${element.name}> ${name}="${clip(value)}": ${rule}`));
  };
  const oneOf = <T extends string>(
    name: string,
    allowed: readonly T[],
    fallback: T,
    code: ProblemCode,
  ): T => {
    const value = element.attributes.get(name);
    if (value === undefined) return fallback;
    const known = allowed.find((candidate) => candidate === value);
    if (known === undefined) note(name, value, `must be ${allowed.join(" or ")}`, code);
    return known ?? fallback;
  };
  return {
    text: (name) => element.attributes.get(name),
    whole(name, { fallback, min, max, code }) {
      const value = element.attributes.get(name);
      if (value === undefined) return fallback;
      const number = /^\d{1,9}$/u.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      note(name, value, `must be a whole number from ${min} to ${max}`, code);
      return fallback;
    },
    oneOf,
    method: (code) => oneOf<Method>("method", ["POST", "GET"], "POST", code),
    flag: (name, fallback, code) =>
      oneOf(name, ["true", "false"], fallback ? "true" : "false", code) === "true",
  };
}

export function clip(text: string, limit = 60): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
