import { html } from "hono/html";
import type { Business } from "../../call/business.ts";
import { SCOPES, type ApiKey, type Scope } from "../../ledger/integration.ts";
import { attribute, badge, DASH, NOTHING, option, time, type Html } from "./bits.ts";
import { emptyState, heading } from "./layout.ts";
import { businessName } from "./words.ts";

export type KeysOptions = {
  readonly businesses: readonly Business[];
  readonly keys: readonly ApiKey[];
  readonly now: number;
  readonly problem: string;
  readonly done: string;
  /** A key just made; it is shown this once. */
  readonly made: { readonly key: string; readonly name: string } | null;
  /** What was typed, where it could not be taken. */
  readonly typed: TypedKey | null;
};

export type TypedKey = {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly businesses: readonly string[];
  readonly life: string;
};

export const MAX_KEY_NAME = 100;

/** How long a key may live, in days; "" for ever. */
export const LIVES = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["", "no end"],
] as const;

const SCOPE_WORDS: Readonly<Record<Scope, string>> = {
  "consents:read": "ask where a number stands",
  "consents:write": "withdraw consent, change a number",
  permissions: "ask whether a message may be sent",
  "entries:read": "read the log",
  "calls:write": "place calls, bring in live ones",
  "numbers:read": "see numbers in clear, also those it did not ask for",
};

/** Keys of other systems: who may do what through the API. */
export function keysPage(options: KeysOptions): Html {
  const { keys, problem, done, made } = options;
  const standing = keys.filter((key) => stateOf(key, options.now) === "stands");
  const ended = keys.filter((key) => !standing.includes(key));
  return html`${heading("API keys", "", html`With which other systems ask this line. <a href="/api/docs">What the API can do</a>`)}
  ${problem === "" ? NOTHING : html`<p class="problem" role="alert">${problem}</p>`}
  ${done === "" ? NOTHING : html`<p class="done" role="status">${done}</p>`}
  ${
    made === null
      ? NOTHING
      : html`<div class="done" role="status">
          <p>The key <strong>${made.name}</strong>, shown this once. Keep it where passwords are kept.</p>
          <p><code class="secret break">${made.key}</code></p>
        </div>`
  }
  ${standing.length === 0 ? emptyState("No key stands.", "Whoever wants to ask this line needs one.") : table(options, standing, "Keys")}
  ${form(options)}
  ${
    ended.length === 0
      ? NOTHING
      : html`<section aria-labelledby="ended-title">
          <h2 id="ended-title">No longer</h2>
          ${table(options, ended, "Keys that no longer stand")}
        </section>`
  }`;
}

function table(options: KeysOptions, keys: readonly ApiKey[], caption: string): Html {
  return html`<section class="scroll" tabindex="0" aria-label="${caption}">
    <table class="stacked">
      <caption class="unseen">
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">May</th>
          <th scope="col">Of</th>
          <th scope="col">Added</th>
          <th scope="col">Last used</th>
          <th scope="col">Ends</th>
          <th scope="col">Change</th>
        </tr>
      </thead>
      <tbody>
        ${keys.map((key) => row(options, key))}
      </tbody>
    </table>
  </section>`;
}

function row({ businesses, now }: KeysOptions, key: ApiKey): Html {
  const state = stateOf(key, now);
  return html`<tr>
    <th scope="row" class="wrap">
      ${key.name} <code class="small">${key.prefix}…</code>
      ${state === "stands" ? NOTHING : badge("refused", state === "revoked" ? "Revoked" : "Expired")}
    </th>
    <td class="wrap">${key.scopes.length === SCOPES.length ? "everything" : key.scopes.join(", ")}</td>
    <td class="wrap">
      ${key.businesses === null ? "every business" : key.businesses.map((id) => businessName(businesses, id)).join(", ")}
    </td>
    <td data-label="Added" class="wrap">${time(key.createdAt)} <span class="soft">${key.createdBy}</span></td>
    <td data-label="Last used">
      ${key.lastUsedAt === null ? html`<span class="soft">never</span>` : time(key.lastUsedAt)}
    </td>
    <td data-label="${key.revokedAt === null ? "Ends" : "Revoked"}">${endOf(key)}</td>
    <td>
      ${
        state === "stands"
          ? html`<form class="inline" method="post" action="/console/keys/${key.id}/revoke">
              <button type="submit" class="danger" aria-label="Revoke ${key.name}">Revoke …</button>
            </form>`
          : DASH
      }
    </td>
  </tr>`;
}

function endOf({ revokedAt, expiresAt }: ApiKey): Html {
  if (revokedAt !== null) return time(revokedAt);
  return expiresAt === null ? html`<span class="soft">never</span>` : time(expiresAt);
}

function stateOf({ revokedAt, expiresAt }: ApiKey, now: number): "stands" | "revoked" | "expired" {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= now ? "expired" : "stands";
}

function form({ businesses, typed }: KeysOptions): Html {
  const life = typed?.life ?? "90";
  return html`<section class="card narrow" aria-labelledby="add-title">
    <h2 id="add-title">Add a key</h2>
    <form method="post" action="/console/keys" class="stack">
      <div class="field">
        <label for="key-name">Name, by which people know whose it is</label
        ><input
          id="key-name"
          name="name"
          maxlength="${MAX_KEY_NAME}"
          value="${typed?.name ?? ""}"
          autocomplete="off"
          required
        />
      </div>
      <fieldset>
        <legend>It may</legend>
        ${SCOPES.map(
          (scope) =>
            html`<label class="check"
              ><input
                type="checkbox"
                name="scope"
                value="${scope}"
                ${attribute("checked", typed?.scopes.includes(scope) ?? false)}
              />
              <span>${SCOPE_WORDS[scope]} <code class="small">${scope}</code></span></label
            >`,
        )}
      </fieldset>
      <fieldset>
        <legend>Of these businesses; none chosen: of every one</legend>
        ${businesses.map(({ id, name }) => html`<label class="check"><input type="checkbox" name="business" value="${id}" ${attribute("checked", typed?.businesses.includes(id) ?? false)} /> ${name}</label>`)}
      </fieldset>
      <div class="field">
        <label for="key-life">It ends after</label
        ><select id="key-life" name="life">
          ${LIVES.map(([days, words]) => option(days, words, life))}
        </select>
      </div>
      <button type="submit" class="primary">Add</button>
    </form>
  </section>`;
}

/** Asked once more before it counts. */
export function revokeKeyPage({ id, name, prefix, lastUsedAt }: ApiKey): Html {
  return html`${heading("Revoke the key?", "", html`${name} <code>${prefix}…</code>`)}
    <section class="card narrow" aria-label="Confirmation">
      <p>
        Within a second every request with it is refused, for good.
        ${lastUsedAt === null ? "It was never used." : html`It was last used ${time(lastUsedAt)}.`}
      </p>
      <form method="post" action="/console/keys/${id}/revoke" class="acts">
        <input type="hidden" name="confirmed" value="yes" />
        <button type="submit" class="danger">Revoke the key</button>
        <a class="button" href="/console/keys">Leave it as it is</a>
      </form>
    </section>`;
}
