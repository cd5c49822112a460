import { html } from "hono/html";
import { FORMATS } from "../exports.ts";
import { icon, type Html } from "./bits.ts";

/** The list on this page as a file; `path` is the page's own, and `address` its filter. */
export function exportMenu(path: string, address: string): Html {
  return html`<details class="menu">
    <summary class="button">${icon("export")}<span>Export</span></summary>
    <ul>
      ${FORMATS.map(
        (format) =>
          html`<li>
            <form method="post" action="${path}/export/${format}">
              <input type="hidden" name="query" value="${address}" /><button type="submit">
                ${format.toUpperCase()}
              </button>
            </form>
          </li>`,
      )}
    </ul>
  </details>`;
}
