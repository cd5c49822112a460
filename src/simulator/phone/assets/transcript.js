// What is said and keyed in the call, in words.

import { byId, element, unseen } from "./element.js";

/** A log that grows without end would slow the page. */
const longest = 2_000;

export function transcript() {
  const log = byId("transcript", HTMLDivElement);
  /** What the line is saying. @type {HTMLElement | undefined} */
  let present;

  /** Whoever scrolls back to read is left in peace. */
  let atEnd = true;
  const toEnd = () => {
    if (atEnd) log.scrollTop = log.scrollHeight;
  };
  log.addEventListener("scroll", () => {
    atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  });
  new ResizeObserver(toEnd).observe(log);

  /** @param {HTMLElement} line */
  function add(line) {
    log.append(line);
    if (log.childElementCount > longest) log.firstElementChild?.remove();
    toEnd();
  }

  function stopped() {
    present?.classList.remove("speaking");
    present = undefined;
  }

  return {
    clear() {
      log.replaceChildren();
      atEnd = true;
    },
    /** @param {string} text @param {string} language */
    speaking(text, language) {
      stopped();
      const words = element("span", "words", text);
      words.lang = language;
      const foreign = language.startsWith("en") ? [] : [element("span", "language", language)];
      present = element("p", "said speaking", unseen("Line: "), words, ...foreign);
      add(present);
    },
    /** @param {boolean} complete */
    spoken(complete) {
      if (!complete) present?.append(element("span", "cut", "cut short"));
      if (!complete) present?.classList.add("short");
      stopped();
    },
    /** @param {string} key @param {boolean} heard */
    pressed(key, heard) {
      const cap = element("kbd", "", key);
      add(
        heard
          ? element("p", "keyed-line", unseen("You pressed "), cap)
          : element("p", "keyed-line unheard", element("span", "", "nobody heard "), cap),
      );
    },
    /** @param {string} text */
    note: (text) => add(element("p", "note", text)),
  };
}
