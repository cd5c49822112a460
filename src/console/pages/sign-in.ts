import { html } from "hono/html";
import { NOTHING, type Html } from "./bits.ts";

export type SignInOptions = {
  readonly problem: string;
  readonly email: string;
  readonly singleSignOn: boolean;
  /** Where the reader was going. */
  readonly next: string;
};

const MARK = html`<svg class="mark large" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
  <rect width="32" height="32" rx="9" />
  <path d="m9 16.6 4.6 4.6L23.4 11" />
</svg>`;

export function signInPage({ problem, email, singleSignOn, next }: SignInOptions): Html {
  return html`<div class="door">
    ${MARK}
    <h1>Yesline console</h1>
    <p class="soft">Did this person say yes, and to what?</p>
    ${problemOf(problem)}
    <form method="post" action="/console/sign-in" class="stack">
      <input type="hidden" name="next" value="${next}" />
      <div class="field">
        <label for="email">E-mail address</label>
        <input
          id="email"
          name="email"
          type="email"
          value="${email}"
          autocomplete="username"
          maxlength="254"
          required
        />
      </div>
      <div class="field">
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          maxlength="128"
          required
        />
      </div>
      <button type="submit" class="primary wide">Sign in</button>
    </form>
    ${
      singleSignOn
        ? html`<form method="post" action="/console/sign-in/single-sign-on">
            <button type="submit" class="wide">Sign in with single sign-on</button>
          </form>`
        : NOTHING
    }
    <p class="soft small">
      Forgotten it? Whoever runs the line gives you a new one: <code>yesline operator reset</code>.
    </p>
  </div>`;
}

export function codePage(problem: string, next: string): Html {
  return html`<div class="door">
    ${MARK}
    <h1>Second factor</h1>
    <p class="soft">Six digits from your authenticator, or one of your backup codes.</p>
    ${problemOf(problem)}
    <form method="post" action="/console/sign-in/code" class="stack">
      <input type="hidden" name="next" value="${next}" />
      <div class="field">
        <label for="code">Code</label>
        <input
          id="code"
          name="code"
          type="text"
          inputmode="text"
          autocomplete="one-time-code"
          maxlength="32"
          required
        />
      </div>
      <button type="submit" class="primary wide">Go on</button>
    </form>
    <p><a href="/console/sign-in">Back to the password</a></p>
  </div>`;
}

function problemOf(problem: string): Html {
  return problem === "" ? NOTHING : html`<p class="problem" role="alert">${problem}</p>`;
}
