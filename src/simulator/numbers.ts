import { between, type Random } from "./random.ts";

/** By name: numbers whose `?` have become digits. What is no pattern is left to the format's own checks. */
export function freshNumbers(scenario: unknown, random: Random): ReadonlyMap<string, string> {
  if (!isObject(scenario) || !isObject(scenario["numbers"])) return new Map();
  return new Map(
    Object.entries(scenario["numbers"]).flatMap(([name, pattern]) =>
      typeof pattern === "string"
        ? [[name, pattern.replaceAll("?", () => String(between(random, 0, 9)))] as const]
        : [],
    ),
  );
}

/** The same, with `{name}` and `{name.digits}` in every text replaced. */
export function filledWith(numbers: ReadonlyMap<string, string>, value: unknown): unknown {
  if (numbers.size === 0) return value;
  if (typeof value === "string") {
    return value.replaceAll(/\{([a-z]\w*)(\.digits)?\}/gu, (slot, name: string, digits?: string) => {
      const number = numbers.get(name);
      return (digits === undefined ? number : number?.slice(1)) ?? slot;
    });
  }
  if (Array.isArray(value)) return value.map((each) => filledWith(numbers, each));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filledWith(numbers, each)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
