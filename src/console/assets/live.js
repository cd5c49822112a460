// The live tail: rows of the log as calls come and change. It can be paused at any time.
import { localTimes } from "./times.js";

/** More rows than this are no longer read; the log's pages have them all. */
const MAX_ROWS = 200;

export function bindLive() {
  const button = document.querySelector("#live");
  const tail = document.querySelector("#tail");
  if (button === null || tail === null) return;
  let source = null;
  let count = 0;
  button.hidden = false;
  button.addEventListener("click", () => (source === null ? follow() : pause("The tail is paused.")));
  addEventListener("pagehide", () => source?.close());
  follow();

  function follow() {
    source = new EventSource(tail.dataset.src);
    source.addEventListener("ready", () => show(true, "New calls show as they come."));
    source.addEventListener("call", ({ data }) => {
      put(tail, data);
      count++;
      say(`${count} ${count === 1 ? "change" : "changes"} since the page was opened.`);
    });
    source.addEventListener("error", () => {
      // The browser tries again by itself, unless the server has refused.
      if (source?.readyState === EventSource.CLOSED) pause("The tail has ended. Load the page again.");
      else show(false, "");
    });
  }

  function pause(words) {
    source?.close();
    source = null;
    show(false, words);
  }

  function show(live, words) {
    button.setAttribute("aria-pressed", String(live));
    if (words !== "") say(words);
  }

  function say(words) {
    document.querySelector("#tail-status").textContent = words;
  }
}

/** The server's own row, escaped there; it takes the place of the same call's, or comes first. */
function put(tail, markup) {
  const rows = tail.querySelector("[data-rows]");
  // The list was empty: its table comes with the page.
  if (rows === null) return location.reload();
  const holder = document.createElement("template");
  holder.innerHTML = markup;
  const row = holder.content.querySelector("tr");
  const known = rows.querySelector(`[data-call="${CSS.escape(row.dataset.call)}"]`);
  localTimes(holder.content);
  row.classList.add("fresh");
  if (known === null) rows.prepend(row);
  else if (known.contains(document.activeElement)) keepFocus(known, row);
  else known.replaceWith(row);
  for (const old of [...rows.children].slice(MAX_ROWS)) old.remove();
}

function keepFocus(known, row) {
  known.replaceWith(row);
  row.querySelector("[data-row-link]").focus();
}
