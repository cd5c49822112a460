import { html, raw } from "hono/html";
import { STYLESHEET } from "./assets.ts";
import { icon } from "./icons.ts";
import type { PhoneLine } from "./phone-call.ts";
import { readableNumber } from "./readable-number.ts";

/** The page of the phone. Addresses are relative to it, so that it works behind any path. */
export function phonePage(lines: readonly PhoneLine[]) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Phone · Yesline</title>
        <link rel="icon" href="phone/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="phone/assets/${STYLESHEET}" />
        <script type="module" src="phone/assets/main.js"></script>
      </head>
      <body>
        <header class="masthead">
          <h1>Yesline <span>phone</span></h1>
          <p class="badge">Simulated: never consent</p>
        </header>
        <noscript><p class="problem">This phone needs JavaScript to ring.</p></noscript>
        <main class="desk" data-state="idle" id="desk">${device(lines)} ${panel()}</main>
      </body>
    </html>`;
}

function device(lines: readonly PhoneLine[]) {
  return html`<section class="device" aria-label="Phone">
    <div class="screen">
      ${setup(lines)} ${callScreen()}
      <p class="problem" id="problem" role="alert"></p>
    </div>
    ${tools()} ${keypad()}
    <div class="call-row">
      <button type="submit" form="setup" class="round call" id="call">
        ${icon("call")}<span id="call-label">Call</span>
      </button>
      <button type="button" class="round hang-up" id="hang-up" hidden>
        ${icon("hangUp")}<span>Hang up</span>
      </button>
    </div>
  </section>`;
}

function setup(lines: readonly PhoneLine[]) {
  return html`<form class="setup" id="setup" autocomplete="off">
    <fieldset class="lines">
      <legend>Whom to call</legend>
      ${lines.map(contact)}
    </fieldset>
    <div class="field">
      <label for="caller">Calling from</label>
      <div class="with-button">
        <input id="caller" name="caller" type="tel" value="+1 415 555 0123" maxlength="40" required />
        <button type="button" class="small" id="another-number" title="Another made-up number">
          ${icon("again")}<span class="unseen">Another made-up number</span>
        </button>
      </div>
      <label class="check"><input type="checkbox" name="withheld" id="withheld" /> Withhold the number</label>
    </div>
    <div class="field">
      <label for="attestation">What the carrier attests</label>
      <select id="attestation" name="attestation">
        <option value="A">A: it is this customer's number</option>
        <option value="B">B: it is a customer, the number is unknown</option>
        <option value="C">C: it came from another network</option>
        <option value="failed">The check failed</option>
        <option value="none">Nothing</option>
      </select>
    </div>
  </form>`;
}

function contact({ line, name, locales }: PhoneLine, index: number) {
  return html`<label class="contact">
    <input type="radio" name="line" value="${line}" ${index === 0 ? raw("checked") : ""} />
    <span class="monogram" aria-hidden="true">${monogram(name)}</span>
    <span class="who"><strong>${name}</strong> <span>${readableNumber(line)}</span></span>
    <span class="locales"
      >${locales.map((locale) => html`<span lang="${locale}">${languageOf(locale)}</span> `)}</span
    >
  </label>`;
}

function callScreen() {
  return html`<div class="in-call" id="in-call" hidden>
    <div class="call-head">
      <h2 id="line-name" tabindex="-1">No call</h2>
      <p class="line-number" id="line-number"></p>
      <p class="timer" id="timer" role="timer" aria-label="Time in the call">0:00</p>
    </div>
    <div class="transcript" id="transcript" role="log" aria-label="Transcript" tabindex="0"></div>
    <div class="state">
      <p id="status" role="status"></p>
      <p class="keyed" id="keyed" hidden><span class="unseen">Keyed </span><span id="keyed-digits"></span></p>
      <div class="countdown" id="countdown" hidden></div>
    </div>
  </div>`;
}

function tools() {
  return html`<div class="tools">
    <div class="acts" id="acts" role="group" aria-label="In the call" hidden>
      <button type="button" class="tool" id="silence" title="Say nothing: let the question pass (S)">
        ${icon("silence")}<span>Silence</span>
      </button>
      <button type="button" class="tool" id="skip" title="Skip the rest of this prompt (K)">
        ${icon("skip")}<span>Skip</span>
      </button>
    </div>
    <div class="acts" id="afterwards" role="group" aria-label="After the call" hidden>
      <a class="tool" id="save" href="phone" download>${icon("save")}<span>Save as scenario</span></a>
      <a class="tool" id="console-link" href="phone" hidden>${icon("open")}<span>Console</span></a>
      <button type="button" class="tool" id="new-call">${icon("back")}<span>New call</span></button>
    </div>
    <button type="button" class="tool" id="voice" aria-pressed="true" title="Speak the prompts (V)">
      ${icon("voice")}<span id="voice-label">Voice</span>
    </button>
    <fieldset class="paces" id="paces">
      <legend class="unseen">Speed</legend>
      ${pace("1", "1×", true)} ${pace("4", "4×", false)} ${pace("instant", "Instant", false)}
    </fieldset>
  </div>`;
}

function pace(value: string, label: string, checked: boolean) {
  return html`<label
    ><input type="radio" name="pace" value="${value}" ${checked ? raw("checked") : ""} /><span
      >${label}</span
    ></label
  >`;
}

const KEYPAD: readonly (readonly [key: string, beside: string])[] = [
  ["1", ""],
  ["2", "ABC"],
  ["3", "DEF"],
  ["4", "GHI"],
  ["5", "JKL"],
  ["6", "MNO"],
  ["7", "PQRS"],
  ["8", "TUV"],
  ["9", "WXYZ"],
  ["*", "star"],
  ["0", "+"],
  ["#", "hash"],
];

function keypad() {
  return html`<div class="keypad" id="keypad" role="group" aria-label="Keypad">
    ${KEYPAD.map(
      ([key, beside]) =>
        html`<button type="button" class="key" data-key="${key}">
          <span>${key}</span><small>${beside}</small>
        </button>`,
    )}
  </div>`;
}

function panel() {
  return html`<div class="panel">
    <section class="webhooks" aria-labelledby="webhooks-title">
      <div class="panel-head">
        <h2 id="webhooks-title">Webhooks</h2>
        <p id="webhooks-sum">None yet</p>
      </div>
      <div class="empty" id="webhooks-empty">
        <p class="invitation">Place a call, and watch the line answer.</p>
        <p>
          Each request that Twilio would send appears here, signed and posted for real, with the TwiML that
          came back.
        </p>
        <ul aria-label="Things to try">
          <li>${icon("silence")}<span>Say nothing, and hear it ask again</span></li>
          <li>${icon("keypad")}<span>Press a key that is not one of the choices</span></li>
          <li>${icon("hangUp")}<span>Hang up in the middle of a sentence</span></li>
          <li>${icon("again")}<span>Withhold your number, or make up another</span></li>
          <li>${icon("save")}<span>Save what you did as a scenario that plays it again</span></li>
        </ul>
      </div>
      <ol class="webhook-list" id="webhooks"></ol>
    </section>
    <section class="keys-help" aria-labelledby="keys-title">
      <h2 id="keys-title">On your keyboard</h2>
      <ul>
        <li><kbd>0</kbd>–<kbd>9</kbd> <kbd>*</kbd> <kbd>#</kbd> press</li>
        <li><kbd>Enter</kbd> call</li>
        <li><kbd>Esc</kbd> hang up</li>
        <li><kbd>S</kbd> silence</li>
        <li><kbd>K</kbd> skip</li>
        <li><kbd>V</kbd> voice</li>
        <li><kbd>F</kbd> speed</li>
      </ul>
      <label class="check"><input type="checkbox" id="shortcuts" checked /> Use these keys</label>
    </section>
  </div>`;
}

function monogram(name: string): string {
  const words = name.split(/\s+/u).map((word) => Array.from(word)[0] ?? "");
  return words.slice(0, 2).join("").toUpperCase();
}

/** A language's name in that language. */
function languageOf(locale: string): string {
  const { language } = new Intl.Locale(locale);
  return new Intl.DisplayNames([locale], { type: "language" }).of(language) ?? locale;
}
