import { getCookie, setCookie } from "hono/cookie";
import { MAX_ADDRESS } from "./address.ts";
import type { ConsoleContext } from "./parts.ts";

/** What a reader has chosen; it stays in their browser. */
export type Preferences = {
  readonly theme: Theme;
  /** Whether `/ j k ?` do something. */
  readonly keys: boolean;
  /** Minutes east of UTC; null until the browser has told. */
  readonly utcOffsetMinutes: number | null;
};

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** A list of the log under a name. */
export type SavedView = { readonly name: string; readonly query: string };

export const MAX_VIEWS = 12;
export const MAX_VIEW_NAME = 40;
/** A browser forgets a cookie that is longer, without a word: name, value and what surrounds them. */
const MAX_COOKIE_BYTES = 3_900;
const A_YEAR_SECONDS = 365 * 24 * 60 * 60;
/** From Baker Island to Kiritimati. */
const OFFSETS = { west: -12 * 60, east: 14 * 60 };

export function readPreferences(c: ConsoleContext): Preferences {
  const offset = Number(getCookie(c, "yesline-offset") ?? Number.NaN);
  const theme = getCookie(c, "yesline-theme");
  return {
    theme: THEMES.find((each) => each === theme) ?? "auto",
    keys: getCookie(c, "yesline-keys") !== "off",
    utcOffsetMinutes:
      Number.isInteger(offset) && offset >= OFFSETS.west && offset <= OFFSETS.east ? offset : null,
  };
}

export function keepPreference(c: ConsoleContext, name: "theme" | "keys", value: string): void {
  setCookie(c, `yesline-${name}`, value, { path: "/console", sameSite: "Lax", maxAge: A_YEAR_SECONDS });
}

/** Names and addresses only: a view is a bookmark, and whoever opens it sees what their role lets them. */
export function readViews(c: ConsoleContext): readonly SavedView[] {
  const kept = new URLSearchParams(getCookie(c, viewsCookie(c)) ?? "");
  return [...kept]
    .map(([name, query]) => ({ name, query }))
    .filter(({ name, query }) => name !== "" && name.length <= MAX_VIEW_NAME && query.length <= MAX_ADDRESS)
    .slice(0, MAX_VIEWS);
}

/** Keeps one more view; one of the same name takes the older one's place. Says what is wrong where it cannot. */
export function keepView(c: ConsoleContext, view: SavedView): string | null {
  if (view.name === "") return "The view needs a name.";
  const kept = readViews(c);
  const isKnown = kept.some(({ name }) => name === view.name);
  const views = isKnown ? kept.map((each) => (each.name === view.name ? view : each)) : [...kept, view];
  if (views.length > MAX_VIEWS) return `You keep ${MAX_VIEWS} views already. Forget one first.`;
  if (bytesOf(c, views) > MAX_COOKIE_BYTES)
    return "Your views are too long together for the browser to keep. Forget one first.";
  setViews(c, views);
  return null;
}

export function forgetView(c: ConsoleContext, name: string): void {
  setViews(
    c,
    readViews(c).filter((view) => view.name !== name),
  );
}

function setViews(c: ConsoleContext, views: readonly SavedView[]): void {
  setCookie(c, viewsCookie(c), written(views), {
    path: "/console",
    sameSite: "Lax",
    httpOnly: true,
    maxAge: A_YEAR_SECONDS,
  });
}

function written(views: readonly SavedView[]): string {
  return new URLSearchParams(views.map(({ name, query }): [string, string] => [name, query])).toString();
}

function bytesOf(c: ConsoleContext, views: readonly SavedView[]): number {
  return viewsCookie(c).length + encodeURIComponent(written(views)).length;
}

/** Each operator's own, where several share a browser. */
function viewsCookie(c: ConsoleContext): string {
  return `yesline-views-${c
    .get("operator")
    .id.replaceAll(/[^A-Za-z0-9]/g, "")
    .slice(0, 32)}`;
}
