// The live tail: rows of the log as calls come and change. It can be paused at any time.
import { localTimes } from "./times.js";

/** More rows than this are no longer read; the log's pages have them all. */
const MAX_ROWS = 200;

export function bindLive() {
  const button = document.querySelector("#live");
  const tail = document.querySelector("#tail");
  if (button === null || tail === null) return;
  const notice = document.querySelector("#tail-notice");
  let source = null;
  let count = 0;
  // Where the page was made; then, where the tail has come. A pause or a break goes on from there.
  let place = tail.dataset.after;
  button.hidden = false;
  button.addEventListener("click", () => (source === null ? follow() : pause("The tail is paused.")));
  addEventListener("pagehide", () => source?.close());
  // Back from another page, as the browser kept this one.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && source !== null) follow();
  });
  follow();

  function follow() {
    const address = new URL(tail.dataset.src, location.href);
    address.searchParams.set("after", place);
    source = new EventSource(address);
    notice.hidden = true;
    source.addEventListener("ready", () => show(true, "New calls show as they come."));
    source.addEventListener("call", ({ data }) => {
      put(tail, data);
      count++;
      say(`${count} ${count === 1 ? "change" : "changes"} since the page was opened.`);
    });
    source.addEventListener("gone", ({ data }) => {
      for (const callSid of data.split(" ")) remove(tail, callSid);
    });
    source.addEventListener("place", ({ lastEventId }) => {
      place = lastEventId;
    });
    source.addEventListener("missed", ({ data }) => stop(`More than ${data} calls came meanwhile.`));
    source.addEventListener("error", () => {
      // The browser tries again by itself, unless the server has refused.
      if (source?.readyState === EventSource.CLOSED) stop("The tail has ended.");
      else show(false, "");
    });
  }

  /** What the list lacks from now on, only a new page has. */
  function stop(words) {
    pause(words);
    notice.hidden = false;
    notice.querySelector("[data-words]").textContent = words;
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

/** The server's own row, escaped there; it takes the place of the same call's, or stands where its beginning says. */
function put(tail, markup) {
  const rows = tail.querySelector("[data-rows]");
  // The list was empty: its table comes with the page.
  if (rows === null) return location.reload();
  const holder = document.createElement("template");
  holder.innerHTML = markup;
  const row = holder.content.querySelector("tr");
  const known = rowOf(rows, row.dataset.call);
  localTimes(holder.content);
  row.classList.add("fresh");
  if (known === null) rows.insertBefore(row, firstBefore(rows, begunAt(row)));
  else if (known.contains(document.activeElement)) keepFocus(known, row);
  else known.replaceWith(row);
  for (const old of [...rows.children].slice(MAX_ROWS)) old.remove();
}

/** A call that is no longer what the list asks for, as one in progress that has ended. */
function remove(tail, callSid) {
  const rows = tail.querySelector("[data-rows]");
  const row = rows === null ? null : rowOf(rows, callSid);
  if (row === null) return;
  const beside = row.nextElementSibling ?? row.previousElementSibling;
  if (row.contains(document.activeElement)) beside?.querySelector("[data-row-link]").focus();
  row.remove();
}

function rowOf(rows, callSid) {
  return rows.querySelector(`[data-call="${CSS.escape(callSid)}"]`);
}

/** The newest come first; null puts a row at the end. */
function firstBefore(rows, at) {
  return [...rows.children].find((row) => begunAt(row) <= at) ?? null;
}

/** In UTC and always as long, so that it sorts as text. */
function begunAt(row) {
  return row.querySelector("time").dateTime;
}

function keepFocus(known, row) {
  known.replaceWith(row);
  row.querySelector("[data-row-link]").focus();
}
