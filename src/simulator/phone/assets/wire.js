// What the page asks of its server, and what it is told.

/**
 * @typedef {import("../phone-event.ts").PhoneEvent} PhoneEvent
 * @typedef {import("../requests.ts").ActionRequest} ActionRequest
 */

/** This file is phone/assets/wire.js; the calls are phone/calls. */
const calls = new URL("../calls", import.meta.url);

/**
 * @param {URL} url
 * @param {object} body
 * @returns {Promise<any>}
 */
async function post(url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error("The server cannot be reached.");
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `The server answered ${response.status}.`);
  return answer;
}

/**
 * @param {{ line: string, caller: string, attestation: string, pace: string }} request
 * @returns {Promise<string>} the CallSid
 */
export async function placeCall(request) {
  return (await post(calls, request)).callSid;
}

/** @param {string} callSid */
export function scenarioUrl(callSid) {
  return `${calls}/${callSid}/scenario.yaml`;
}

/**
 * Acts in a call, one act after the other, so that keys arrive in the order in which they were pressed.
 * @param {string} callSid
 * @returns {(action: ActionRequest) => Promise<boolean>} whether the call took it
 */
export function actor(callSid) {
  /** @type {Promise<unknown>} */
  let before = Promise.resolve();
  return (action) => {
    const done = before.then(async () => (await post(new URL(`${calls}/${callSid}/actions`), action)).taken);
    before = done.catch(() => undefined);
    return done;
  };
}

/**
 * Follows a call to its end. The browser comes back by itself when it was cut off, and names the last
 * event that it has seen; the server then sends what followed.
 * @param {string} callSid
 * @param {{ onEvent: (event: PhoneEvent, past: boolean) => void, onCutOff: (forGood: boolean) => void, onBack: () => void }} listener
 *   `past`: it happened before the page began to follow
 */
export function follow(callSid, { onEvent, onCutOff, onBack }) {
  const source = new EventSource(`${calls}/${callSid}/events`);
  let lastPast = 0;
  source.addEventListener("past", ({ data }) => {
    lastPast = Number(data);
  });
  source.addEventListener("message", ({ data, lastEventId }) => {
    /** @type {PhoneEvent} */
    const event = JSON.parse(data);
    if (event.kind === "ended") source.close();
    onEvent(event, Number(lastEventId) <= lastPast);
  });
  let cutOff = false;
  source.addEventListener("open", () => {
    if (cutOff) onBack();
    cutOff = false;
  });
  source.addEventListener("error", () => {
    cutOff = true;
    onCutOff(source.readyState === EventSource.CLOSED);
  });
  return () => source.close();
}
