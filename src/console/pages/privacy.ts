import { html } from "hono/html";
import { certificateText } from "../../ledger/certificate.ts";
import type { Certificate } from "../../ledger/privacy.ts";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import type { ConsoleParts } from "../parts.ts";
import { numberShown, pathOf, type Html } from "./bits.ts";
import { heading } from "./layout.ts";
import { businessName } from "./words.ts";

/** Beside a person: what they may ask for about themselves. */
export function privacyCard(person: SubscriberDetail): Html {
  return html`<section class="card" aria-labelledby="privacy-title">
    <h2 id="privacy-title">Asked by the person</h2>
    <form method="post" action="${pathOf(person)}/access" class="stack">
      <p class="soft">
        Everything that is kept about this number, in clear. It is written into the access log.
      </p>
      <button type="submit" name="format" value="html">Access request as a page</button>
      <button type="submit" name="format" value="json">Access request as JSON</button>
    </form>
    <form method="post" action="${pathOf(person)}/erase" class="stack">
      <p class="soft">Forget this number for good, and everything that leads to it.</p>
      <button type="submit" class="danger">Erase …</button>
    </form>
  </section>`;
}

/** Asked once more: nobody can take it back. */
export function erasePage({ businesses }: ConsoleParts, person: SubscriberDetail): Html {
  const path = pathOf(person);
  return html`${heading("Erase this person?", "", html`${numberShown(person.number)} at ${businessName(businesses, person.businessId)}`)}
    <section class="card narrow" aria-label="Confirmation">
      <p>From now on nobody can tell whose entries these were:</p>
      <ul class="bullets">
        <li>What they agreed to ends, and nothing is sent to them any more.</li>
        <li>Their number, the words of their messages and the notes about them are deleted.</li>
        <li>Entries, calls and their places in the log stay: they prove what was done, and are nobody's.</li>
      </ul>
      <p class="note-well">It cannot be taken back. Backups made before hold the data until they expire.</p>
      <form method="post" action="${path}/erase" class="acts">
        <input type="hidden" name="confirmed" value="yes" />
        <label class="check"
          ><input type="checkbox" name="keep" value="yes" /> Keep a keyed hash, so that the number is never
          written to or called again, unless the person agrees anew</label
        >
        <button type="submit" class="danger">Erase for good</button>
        <a class="button" href="${path}">Leave it as it is</a>
      </form>
    </section>`;
}

/** What was done, for whoever asked. It says nothing of who it was. */
export function certificatePage({ businesses }: ConsoleParts, certificate: Certificate): Html {
  const { businessId, subscriberId } = certificate;
  const business = businesses.find(({ id }) => id === businessId);
  const json = html`<a class="button" href="/console/erasures/${businessId}/${subscriberId}/certificate.json"
    >As JSON</a
  >`;
  return html`${heading("Erased", json, "This person is forgotten. The certificate holds no personal data.")}
    <section class="card" aria-label="Certificate">
      <pre class="wrap">${certificateText(certificate, business)}</pre>
    </section>`;
}
