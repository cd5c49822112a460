import { html } from "hono/html";
import {
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
  type Enrolment,
  type Operator,
} from "../identity/identity.ts";
import { NOTHING, type Html } from "./bits.ts";
import { heading } from "./layout.ts";

export type AccountOptions = {
  readonly operator: Operator;
  readonly problem: string;
  readonly done: string;
  /** Shown this once. */
  readonly enrolment: Enrolment | null;
};

export function accountPage({ operator, problem, done, enrolment }: AccountOptions): Html {
  return html`${heading("Your account", "", `${operator.email}, ${operator.role}`)}
    ${problem === "" ? NOTHING : html`<p class="problem" role="alert">${problem}</p>`}
    ${done === "" ? NOTHING : html`<p class="done" role="status">${done}</p>`}
    <div class="columns even">
      <section class="card" aria-labelledby="password-title">
        <h2 id="password-title">Password</h2>
        <form method="post" action="/console/account/password" class="stack">
          ${password("current", "The present one", "current-password")}
          ${password("next", `A new one, of ${MIN_PASSWORD_LENGTH} characters or more`, "new-password")}
          <button type="submit" class="primary">Change</button>
          <p class="soft small">Every other session of yours ends.</p>
        </form>
      </section>
      <section class="card" aria-labelledby="factor-title">
        <h2 id="factor-title">Second factor</h2>
        ${enrolment === null ? factor(operator) : enrol(enrolment)}
      </section>
    </div>`;
}

function factor({ twoFactor }: Operator): Html {
  return twoFactor
    ? html`<p>It is on: signing in takes a code as well.</p>
        <form method="post" action="/console/account/second-factor/off" class="stack">
          ${password("off-password", "Your password", "current-password")}<button
            type="submit"
            class="danger"
          >
            Turn it off
          </button>
        </form>`
    : html`<p>A code from an authenticator app, asked for beside the password.</p>
        <form method="post" action="/console/account/second-factor" class="stack">
          ${password("on-password", "Your password", "current-password")}<button
            type="submit"
            class="primary"
          >
            Set it up
          </button>
        </form>`;
}

function enrol({ uri, secret, backupCodes }: Enrolment): Html {
  return html`<p>Add this key to your authenticator, <a href="${uri}">or open it there</a>:</p>
    <p><code class="secret break">${secret.replaceAll(/(.{4})(?=.)/gu, "$1 ")}</code></p>
    <p>Keep these backup codes; each works once:</p>
    <ul class="codes">
      ${backupCodes.map((code) => html`<li><code>${code}</code></li>`)}
    </ul>
    <form method="post" action="/console/account/second-factor/confirm" class="stack">
      <div class="field">
        <label for="code">The code it shows now</label
        ><input
          id="code"
          name="code"
          type="text"
          inputmode="numeric"
          pattern="[0-9]{6}"
          maxlength="6"
          autocomplete="one-time-code"
          required
        />
      </div>
      <button type="submit" class="primary">Turn it on</button>
    </form>`;
}

function password(id: string, label: string, autocomplete: string): Html {
  const shortest = autocomplete === "new-password" ? html` minlength="${MIN_PASSWORD_LENGTH}"` : NOTHING;
  return html`<div class="field">
    <label for="${id}">${label}</label
    ><input
      id="${id}"
      name="${id}"
      type="password"
      autocomplete="${autocomplete}"
      ${shortest}
      maxlength="${MAX_PASSWORD_LENGTH}"
      required
    />
  </div>`;
}
