import { html, raw } from "hono/html";
import type { Dossier } from "./dossier.ts";

type Person = NonNullable<Dossier["person"]>;
type Html = ReturnType<typeof html>;
type Row = readonly (string | Html)[];

/** The dossier as one page that needs nothing else: no script, nothing fetched, printable. */
export async function dossierPage(dossier: Dossier): Promise<string> {
  const { controller, number, createdAt, retention, staysWithdrawn, person } = dossier;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>What ${controller.name} keeps about ${number}</title>
        <style>
          ${raw(STYLES)}
        </style>
      </head>
      <body>
        <main>
          <h1>What ${controller.name} keeps about ${number}</h1>
          <p>
            Made on ${when(createdAt)} for whoever has this number. Responsible: ${controller.legalName},
            ${controller.contact.postalAddress}, ${controller.contact.email};
            <a href="${controller.contact.privacyUrl}">privacy notice</a>. Data is kept for ${retention} after
            its last use, or longer where the law says so; times are UTC.
          </p>
          ${
            staysWithdrawn
              ? html`<p>
                  The number stays withdrawn: a keyed hash of it is kept, so that it is not written to or
                  called.
                </p>`
              : ""
          }
          ${
            person === null
              ? html`<p><strong>Nothing else is kept of this number.</strong></p>`
              : personSections(person)
          }
        </main>
      </body>
    </html>`;
  return `${String(await page)}\n`;
}

function personSections(person: Person): Html {
  const { pseudonym, consents, entries, calls, messages, notes, outgoing, decisions, accesses } = person;
  return html`<p>In everything but this page the number is <code>${pseudonym}</code>.</p>
    ${section(
      "Where you stand",
      ["Topic", "State", "Since"],
      consents.map(({ topic, name, state, since, simulated }) => [
        name ?? topic,
        marked(state, simulated),
        when(since),
      ]),
    )}
    ${section(
      "What was recorded",
      ["When", "What", "Topics", "How", "Words served"],
      entries.map((each) => [
        when(each.eventTime),
        marked(each.kind, each.simulated),
        each.topics.map((topic) => ("name" in topic ? topic.name : topic.id)).join(", "),
        each.collectionMethod,
        each.notice?.text ?? "",
      ]),
    )}
    ${calls.map((call) =>
      section(
        `Call of ${call.begunAt.slice(0, 10)} (${call.reference}${call.simulated ? ", simulated" : ""})`,
        ["When", "What", "Step", "Key or words"],
        call.events.map(({ at, kind, step, key, keypress, words }) => [
          when(at),
          kind,
          step,
          words ?? key ?? keypress ?? "",
        ]),
        `${call.direction}, ${call.status}, outcome: ${call.outcome}; ${call.webhooks.length} requests were answered for it.`,
      ),
    )}
    ${section(
      "Messages",
      ["When", "Direction", "What for", "Status", "Words"],
      messages.map(({ at, direction, purpose, status, words, simulated }) => [
        when(at),
        direction === "in" ? "from you" : "to you",
        marked(purpose, simulated),
        status,
        words ?? "",
      ]),
    )}
    ${section(
      "Notes about you",
      ["When", "Who", "Note"],
      notes.map(({ at, author, text }) => [when(at), author, text]),
    )}
    ${section(
      "What was sent or waits to be",
      ["When", "What", "State"],
      outgoing.map(({ at, kind, purpose, state, simulated }) => [
        when(at),
        marked(purpose ?? kind, simulated),
        state,
      ]),
    )}
    ${section(
      "Whether something might be sent to you",
      ["Asked", "Topic", "Answer", "Reason"],
      decisions.map(({ at, topic, allowed, reason, simulated }) => [
        when(at),
        marked(topic, simulated),
        allowed ? "yes" : "no",
        reason,
      ]),
    )}
    ${section(
      "Who looked or changed something",
      ["When", "Who", "What", "Detail"],
      accesses.map(({ at, who, action, detail }) => [when(at), who, action, detail]),
    )}`;
}

function section(title: string, columns: readonly string[], rows: readonly Row[], note = ""): Html {
  if (rows.length === 0 && note === "")
    return html`<h2>${title}</h2>
      <p>Nothing.</p>`;
  return html`<h2>${title}</h2>
    ${note === "" ? "" : html`<p>${note}</p>`}
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>`;
}

function marked(text: string, simulated: boolean): string {
  return simulated ? `${text} (simulated)` : text;
}

function when(iso: string): Html {
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace("T", " ")}</time>`;
}

const STYLES = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2rem; font-size: 1.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-top: 1px solid color-mix(in srgb, currentcolor 25%, transparent); overflow-wrap: anywhere; white-space: pre-line; }
time { white-space: nowrap; }
@media print { tr { break-inside: avoid; } }
`;
