import { html } from "hono/html";
import type { E164 } from "../../call/phone-number.ts";
import type { InboxMessage } from "../../ledger/messages.ts";
import type { ConsoleParts } from "../parts.ts";
import { NOTHING, numberShown, simulatedBadge, time, type Html } from "./bits.ts";
import { emptyState, heading } from "./layout.ts";
import { businessName, languageName } from "./words.ts";

export type InboxOptions = {
  readonly rows: readonly { readonly message: InboxMessage; readonly number: E164 | null }[];
  /** Where this page begins, and the next one; null where there is none. */
  readonly after: number;
  readonly next: number | null;
  /** Whether simulated messages are listed, too. */
  readonly simulated: boolean;
  /** The words that somebody asked to read, which is on record. */
  readonly opened: { readonly id: string; readonly words: string | null } | null;
  readonly done: string;
};

/** What people wrote and the line did not understand: nothing was recorded of it, and somebody has to read it. */
export function inboxPage(parts: ConsoleParts, options: InboxOptions): Html {
  const { rows, after, next, done, simulated } = options;
  return html`${heading("Inbox", "", "Messages that were not understood, the oldest first. Nothing was recorded of them; to read one is written into the access log.")}
  ${done === "" ? NOTHING : html`<p class="done" role="status">${done}</p>`}
  ${parts.showSimulated ? NOTHING : worldLine(simulated)}
  ${
    rows.length === 0
      ? emptyState(
          "Nothing waits.",
          "What is understood, such as stop, start, yes and no, is answered at once.",
        )
      : html`<ol class="letters">
          ${rows.map((row) => letter(parts, row, options))}
        </ol>`
  }
  ${
    next === null && after === 0
      ? NOTHING
      : html`<nav class="pager" aria-label="Pages">
          ${after === 0 ? NOTHING : html`<a class="button" href="${inboxAddress(0, simulated)}">First</a>`}
          ${next === null ? NOTHING : html`<a class="button" rel="next" href="${inboxAddress(next, simulated)}">Next</a>`}
        </nav>`
  }`;
}

function letter(
  { businesses }: ConsoleParts,
  { message, number }: InboxOptions["rows"][number],
  { opened, after, simulated: shown }: InboxOptions,
): Html {
  const { id, businessId, subscriberId, at, locale, simulated } = message;
  const world = shown ? html`<input type="hidden" name="world" value="all" />` : NOTHING;
  const path = `/console/inbox/${businessId}/${id}`;
  const isOpen = opened?.id === id;
  return html`<li class="card" id="m-${id}">
    <div class="title-row">
      <p>
        <a href="/console/subscribers/${businessId}/${subscriberId}">${numberShown(number)}</a>
        ${simulatedBadge(simulated)}
      </p>
      <p class="soft small">${businessName(businesses, businessId)}, ${languageName(locale)}, ${time(at)}</p>
    </div>
    ${isOpen ? theirWords(opened.words) : NOTHING}
    <div class="acts">
      ${
        isOpen
          ? NOTHING
          : html`<form class="inline" method="post" action="${path}/read">
              <input type="hidden" name="after" value="${after}" />${world}
              <button
                type="submit"
                title="This is written into the access log"
                aria-label="Read message ${message.seq}"
              >
                Read
              </button>
            </form>`
      }
      <form class="inline" method="post" action="${path}/handled">
        ${world}
        <button type="submit" aria-label="Message ${message.seq} is dealt with">Dealt with</button>
      </form>
    </div>
  </li>`;
}

export function inboxAddress(after: number, simulated: boolean, done = ""): string {
  const set = [
    simulated ? "world=all" : "",
    after === 0 ? "" : `after=${after}`,
    done === "" ? "" : `done=${done}`,
  ];
  const query = set.filter((each) => each !== "").join("&");
  return `/console/inbox${query === "" ? "" : `?${query}`}`;
}

function worldLine(simulated: boolean): Html {
  const words = simulated ? "Simulated messages are listed, too." : "Simulated messages are left out.";
  return html`<p class="soft small">
    ${words} <a href="${inboxAddress(0, !simulated)}">${simulated ? "Leave them out" : "List them, too"}</a>
  </p>`;
}

/** A person's own words, as they were written. */
export function theirWords(words: string | null): Html {
  if (words === null) return html`<p class="soft">The words have been erased.</p>`;
  return words === ""
    ? html`<p class="soft">There were no words: a picture, a sound or a place.</p>`
    : html`<blockquote class="theirs"><p>${words}</p></blockquote>`;
}
