import type { ConsoleContext } from "./parts.ts";

/** What a form sent, as trimmed text; longer than `max` is cut. Control characters are no one's intention. */
export async function readForm(c: ConsoleContext) {
  const body = await c.req.parseBody({ all: true });
  const texts = (name: string): readonly string[] => {
    const value = body[name];
    const all = Array.isArray(value) ? value : [value];
    return all.filter((each) => typeof each === "string");
  };
  return {
    text: (name: string, max: number) => tidy(texts(name)[0] ?? "").slice(0, max),
    /** With its lines and spaces as they are: a password. */
    verbatim: (name: string) => texts(name)[0] ?? "",
    all: (name: string) => texts(name).map(tidy),
  };
}

/** One line of plain text: CR, LF, ESC and the like become spaces. */
export function tidy(text: string): string {
  return text
    .normalize("NFC")
    .replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, " ")
    .trim();
}

/** As `tidy`, but lines stay lines. */
export function tidyLines(text: string): string {
  return text
    .split(/\r\n?|\n/)
    .map(tidy)
    .join("\n")
    .trim();
}
