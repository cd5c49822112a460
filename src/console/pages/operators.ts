import { html } from "hono/html";
import type { NewPassword, Operator } from "../identity/identity.ts";
import { ROLES } from "../roles.ts";
import { badge, NOTHING, option, time, type Html } from "./bits.ts";
import { heading } from "./layout.ts";

export type OperatorsOptions = {
  readonly operators: readonly Operator[];
  /** Who looks at the page: nobody takes their own rights away. */
  readonly self: string;
  readonly problem: string;
  /** A password just made; it is shown this once. */
  readonly made: NewPassword | null;
};

const ROLE_WORDS = {
  viewer: "Viewer: looks, numbers masked",
  supervisor: "Supervisor: reveals, reads, notes, withdraws, calls, exports",
  admin: "Admin: operators, keys and endpoints too",
} as const;

export function operatorsPage({ operators, self, problem, made }: OperatorsOptions): Html {
  return html`${heading("Operators", "", "Who may sign in to this console, and what they may do.")}
    ${problem === "" ? NOTHING : html`<p class="problem" role="alert">${problem}</p>`}
    ${
      made === null
        ? NOTHING
        : html`<div class="done" role="status">
            <p>The password of <strong>${made.operator.email}</strong>, shown this once:</p>
            <p><code class="secret">${made.password}</code></p>
          </div>`
    }
    <section class="scroll" tabindex="0" aria-label="Operators">
      <table class="stacked">
        <caption class="unseen">
          Operators
        </caption>
        <thead>
          <tr>
            <th scope="col">Operator</th>
            <th scope="col">Role</th>
            <th scope="col">Second factor</th>
            <th scope="col">Since</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          ${operators.map((operator) => row(operator, operator.id === self))}
        </tbody>
      </table>
    </section>
    <section class="card narrow" aria-labelledby="add-title">
      <h2 id="add-title">Add an operator</h2>
      <form method="post" action="/console/operators" class="stack">
        <div class="field">
          <label for="new-email">E-mail address</label
          ><input id="new-email" name="email" type="email" maxlength="254" autocomplete="off" required />
        </div>
        <div class="field">
          <label for="new-role">Role</label
          ><select id="new-role" name="role">
            ${ROLES.map((role) => option(role, ROLE_WORDS[role], "viewer"))}
          </select>
        </div>
        <button type="submit" class="primary">Add</button>
      </form>
    </section>`;
}

function row(operator: Operator, self: boolean): Html {
  const path = `/console/operators/${operator.id}`;
  const { email } = operator;
  return html`<tr>
    <th scope="row">
      ${email} ${operator.disabled ? badge("refused", "Disabled") : NOTHING}
      ${self ? badge("none", "You") : NOTHING}
    </th>
    <td>
      ${
        self
          ? operator.role
          : html`<form class="inline" method="post" action="${path}/role">
              <select name="role" aria-label="Role of ${email}">
                ${ROLES.map((role) => option(role, role, operator.role))}
              </select>
              <button type="submit" aria-label="Set the role of ${email}">Set</button>
            </form>`
      }
    </td>
    <td data-label="Second factor">${operator.twoFactor ? "on" : html`<span class="soft">off</span>`}</td>
    <td data-label="Since">${time(operator.createdAt)}</td>
    <td class="free">
      <div class="acts">
        ${
          self
            ? html`<a href="/console/account">Your account</a>`
            : html`<form class="inline" method="post" action="${path}/reset">
                  <button type="submit" aria-label="New password for ${email}">New password</button>
                </form>
                <form
                  class="inline"
                  method="post"
                  action="${path}/${operator.disabled ? "enable" : "disable"}"
                >
                  <button
                    type="submit"
                    class="${operator.disabled ? "" : "danger"}"
                    aria-label="${operator.disabled ? "Enable" : "Disable"} ${email}"
                  >
                    ${operator.disabled ? "Enable" : "Disable"}
                  </button>
                </form>`
        }
      </div>
    </td>
  </tr>`;
}
