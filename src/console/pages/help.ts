import { html } from "hono/html";
import type { Html } from "./bits.ts";
import { heading } from "./layout.ts";
import { OUTCOME_MEANING, OUTCOME_WORDS } from "./words.ts";
import { OUTCOMES } from "../../ledger/reading.ts";

const KEYS = [
  ["/", "to the search"],
  ["j", "to the next row"],
  ["k", "to the row before"],
  ["Enter", "opens the row"],
  ["?", "this page"],
] as const;

export function helpPage(keys: boolean): Html {
  return html`${heading("Help")}
    <div class="columns even">
      <section class="card" aria-labelledby="keys-title">
        <h2 id="keys-title">On your keyboard</h2>
        <dl class="facts keys">
          ${KEYS.map(
            ([key, words]) =>
              html`<div>
                <dt><kbd>${key}</kbd></dt>
                <dd>${words}</dd>
              </div>`,
          )}
        </dl>
        <p class="soft small">
          The keys are ${keys ? "on" : "off"} in this browser. They rest while you type.
        </p>
        <form method="post" action="/console/preferences">
          <input type="hidden" name="keys" value="${keys ? "off" : "on"}" /><button type="submit">
            Turn the keys ${keys ? "off" : "on"}
          </button>
        </form>
      </section>
      <div class="rail">
        <section class="card" aria-labelledby="search-title">
          <h2 id="search-title">What the search takes</h2>
          <dl class="facts keys">
            <div>
              <dt>A number</dt>
              <dd>in any form: +1 415 555 0123, (415) 555-0123, 0014155550123</dd>
            </div>
            <div>
              <dt>Four digits</dt>
              <dd>the last ones of a number</dd>
            </div>
            <div>
              <dt>Six digits</dt>
              <dd>the reference that a caller was told</dd>
            </div>
            <div>
              <dt>CA…</dt>
              <dd>a call, by Twilio's SID</dd>
            </div>
          </dl>
          <p class="soft small">A whole number never stands in an address or in a log.</p>
        </section>
        <section class="card" aria-labelledby="words-title">
          <h2 id="words-title">What became of a call</h2>
          <dl class="facts keys">
            ${OUTCOMES.map(
              (outcome) =>
                html`<div>
                  <dt><span class="badge" data-tone="${outcome}">${OUTCOME_WORDS[outcome]}</span></dt>
                  <dd>${OUTCOME_MEANING[outcome]}</dd>
                </div>`,
            )}
          </dl>
        </section>
      </div>
    </div>`;
}
