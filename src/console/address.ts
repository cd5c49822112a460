import { z } from "zod";
import { tidy } from "./form.ts";

/** One name that an address may carry: how it is called on the page, what it takes, and how to put it right. */
export type Field<T extends z.ZodType = z.ZodType> = {
  readonly label: string;
  readonly takes: T;
  readonly fix: string;
};
export type Fields = Readonly<Record<string, Field>>;

/** What the address says, as far as it can be read. */
export type Asked<F extends Fields> = {
  readonly [Name in keyof F]?: z.output<F[Name]["takes"]> | undefined;
};

/** What cannot be read. Nothing is listed, exported or followed then: a list that is wider than asked would mislead. */
export type Mistake = {
  readonly name: string;
  readonly label: string;
  readonly typed: string;
  readonly fix: string;
};

/** No value of ours is longer; more of it need not be shown. */
const MAX_SHOWN = 80;
/** So many names are read, and mistakes told; nobody types more. */
const MAX_NAMES = 40;

/** A form sends what was left empty as well: that is not set. `beside` are names that belong to others. */
export function readAddress<F extends Fields>(
  fields: F,
  typed: Readonly<Record<string, string>>,
  beside: readonly string[] = [],
): { readonly asked: Asked<F>; readonly mistakes: readonly Mistake[] } {
  const asked: Record<string, unknown> = {};
  const mistakes: Mistake[] = [];
  for (const [name, raw] of Object.entries(typed).slice(0, MAX_NAMES)) {
    const value = tidy(raw);
    if (value === "" || beside.includes(name)) continue;
    const shown = value.slice(0, MAX_SHOWN);
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) {
      const label = tidy(name).slice(0, MAX_SHOWN);
      mistakes.push({
        name,
        label,
        typed: shown,
        fix: "There is no such filter: take it out of the address.",
      });
      continue;
    }
    const read = field.takes.safeParse(value);
    if (read.success) asked[name] = read.data;
    else mistakes.push({ name, label: field.label, typed: shown, fix: field.fix });
  }
  const { since, until } = asked;
  if (typeof since === "string" && typeof until === "string" && since > until) {
    const fix = `It is before the first day, ${since}: exchange the two.`;
    mistakes.push({ name: "until", label: DAYS.until.label, typed: until, fix });
    delete asked["until"];
  }
  return { asked: asked as Asked<F>, mistakes };
}

/** A longer address is none of ours: every field at its longest stays below. */
export const MAX_ADDRESS = 1_500;

/** The same from what a form of ours carries along. */
export function readCarried<F extends Fields>(
  fields: F,
  address: string,
  beside: readonly string[] = [],
): ReturnType<typeof readAddress<F>> {
  if (address.length <= MAX_ADDRESS)
    return readAddress(fields, Object.fromEntries(new URLSearchParams(address)), beside);
  const fix = `It has over ${MAX_ADDRESS} characters: set fewer filters.`;
  return { asked: {}, mistakes: [{ name: "query", label: "Address", typed: address.slice(0, 40), fix }] };
}

/** The query of an address, in the order of its fields, without what is not set. */
export function writeAddress<F extends Fields>(fields: F, asked: Asked<F>): string {
  const set = Object.keys(fields).flatMap((name): [string, string][] => {
    const value: unknown = asked[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  return new URLSearchParams(set).toString();
}

/** In one line, for who reads no pages. */
export function mistakesInWords(mistakes: readonly Mistake[]): string {
  return mistakes.map(({ label, typed, fix }) => `${label} “${typed}”: ${fix}`).join(" ");
}

/** What a day has to look like; the page's own field sends it so. */
export const DAYS = {
  since: { label: "From", takes: z.iso.date(), fix: "Write the day as 2026-11-23." },
  until: { label: "To", takes: z.iso.date(), fix: "Write the day as 2026-11-23." },
} as const;

export const BUSINESS = {
  label: "Business",
  takes: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  fix: "Choose a business from the list.",
} as const;

export const WORLDS = ["real", "simulated", "all"] as const;

/** Of a list that holds what is real and what simulated calls made. */
export const WORLD = {
  label: "Real or simulated",
  takes: z.enum(WORLDS),
  fix: "Choose one from the list.",
} as const;

/** What the memory is asked; undefined: both. */
export function worldOf(world: (typeof WORLDS)[number]): boolean | undefined {
  switch (world) {
    case "real":
      return false;
    case "simulated":
      return true;
    case "all":
      return undefined;
  }
}

const A_DAY_MS = 24 * 60 * 60 * 1000;

/** Days where the reader is, as moments: from the first one's beginning to the last one's end. */
export function momentsOf(
  { since, until }: { readonly since?: string | undefined; readonly until?: string | undefined },
  utcOffsetMinutes: number,
): { readonly since: number | undefined; readonly until: number | undefined } {
  const start = (day: string) => Date.parse(`${day}T00:00:00Z`) - utcOffsetMinutes * 60_000;
  return {
    since: since === undefined ? undefined : start(since),
    until: until === undefined ? undefined : start(until) + A_DAY_MS,
  };
}

/** The day in which a moment is where the reader is: 2026-11-23. */
export function dayOf(at: number, utcOffsetMinutes: number): string {
  return new Date(at + utcOffsetMinutes * 60_000).toISOString().slice(0, 10);
}
