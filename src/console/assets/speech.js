// Reads what a caller heard aloud, each line in its own language, with the browser's own voices.

export function bindSpeech() {
  if (!("speechSynthesis" in globalThis)) return;
  for (const button of document.querySelectorAll("[data-speak]")) {
    button.hidden = false;
    button.addEventListener("click", () => toggle(button));
  }
  addEventListener("pagehide", () => speechSynthesis.cancel());
}

let speaking = null;

function toggle(button) {
  const again = speaking === button;
  speechSynthesis.cancel();
  still();
  if (again) return;
  speaking = button;
  button.querySelector("span").textContent = "Stop";
  const lines = button.closest(".said, .prompt").querySelectorAll("blockquote p");
  for (const [index, line] of lines.entries()) {
    const utterance = new SpeechSynthesisUtterance(line.textContent);
    utterance.lang = line.closest("[lang]").lang;
    utterance.addEventListener("start", () => line.classList.add("speaking"));
    utterance.addEventListener("end", () => {
      line.classList.remove("speaking");
      if (index === lines.length - 1 && speaking === button) still();
    });
    speechSynthesis.speak(utterance);
  }
}

function still() {
  if (speaking === null) return;
  speaking.querySelector("span").textContent = "Read aloud";
  for (const line of document.querySelectorAll(".speaking")) line.classList.remove("speaking");
  speaking = null;
}
