import { html } from "hono/html";
import { ACCESS_ACTIONS, type Access, type AccessAction, type Page } from "../../ledger/reading.ts";
import type { Mistake } from "../address.ts";
import type { ConsoleParts } from "../parts.ts";
import { badge, DASH, NOTHING, option, time, type Html } from "./bits.ts";
import { exportMenu } from "./export.ts";
import { emptyState, heading } from "./layout.ts";
import { pager } from "./log.ts";
import { choiceField, dayField, mistakesBox, typedIn } from "./mistakes.ts";
import { businessName } from "./words.ts";

export type AccessQuery = {
  readonly who?: string | undefined;
  readonly action?: AccessAction | undefined;
  readonly subject?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
};

export type AccessesOptions = {
  readonly query: AccessQuery;
  readonly mistakes: readonly Mistake[];
  readonly page: Page<Access>;
  /** The address's query, as far as it can be read. */
  readonly address: string;
  /** Who can be chosen; whoever is in the log can be typed. */
  readonly operators: readonly string[];
};

const ACTION_WORDS: Readonly<Record<AccessAction, string>> = {
  "signed-in": "Signed in",
  "sign-in-failed": "Sign-in failed",
  "signed-out": "Signed out",
  looked: "Looked",
  searched: "Searched",
  revealed: "Revealed a number",
  exported: "Exported",
  evidence: "Took evidence",
  withdrew: "Withdrew consent",
  noted: "Added a note",
  refused: "Was refused",
  "operator-added": "Added an operator",
  "operator-changed": "Changed an operator",
  "operator-disabled": "Disabled an operator",
  "key-added": "Added a key",
  "key-revoked": "Revoked a key",
  "endpoint-added": "Added an endpoint",
  "endpoint-disabled": "Disabled an endpoint",
  "endpoint-enabled": "Enabled an endpoint",
  read: "Read a message",
  handled: "Dealt with a message",
  moved: "Changed a number",
  called: "Asked for a call",
  retried: "Sent something again",
  replayed: "Replayed an event",
  erased: "Erased a person",
  disclosed: "Answered an access request",
  listened: "Listened to a call",
  restored: "Put a backup in place",
};

/** What stands out in the list. */
const TONES: Partial<Record<AccessAction, string>> = {
  revealed: "pending",
  exported: "pending",
  withdrew: "revoked",
  read: "pending",
  listened: "pending",
  moved: "revoked",
  erased: "revoked",
  disclosed: "pending",
  refused: "refused",
  "sign-in-failed": "refused",
};

/** Operators that the field for "who" offers. */
const MAX_OFFERED = 200;

/** Who did what in the console; rows are only ever added. */
export function accessesPage(parts: ConsoleParts, options: AccessesOptions): Html {
  const { query, mistakes, page, address, operators } = options;
  const rest = `/console/accesses${address === "" ? "" : `?${address}`}`;
  return html`${heading("Access log", mistakes.length === 0 ? exportMenu("/console/accesses", address) : "", "Who signed in, looked, revealed, exported, withdrew or changed something. Nothing is ever taken out of it.")}
    <form class="filters open" method="get" action="/console/accesses">
      ${textField("a-who", "who", "Who", typedIn(mistakes, "who") ?? query.who, "Begins with …", "a-operators")}
      <datalist id="a-operators">
        ${operators.slice(0, MAX_OFFERED).map((email) => html`<option value="${email}"></option>`)}
      </datalist>
      ${choiceField("a-action", "action", "Did what", html`${option("", "Anything", typedIn(mistakes, "action") ?? query.action)}${ACCESS_ACTIONS.map((each) => option(each, ACTION_WORDS[each], query.action))}`, mistakes)}
      ${textField("a-subject", "subject", "To what", typedIn(mistakes, "subject") ?? query.subject, "Begins with …")}
      ${dayField("a-since", "since", "From", query.since, mistakes)}
      ${dayField("a-until", "until", "To", query.until, mistakes)}
      <div class="field acts">
        <button type="submit" class="primary">Show</button>
        <a class="button" href="/console/accesses">Clear</a>
      </div>
    </form>
    ${
      mistakes.length > 0
        ? mistakesBox(mistakes, rest)
        : page.rows.length === 0
          ? emptyState("Nothing fits.", "Loosen the filter.")
          : table(parts, page.rows)
    }
    ${pager(page, "/console/accesses", address)}`;
}

function textField(
  id: string,
  name: string,
  label: string,
  value: string | undefined,
  placeholder: string,
  list = "",
): Html {
  return html`<div class="field">
    <label for="${id}">${label}</label
    ><input
      id="${id}"
      name="${name}"
      type="text"
      value="${value ?? ""}"
      maxlength="254"
      placeholder="${placeholder}"
      autocomplete="off"
      spellcheck="false"
      ${list === "" ? NOTHING : html` list="${list}"`}
    />
  </div>`;
}

function table(parts: ConsoleParts, rows: readonly Access[]): Html {
  return html`<section class="scroll" tabindex="0" aria-label="Accesses">
    <table class="stacked">
      <caption class="unseen">
        Accesses, the latest first
      </caption>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">Did what</th>
          <th scope="col">Business</th>
          <th scope="col">To what</th>
          <th scope="col">Detail</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <td>${time(row.at)}</td>
              <td>${row.actorName}</td>
              <td>${badge(TONES[row.action] ?? "none", ACTION_WORDS[row.action])}</td>
              <td>${row.businessId === null ? DASH : businessName(parts.businesses, row.businessId)}</td>
              <td>${subject(row)}</td>
              <td class="free">${row.detail}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** Of these the subject is a person; of others an entry, a key, an endpoint or an operator. */
const ABOUT_PEOPLE: ReadonlySet<AccessAction> = new Set([
  "looked",
  "searched",
  "revealed",
  "withdrew",
  "noted",
  "read",
  "handled",
  "moved",
  "called",
  "erased",
  "disclosed",
]);

function subject({ subject: id, businessId, action }: Access): Html {
  if (id === null) return DASH;
  const code = html`<code class="small" title="${id}"
    >${id.length > 14 ? `${id.slice(0, 6)}…${id.slice(-6)}` : id}</code
  >`;
  if (businessId === null) return code;
  if (/^CA[0-9a-f]{32}$/.test(id)) return html`<a href="/console/calls/${businessId}/${id}">${code}</a>`;
  if (action === "evidence") return html`<a href="/console/evidence/${businessId}/${id}">${code}</a>`;
  return ABOUT_PEOPLE.has(action)
    ? html`<a href="/console/subscribers/${businessId}/${id}">${code}</a>`
    : code;
}
