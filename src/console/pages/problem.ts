import { html } from "hono/html";
import type { Html } from "./bits.ts";
import { heading } from "./layout.ts";

/** Something cannot be shown or done: why, and where to go from here. */
export function problemPage(title: string, words: string): Html {
  return html`${heading(title)}
    <div class="empty">
      <p>${words}</p>
      <p><a class="button primary" href="/console/today">To Today</a></p>
    </div>`;
}
