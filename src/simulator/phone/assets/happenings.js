// What each event of a call does to the page.

/** @typedef {import("../phone-event.ts").PhoneEvent} PhoneEvent */

/**
 * @typedef {{
 *   screen: ReturnType<typeof import("./screen.js").screen>,
 *   transcript: ReturnType<typeof import("./transcript.js").transcript>,
 *   webhooks: ReturnType<typeof import("./webhooks.js").webhookPanel>,
 *   voice: ReturnType<typeof import("./voice.js").createVoice>,
 *   pace: () => import("../requests.ts").Pace,
 *   setPace: (pace: import("../requests.ts").Pace) => void,
 *   onPlaced: (event: import("../phone-event.ts").PlacedEvent) => void,
 *   onEnded: () => void,
 * }} Page
 */

/**
 * @template {PhoneEvent["kind"]} Kind
 * @typedef {{ [K in Kind]: (event: Extract<PhoneEvent, { kind: K }>, past: boolean) => void }} Handlers
 */

/**
 * @param {Page} page
 * @returns {(event: PhoneEvent, past: boolean) => void}
 */
export function happenings(page) {
  /** @type {Handlers<PhoneEvent["kind"]>} */
  const handlers = { ...course(page), ...speech(page), ...keys(page), ...others(page) };
  return (event, past) => {
    page.screen.time(event.kind === "spoken" ? event.toMs : event.atMs);
    handlers[event.kind](/** @type {never} */ (event), past);
  };
}

/**
 * From the first ring to the end.
 * @param {Page} page
 * @returns {Handlers<"placed" | "webhook" | "paced" | "note" | "ended">}
 */
function course(page) {
  const { screen, transcript, webhooks } = page;
  const whose = {
    caller: "You hung up",
    service: "The line hung up",
    twilio: "Twilio ended the call",
    simulator: "The simulator ended the call",
  };
  return {
    placed(event) {
      transcript.clear();
      webhooks.clear();
      screen.keyed("");
      screen.problem("");
      screen.title(
        event.name,
        event.from === null ? "Your number is withheld" : `Calling from ${event.from}`,
      );
      screen.status("Calling", "busy");
      page.setPace(event.pace);
      screen.turn("in-call");
      page.onPlaced(event);
    },
    webhook: (event) => webhooks.add(event),
    paced: (event) => page.setPace(event.pace),
    note: (event) => screen.problem(event.text),
    ended(event) {
      const plain = event.by === "caller" || event.reason === "the service hung up";
      transcript.note(plain ? `${whose[event.by]}.` : `${whose[event.by]}: ${event.reason}.`);
      screen.status("Call ended", "quiet");
      screen.keyed("");
      screen.turn("ended");
      page.onEnded();
    },
  };
}

/**
 * What the line says.
 * @param {Page} page
 * @returns {Handlers<"speaking" | "spoken" | "played">}
 */
function speech({ screen, transcript, voice }) {
  return {
    speaking(event, past) {
      transcript.speaking(event.text, event.language);
      if (!past) voice.speak(event.text, event.language, event.forMs);
      screen.status("The line is speaking", "speaking");
    },
    spoken(event) {
      transcript.spoken(event.complete);
      if (!event.complete) voice.hush();
    },
    played: (event) => transcript.note(`The line plays ${event.digits ?? event.url}`),
  };
}

/**
 * What the line hears.
 * @param {Page} page
 * @returns {Handlers<"listening" | "waiting" | "pressed" | "lost" | "silence" | "gathered">}
 */
function keys({ screen, transcript, pace }) {
  return {
    listening: () => screen.keyed(""),
    waiting(event) {
      screen.status(pace() === "instant" ? "Listening; time waits for you" : "Listening", "listening");
      screen.keyed(event.digits);
      screen.countDown(event.forMs);
    },
    pressed(event) {
      transcript.pressed(event.key, event.heard);
      if (event.heard) screen.keyed(screen.keyedDigits() + event.key);
    },
    lost: (event) => transcript.pressed(event.key, false),
    silence() {
      screen.status("One moment", "busy");
      transcript.note("You said nothing");
    },
    gathered: () => screen.status("One moment", "busy"),
  };
}

/**
 * What Yesline does seldom or never, and other TwiML services do.
 * @param {Page} page
 * @returns {Handlers<"connecting" | "dialed" | "recorded" | "said">}
 */
function others({ screen, transcript }) {
  return {
    connecting({ stage }) {
      screen.status(stage === "ringing" ? "Ringing a person" : "Talking with a person", "speaking");
    },
    dialed: ({ to, status, seconds }) =>
      transcript.note(`Connected to ${to}: ${status}, ${Math.round(seconds)} s`),
    recorded: ({ seconds }) => transcript.note(`The line recorded ${Math.round(seconds)} s`),
    said: ({ text }) => transcript.note(`You said: ${text}`),
  };
}
