// The keys of the phone on the page: they sound while they are held, and count when they are let go.

import { byId } from "./element.js";
import { isKey } from "./keyboard.js";
import { speaker } from "./tones.js";

/** Milliseconds for which a key that was pressed on the keyboard looks pressed. */
const flash = 140;

/** @param {(key: import("../../caller.ts").Key) => void} onPress */
export function keypad(onPress) {
  const pad = byId("keypad", HTMLDivElement);
  const sound = speaker();
  /** Ends the tone that sounds now. */
  let release = () => {};
  let sounded = false;

  /** @param {EventTarget | null} target */
  function keyOf(target) {
    const button = target instanceof Element ? target.closest("button") : null;
    const key = button?.dataset["key"] ?? "";
    return isKey(key) ? key : undefined;
  }

  pad.addEventListener("pointerdown", ({ target }) => {
    const key = keyOf(target);
    if (key === undefined) return;
    release();
    release = sound.begin(key);
    sounded = true;
  });
  for (const end of ["pointerup", "pointercancel", "blur"]) {
    addEventListener(end, () => {
      release();
      release = () => {};
      setTimeout(() => {
        sounded = false;
      });
    });
  }
  // As on a telephone, a finger on a key moves nothing else: the focus stays where it was.
  pad.addEventListener("mousedown", (event) => event.preventDefault());
  pad.addEventListener("click", ({ target }) => {
    const key = keyOf(target);
    if (key === undefined) return;
    if (!sounded) sound.begin(key)();
    onPress(key);
  });

  return {
    /** The same key on the keyboard. @param {import("../../caller.ts").Key} key */
    press(key) {
      sound.begin(key)();
      const button = pad.querySelector(`[data-key="${CSS.escape(key)}"]`);
      button?.classList.add("down");
      setTimeout(() => button?.classList.remove("down"), flash);
      onPress(key);
    },
  };
}
