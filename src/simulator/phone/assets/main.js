// Joins the page's parts: what the person does goes to the server, what happens comes back as events.

import { byId } from "./element.js";
import { happenings } from "./happenings.js";
import { listenToKeyboard } from "./keyboard.js";
import { keypad } from "./keypad.js";
import { screen as createScreen } from "./screen.js";
import { transcript as createTranscript } from "./transcript.js";
import { createVoice } from "./voice.js";
import { webhookPanel } from "./webhooks.js";
import { actor, follow, placeCall, scenarioUrl } from "./wire.js";

/** @typedef {import("../requests.ts").Pace} Pace */
/** @typedef {{ act: ReturnType<typeof actor>, leave: () => void, going: boolean }} PresentCall */

/** Where a page that is loaded anew finds its call. */
const remembered = "yesline-call";
const setup = byId("setup", HTMLFormElement);
const caller = byId("caller", HTMLInputElement);
const withheld = byId("withheld", HTMLInputElement);
const paces = byId("paces", HTMLFieldSetElement);
const voiceButton = byId("voice", HTMLButtonElement);

/** @type {PresentCall | undefined} */
let present;
let placing = false;

const screen = createScreen({ pace });
const transcript = createTranscript();
const voice = createVoice({
  pace,
  onMissing(language) {
    byId("voice-label", HTMLSpanElement).textContent = "No voice";
    voiceButton.title = `No voice on this device speaks ${language}: read along`;
  },
});
const onEvent = happenings({
  screen,
  transcript,
  webhooks: webhookPanel(),
  voice,
  pace,
  setPace,
  onPlaced({ callSid, consoleUrl }) {
    byId("save", HTMLAnchorElement).href = scenarioUrl(callSid);
    const link = byId("console-link", HTMLAnchorElement);
    link.hidden = consoleUrl === null;
    if (consoleUrl !== null) link.href = consoleUrl;
  },
  onEnded() {
    if (present !== undefined) present.going = false;
  },
});

/** The value of the radio button that is chosen. @param {HTMLElement} group */
function chosen(group) {
  const radio = group.querySelector("input[type=radio]:checked");
  return radio instanceof HTMLInputElement ? radio.value : "";
}

/** @returns {Pace} */
function pace() {
  const value = chosen(paces);
  return value === "4" || value === "instant" ? value : "1";
}

/** @param {Pace} value */
function setPace(value) {
  const input = paces.querySelector(`input[value="${value}"]`);
  if (input instanceof HTMLInputElement) input.checked = true;
}

/** @param {string} callSid @param {boolean} anew whether the page was loaded anew, in or after the call */
function attend(callSid, anew) {
  let known = !anew;
  const leave = follow(callSid, {
    onEvent(event, past) {
      known = true;
      onEvent(event, past && anew);
    },
    onCutOff(forGood) {
      if (!known && forGood) return forget();
      if (!forGood) return screen.problem("The connection is gone; coming back…");
      screen.problem("This phone's server does not know the call any more.");
      screen.turn("ended");
      if (present !== undefined) present.going = false;
    },
    onBack: () => screen.problem(""),
  });
  present = { act: actor(callSid), leave, going: true };
}

function forget() {
  sessionStorage.removeItem(remembered);
  present = undefined;
}

async function call() {
  if (placing || present?.going === true || !setup.reportValidity()) return;
  placing = true;
  screen.problem("");
  try {
    const callSid = await placeCall({
      line: chosen(setup),
      caller: withheld.checked ? "withheld" : caller.value,
      attestation: byId("attestation", HTMLSelectElement).value,
      pace: pace(),
    });
    present?.leave();
    sessionStorage.setItem(remembered, callSid);
    attend(callSid, false);
  } catch (error) {
    screen.problem(error instanceof Error ? error.message : String(error));
  } finally {
    placing = false;
  }
}

/** @param {import("../requests.ts").ActionRequest} action */
async function act(action) {
  if (present?.going !== true) return false;
  try {
    return await present.act(action);
  } catch (error) {
    screen.problem(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** @param {string} id @param {() => unknown} does */
function onClick(id, does) {
  byId(id, HTMLElement).addEventListener("click", () => void does());
}

const hangUp = () => {
  voice.hush();
  return act({ do: "hang-up" });
};
const silence = () => act({ do: "silence" });
const skip = () => {
  voice.hush();
  return act({ do: "skip" });
};
const toggleVoice = () => {
  voice.enable(!voice.enabled);
  voiceButton.setAttribute("aria-pressed", String(voice.enabled));
};
const faster = () => {
  setPace(pace() === "1" ? "4" : pace() === "4" ? "instant" : "1");
  changePace();
};
function changePace() {
  voice.hush();
  void act({ do: "pace", pace: pace() });
}

const keys = keypad((key) => void act({ do: "press", key }));

setup.addEventListener("submit", (event) => {
  event.preventDefault();
  void call();
});
paces.addEventListener("change", changePace);
onClick("hang-up", hangUp);
onClick("silence", silence);
onClick("skip", skip);
onClick("voice", toggleVoice);
onClick("new-call", () => {
  forget();
  screen.problem("");
  screen.turn("idle");
});
onClick("another-number", () => {
  const areas = [212, 305, 312, 415, 503, 617, 702, 808];
  const area = areas[Math.floor(Math.random() * areas.length)];
  const last = String(Math.floor(Math.random() * 100)).padStart(2, "0");
  caller.value = `+1 ${area} 555 01${last}`;
});
const showWithheld = () => {
  caller.disabled = withheld.checked;
  byId("another-number", HTMLButtonElement).disabled = withheld.checked;
};
withheld.addEventListener("change", showWithheld);
showWithheld();

listenToKeyboard({
  enabled: () => byId("shortcuts", HTMLInputElement).checked,
  press: (key) => keys.press(key),
  call: () => void call(),
  hangUp: () => void hangUp(),
  letters: { s: () => void silence(), k: () => void skip(), v: toggleVoice, f: faster },
});

const earlier = sessionStorage.getItem(remembered);
if (earlier !== null) attend(earlier, true);
