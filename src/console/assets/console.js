// What the console's pages do beyond links and forms. Every page works without it, but for the live tail.
import { bindKeys } from "./keys.js";
import { bindLive } from "./live.js";
import { bindSpeech } from "./speech.js";
import { localTimes, tellOffset } from "./times.js";

tellOffset();
localTimes(document);
bindKeys();
bindSpeech();
bindLive();

for (const audio of document.querySelectorAll("[data-checked]")) {
  const unplayed = audio.parentElement?.querySelector("[data-unplayed]");
  audio.addEventListener("error", () => unplayed?.removeAttribute("hidden"));
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
