import { html } from "hono/html";
import { logAddress, writeLogQuery, type LogQuery } from "../log-query.ts";
import { MAX_VIEW_NAME, type SavedView } from "../preferences.ts";
import { NOTHING, type Html } from "./bits.ts";

export type ViewsOptions = {
  /** What is listed; null where that cannot be read. */
  readonly query: LogQuery | null;
  readonly views: readonly SavedView[];
  /** Why the last one could not be kept; its name is kept in the field. */
  readonly refused: { readonly name: string; readonly problem: string } | null;
};

const BUILT_IN: readonly { readonly name: string; readonly query: LogQuery }[] = [
  { name: "All calls", query: {} },
  { name: "Granted", query: { outcome: "granted" } },
  { name: "Withdrawn", query: { outcome: "revoked" } },
  { name: "Pending", query: { outcome: "pending" } },
  { name: "Longest", query: { sort: "longest" } },
];

/** Lists under a name, each an address; the reader's own can be forgotten, and this one kept. */
export function viewsBar({ query, views, refused }: ViewsOptions): Html {
  const address = query === null ? null : writeLogQuery(query);
  const built = BUILT_IN.map((view) => ({ name: view.name, query: writeLogQuery(view.query) }));
  const known = [...built, ...views].some((view) => view.query === address);
  const keep = query !== null && query.who === undefined && (!known || refused !== null);
  return html`<div class="views">
      <nav aria-label="Views">
        <ul class="tabs">
          ${built.map((view) => html`<li>${viewTab(view, address)}</li>`)}
          ${views.map(
            (view) =>
              html`<li class="own">
                ${viewTab(view, address)}
                <form method="post" action="/console/log/views/remove">
                  <input type="hidden" name="name" value="${view.name}" /><button
                    type="submit"
                    class="cross"
                    aria-label="Forget the view ${view.name}"
                  >
                    ×
                  </button>
                </form>
              </li>`,
          )}
        </ul>
      </nav>
      ${keep ? keepForm(address ?? "", refused?.name ?? "") : NOTHING}
    </div>
    ${refused === null ? NOTHING : html`<p class="problem" role="alert">${refused.problem}</p>`}`;
}

function keepForm(address: string, name: string): Html {
  return html`<form class="keep" method="post" action="/console/log/views">
    <input type="hidden" name="query" value="${address}" /><label class="unseen" for="view-name"
      >Name of this view</label
    ><input
      id="view-name"
      name="name"
      value="${name}"
      maxlength="${MAX_VIEW_NAME}"
      placeholder="Name this view"
      required
    /><button type="submit">Keep</button>
  </form>`;
}

function viewTab({ name, query }: SavedView, address: string | null): Html {
  return html`<a
    href="${query === "" ? logAddress({}) : `/console/log?${query}`}"
    ${query === address ? html` aria-current="true"` : NOTHING}
    >${name}</a
  >`;
}
