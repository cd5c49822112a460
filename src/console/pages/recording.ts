import { html } from "hono/html";
import { needsRecording } from "../../call/recording.ts";
import type { Audio, Recording, RecordingState } from "../../ledger/recordings.ts";
import { may, type Role } from "../roles.ts";
import { badge, NOTHING, time, type Html } from "./bits.ts";
import { durationWords } from "./words.ts";

export type RecordingShown = { readonly recording: Recording; readonly audio: Audio | null };

const STATE_WORDS: Readonly<Record<RecordingState, readonly [words: string, tone: string, meaning: string]>> =
  {
    wanted: ["Asked for", "pending", "Twilio has been asked to record; it has not answered yet."],
    started: ["Being made", "pending", "Its digest is taken and sealed once the call is over."],
    kept: ["Kept", "granted", "It is at Twilio; its digest is sealed in the log."],
    missing: ["No recording", "refused", "The caller was told of one, and there is none."],
    deleting: ["To be deleted", "revoked", "Twilio is asked to delete it, until it has."],
    deleted: ["Deleted", "none", "Twilio has deleted it. What was sealed of it stays, and is nobody's."],
  };

/** Where the audio of a call is, which one it is, and a way to hear it for whoever may. */
export function recordingCard({ recording, audio }: RecordingShown, role: Role): Html {
  const { state, reason, businessId, callSid, jurisdiction, sid, changedAt } = recording;
  const [words, tone, meaning] = STATE_WORDS[state];
  return html`<section class="card" aria-labelledby="recording-title">
    <h2 id="recording-title">Recording</h2>
    <p>${badge(tone, words)} <span class="soft small">${time(changedAt)}</span></p>
    <p class="soft small">${meaning}${reason === null ? NOTHING : html`<br />No recording: ${reason}`}</p>
    ${
      state === "missing" && needsRecording(jurisdiction)
        ? html`<p class="problem">
            The law of ${jurisdiction} wants a recording of consent that was given by phone.
          </p>`
        : NOTHING
    }
    <dl class="facts">
      ${sid === null ? NOTHING : fact("SID", html`<code class="small break">${sid}</code>`)}
      ${
        audio === null
          ? NOTHING
          : html`${fact("Length", durationWords(audio.seconds))}
            ${fact("Size", `${audio.bytes.toLocaleString("en")} bytes`)}
            ${fact("SHA-256", html`<code class="small break">${audio.sha256}</code>`)}`
      }
    </dl>
    ${state === "kept" && may(role, "listen") ? player(`/console/recordings/${businessId}/${callSid}`) : NOTHING}
  </section>`;
}

/** Nothing is fetched before somebody presses play: who listens is on record. */
function player(address: string): Html {
  return html`<audio
      controls
      preload="none"
      src="${address}"
      data-checked
      aria-label="The call's audio"
    ></audio>
    <p class="problem" role="alert" data-unplayed hidden>
      It cannot be played. <a href="${address}">Why?</a>
    </p>
    <p class="soft small">
      Checked against its digest before it is played; who listens is in the access log.
      <a href="${address}" download="recording.wav">Download</a>
    </p>`;
}

function fact(name: string, value: Html | string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
