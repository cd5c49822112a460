import { Hono } from "hono";
import { requires } from "../guard.ts";
import { page } from "../pages/layout.ts";
import { problemPage } from "../pages/problem.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";

/** A call's audio, for whoever may hear it: on record first, and not a second of it unless it is what was sealed. */
export function recordingsDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const door = new Hono<ConsoleEnv>();

  door.get("/recordings/:business/:sid", requires(parts, "listen"), async (c) => {
    const { business, sid } = c.req.param();
    const recording = await parts.recordings.of(business, sid);
    if (recording === null || parts.playRecording === null)
      return refuse(c, 404, "Not here", "This call was not recorded.");
    await logAccess(parts, c, {
      action: "listened",
      businessId: business,
      subject: sid,
      detail: "a recording",
    });
    const played = await parts.playRecording(business, sid);
    switch (played.kind) {
      case "audio":
        return c.body(played.audio, 200, {
          "Content-Type": "audio/wav",
          "Content-Length": String(played.audio.length),
          "Content-Disposition": `inline; filename="${sid}.wav"`,
        });
      case "none":
        return refuse(c, 404, "No audio", played.reason);
      case "unreachable":
        return refuse(c, 503, "No audio now", played.reason);
      case "altered":
        parts.onAltered?.({ businessId: business, callSid: sid, sealed: played.sealed, found: played.found });
        return refuse(
          c,
          502,
          "Not the audio that was sealed",
          `It is refused: what Twilio gives has the SHA-256 ${played.found}, and ${played.sealed} was sealed.`,
        );
    }
  });

  function refuse(c: ConsoleContext, status: 404 | 502 | 503, title: string, words: string) {
    return c.html(page(c, parts, { title, place: "none", body: problemPage(title, words) }), status);
  }

  return door;
}
