import { html } from "hono/html";
import type { ConsoleContext, ConsoleParts } from "../parts.ts";
import { THEMES } from "../preferences.ts";
import { may } from "../roles.ts";
import { MAX_SEARCH_LENGTH } from "../search.ts";
import { icon, NOTHING, type Html } from "./bits.ts";

export type Place =
  | "today"
  | "log"
  | "entries"
  | "inbox"
  | "outgoing"
  | "script"
  | "checks"
  | "forgetting"
  | "accesses"
  | "operators"
  | "keys"
  | "endpoints"
  | "account"
  | "help"
  | "none";

export type PageOptions = {
  readonly title: string;
  readonly place: Place;
  readonly body: Html;
  /** What stands in the search field. */
  readonly searched?: string;
};

/** A page of the console, with the house around it. */
export async function page(c: ConsoleContext, parts: ConsoleParts, options: PageOptions): Promise<string> {
  const { title, place, body, searched = "" } = options;
  const { theme, keys } = c.get("preferences");
  const { role } = c.get("operator");
  const waiting = may(role, "read messages") ? await waitingWords(parts) : null;
  const link = (to: Place, href: string, words: string, beside: Html | typeof NOTHING = NOTHING) =>
    html`<a href="${href}" ${to === place ? html` aria-current="page"` : NOTHING}
      >${icon(to as "today")}<span>${words}</span>${beside}</a
    >`;
  return frame(
    title,
    theme,
    html`<body class="house" data-keys="${keys ? "on" : "off"}">
      <a class="skip" href="#content">To the content</a>
      <header class="masthead">
        <a class="brand" href="/console/today" aria-label="Yesline"
          ><svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="9" />
            <path d="m9 16.6 4.6 4.6L23.4 11" /></svg
          ><span>Yesline</span></a
        >
        <form class="search" method="post" action="/console/search" role="search">
          <label class="unseen" for="search"
            >Search a number, its last four digits, a reference or a call</label
          >
          ${icon("search")}
          <input
            id="search"
            name="q"
            type="search"
            value="${searched}"
            maxlength="${MAX_SEARCH_LENGTH}"
            autocomplete="off"
            spellcheck="false"
            placeholder="Number, last 4 digits, reference or call SID"
            required
          />
          <kbd aria-hidden="true">/</kbd>
          <button class="unseen-until-focus" type="submit">Search</button>
        </form>
      </header>
      <nav class="rooms" aria-label="Console">
        ${link("today", "/console/today", "Today")} ${link("log", "/console/log", "Log")}
        ${link("entries", "/console/entries", "Other entries")}
        ${
          may(role, "read messages")
            ? link(
                "inbox",
                "/console/inbox",
                "Inbox",
                waiting === null
                  ? NOTHING
                  : html`<strong class="waiting">${waiting}<span class="unseen"> waiting</span></strong>`,
              )
            : NOTHING
        }
        ${link("outgoing", "/console/outgoing", "What leaves")} ${link("script", "/console/script", "Script")}
        ${link("checks", "/console/checks", "Checks", alarmOf(parts))}
        ${may(role, "see accesses") ? link("accesses", "/console/accesses", "Access log") : NOTHING}
        ${may(role, "erase") ? link("forgetting", "/console/forgetting", "Forgetting") : NOTHING}
        ${may(role, "manage operators") ? link("operators", "/console/operators", "Operators") : NOTHING}
        ${may(role, "manage keys") ? html`${link("keys", "/console/keys", "API keys")} ${link("endpoints", "/console/endpoints", "Endpoints")}` : NOTHING}
        ${link("help", "/console/help", "Help")}
        ${parts.phone === null ? NOTHING : html`<a class="aside" href="${parts.phone}">${icon("phone")}<span>Phone</span></a>`}
      </nav>
      <main id="content" tabindex="-1">${body}</main>
      <footer class="foot">${account(c)} ${themeForm(c)}</footer>
    </body>`,
  );
}

/** What nobody may overlook: the ledger is not what was signed. */
function alarmOf({ verifying }: ConsoleParts): Html | typeof NOTHING {
  const result = verifying?.().last?.result ?? "ok";
  return result === "ok"
    ? NOTHING
    : html`<strong class="waiting">!<span class="unseen"> alarm</span></strong>`;
}

/** A larger number need not be told apart. */
const MAX_WAITING = 99;

/** How many messages wait for somebody; null where none does. Simulated ones wait for nobody on a line for real callers. */
export async function waitingWords({
  messages,
  showSimulated,
}: Pick<ConsoleParts, "messages" | "showSimulated">): Promise<string | null> {
  const simulated = showSimulated ? undefined : false;
  const { length } = await messages.inbox({ after: 0, limit: MAX_WAITING + 1, simulated });
  if (length === 0) return null;
  return length > MAX_WAITING ? `${MAX_WAITING}+` : String(length);
}

/** A page for somebody who is not signed in. */
export async function outsidePage(c: ConsoleContext, title: string, body: Html): Promise<string> {
  return frame(
    title,
    c.get("preferences").theme,
    html`<body class="outside" data-keys="off">
      <main id="content">${body}</main>
    </body>`,
  );
}

function frame(title: string, theme: string, body: Html) {
  return html`<!doctype html>
    <html lang="en" data-theme="${theme}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · Yesline</title>
        <link rel="icon" href="/console/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/console/assets/console.css" />
        <script type="module" src="/console/assets/console.js"></script>
      </head>
      ${body}
    </html>`;
}

function account(c: ConsoleContext): Html {
  const { email, role } = c.get("operator");
  return html`<div class="whoami">
    <a href="/console/account"><strong>${email}</strong> <span class="soft">${role}</span></a>
    <form method="post" action="/console/sign-out">
      <button class="quiet" type="submit">Sign out</button>
    </form>
  </div>`;
}

function themeForm(c: ConsoleContext): Html {
  const { theme } = c.get("preferences");
  const words = { auto: "Auto", light: "Light", dark: "Dark" };
  return html`<form class="themes" method="post" action="/console/preferences">
    <fieldset>
      <legend class="unseen">Colours</legend>
      ${THEMES.map(
        (each) =>
          html`<button
            type="submit"
            name="theme"
            value="${each}"
            aria-pressed="${each === theme ? "true" : "false"}"
          >
            ${words[each]}
          </button>`,
      )}
    </fieldset>
  </form>`;
}

/** A title with what can be done on the page. */
export function heading(title: Html | string, beside: Html | "" = "", under: Html | string = ""): Html {
  return html`<div class="heading">
    <div>
      <h1>${title}</h1>
      ${under === "" ? NOTHING : html`<p class="soft">${under}</p>`}
    </div>
    ${beside === "" ? NOTHING : html`<div class="acts">${beside}</div>`}
  </div>`;
}

/** Nothing is here, and what to do about it. */
export function emptyState(title: string, words: Html | string, act: Html | "" = ""): Html {
  return html`<div class="empty">
    <p class="invitation">${title}</p>
    <p>${words}</p>
    ${act}
  </div>`;
}

export function toPhone(parts: ConsoleParts, words = "Call the line from your browser"): Html | "" {
  return parts.phone === null
    ? ""
    : html`<p>
        <a class="button primary" href="${parts.phone}">${icon("phone")}<span>${words}</span></a>
      </p>`;
}
