import { html } from "hono/html";
import { faultText } from "../../proof/faults.ts";
import type { Verified, VerifyingStatus } from "../../proof/verified.ts";
import { badge, NOTHING, time, type Html } from "./bits.ts";
import { heading } from "./layout.ts";

/** So many are shown; `ledger verify` names all of them. */
const MAX_SHOWN = 100;

/** What the last verification of the ledger found, and how anybody can make their own. */
export function checksPage({ last, since }: VerifyingStatus): Html {
  const under = since === null ? "" : "A verification is under way.";
  return html`${heading("Checks", "", under)}
    <section class="card" aria-labelledby="ledger-title">
      <h2 id="ledger-title">
        The ledger ${last === null ? badge("pending", "Not verified yet") : verdict(last)}
      </h2>
      ${last === null ? html`<p class="soft">The first verification begins a minute after the start.</p>` : found(last)}
    </section>
    <section class="card" aria-labelledby="own-title">
      <h2 id="own-title">Do it yourself</h2>
      <p>
        On the line’s host, <code>yesline ledger verify --checkpoint FILE</code> holds the ledger against a
        checkpoint that was kept elsewhere. An export is verified anywhere, with a checkpoint and the log’s
        key.
      </p>
      <ul class="bullets">
        <li><a href="/.well-known/yesline/checkpoint">The newest signed checkpoint</a></li>
        <li><a href="/.well-known/yesline/log-key">The log’s key</a></li>
        <li><a href="/.well-known/yesline/verify">A page that verifies one receipt, without a network</a></li>
      </ul>
    </section>`;
}

function verdict({ result }: Verified): Html {
  switch (result) {
    case "ok":
      return badge("granted", "As it was signed");
    case "faults":
      return badge("refused", "NOT what was signed");
    case "failed":
      return badge("refused", "Could not be verified");
  }
}

function found({ at, milliseconds, report, reason }: Verified): Html {
  const when = html`<p>${time(at)}, in ${Math.max(1, Math.round(milliseconds / 1000))} s.</p>`;
  if (report === null)
    return html`${when}
      <p>${reason ?? ""}</p>`;
  const { entries, size, checkpoints, signatures, outside, faults, faultCount } = report;
  return html`${when}
    <p>
      ${entries} of ${size} entries were made anew and are as they were sealed; ${checkpoints} signed
      checkpoints, and ${outside} that are kept elsewhere, belong to this log. The signatures of ${signatures}
      of the line's own were checked this time.
    </p>
    ${
      faultCount === 0
        ? NOTHING
        : html`<p>
              <strong
                >${faultCount === 1 ? "One thing is" : `${faultCount} things are`} wrong. The line goes on
                answering.</strong
              >
            </p>
            <ul class="bullets">
              ${faults.slice(0, MAX_SHOWN).map((fault) => html`<li class="break">${faultText(fault)}</li>`)}
            </ul>`
    }`;
}
