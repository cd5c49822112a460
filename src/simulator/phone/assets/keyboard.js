// The computer's keyboard as a telephone's.

/** @typedef {import("../../caller.ts").Key} Key */

/**
 * @typedef {{
 *   enabled: () => boolean,
 *   press: (key: Key) => void,
 *   call: () => void,
 *   hangUp: () => void,
 *   letters: Readonly<Record<string, () => void>>,
 * }} Shortcuts
 */

/** @param {string} text @returns {text is Key} */
export function isKey(text) {
  return /^[0-9*#]$/u.test(text);
}

/** Keys mean nothing here while somebody types, or together with Ctrl, Alt or Meta. @param {Shortcuts} shortcuts */
export function listenToKeyboard(shortcuts) {
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    const modified = event.ctrlKey || event.altKey || event.metaKey || event.isComposing;
    if (modified || event.repeat || !shortcuts.enabled() || !(target instanceof Element)) return;
    if (key === "Escape") shortcuts.hangUp();
    if (target.matches("input:not([type=radio], [type=checkbox]), select, textarea")) return;
    if (isKey(key)) shortcuts.press(key);
    else if (key === "Enter" && target.closest("button, a, summary") === null) shortcuts.call();
    else shortcuts.letters[key.toLowerCase()]?.();
  });
}
