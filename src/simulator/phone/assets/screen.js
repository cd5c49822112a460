// The phone's screen: which face it shows, the time in the call, what the line is doing.

import { byId, clockTime } from "./element.js";

/** @typedef {"idle" | "in-call" | "ended"} Face */
/** @typedef {import("../requests.ts").Pace} Pace */

const ticks = 200;

/** @param {{ pace: () => Pace }} options */
export function screen({ pace }) {
  const desk = byId("desk", HTMLElement);
  const timer = byId("timer", HTMLParagraphElement);
  const status = byId("status", HTMLParagraphElement);
  const keyed = byId("keyed-digits", HTMLSpanElement);
  const countdown = byId("countdown", HTMLDivElement);
  const name = byId("line-name", HTMLHeadingElement);
  /** Call time that is known, and when it was. */
  let known = { atMs: 0, since: 0 };
  let running = false;

  function showTime() {
    const speed = pace();
    const passed = running && speed !== "instant" ? (performance.now() - known.since) * Number(speed) : 0;
    timer.textContent = clockTime(known.atMs + passed);
  }
  setInterval(showTime, ticks);

  /** @param {string} id @param {boolean} shown */
  function show(id, shown) {
    const part = byId(id, HTMLElement);
    const focused = part.contains(document.activeElement);
    part.hidden = !shown;
    return focused && !shown;
  }

  return {
    /** @param {Face} face */
    turn(face) {
      desk.dataset["state"] = face;
      running = face === "in-call";
      byId("call-label", HTMLSpanElement).textContent = face === "ended" ? "Call again" : "Call";
      const lost = [
        show("setup", face === "idle"),
        show("in-call", face !== "idle"),
        show("acts", face === "in-call"),
        show("afterwards", face === "ended"),
        show("call", face !== "in-call"),
        show("hang-up", face === "in-call"),
      ];
      if (face !== "in-call") countdown.hidden = true;
      if (!lost.includes(true)) return;
      if (face === "idle") byId("call", HTMLButtonElement).focus();
      else name.focus();
    },
    /** @param {string} title @param {string} detail */
    title(title, detail) {
      name.textContent = title;
      byId("line-number", HTMLParagraphElement).textContent = detail;
    },
    /** @param {number} atMs */
    time(atMs) {
      known = { atMs, since: performance.now() };
      showTime();
    },
    /** @param {string} text @param {"busy" | "speaking" | "listening" | "quiet"} mood */
    status(text, mood) {
      status.textContent = text;
      status.dataset["mood"] = mood;
      if (mood !== "listening") countdown.hidden = true;
    },
    /** The time that is left for an answer runs out before one's eyes. @param {number} forMs */
    countDown(forMs) {
      const speed = pace();
      countdown.hidden = speed === "instant";
      if (speed === "instant") return;
      const drain = [{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }];
      for (const earlier of countdown.getAnimations()) earlier.cancel();
      countdown.animate(drain, { duration: forMs / Number(speed), fill: "forwards" });
    },
    /** @param {string} digits */
    keyed(digits) {
      keyed.textContent = digits;
      byId("keyed", HTMLParagraphElement).hidden = digits === "";
    },
    keyedDigits: () => keyed.textContent ?? "",
    /** @param {string} text "" takes it away */
    problem(text) {
      byId("problem", HTMLParagraphElement).textContent = text;
    },
  };
}
