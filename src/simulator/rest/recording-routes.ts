import { Hono } from "hono";
import { formOf, NO_FORM, NOT_FOUND, refuse } from "./form.ts";
import { refusal, type Refusal } from "./refusal.ts";
import { API_VERSION, page, rfc2822 } from "./resources.ts";
import type { Recording, RecordingAsked, Studio } from "./studio.ts";
import { toneOf } from "./wav.ts";

/** The Recording resource: started and stopped with a POST, listed, looked up and heard with a GET, deleted. */
export function recordingRoutes(studio: Studio, accountSid: string): Hono {
  const app = new Hono();
  const shown = (recording: Recording) => recordingResource(recording, accountSid);
  const find = (file: string, ending: string) =>
    file.endsWith(ending) ? studio.recordings.find(file.slice(0, -ending.length)) : undefined;

  app.post("/Calls/:call/Recordings.json", async (c) => {
    const form = await formOf(c);
    if (form === null) return refuse(c, NO_FORM);
    const asked = askedOf(c.req.param("call"), form);
    const made = "code" in asked ? asked : studio.record(asked);
    return "code" in made ? refuse(c, made) : c.json(shown(made), 201);
  });

  app.get("/Calls/:call/Recordings.json", (c) => {
    const of = studio.recordings.newest().filter(({ callSid }) => callSid === c.req.param("call"));
    return c.json(page("recordings", of, new URL(c.req.url), shown));
  });

  app.post("/Calls/:call/Recordings/:file", async (c) => {
    const form = await formOf(c);
    if (form === null) return refuse(c, NO_FORM);
    const found = find(c.req.param("file"), ".json");
    if (found === undefined || found.callSid !== c.req.param("call")) return refuse(c, NOT_FOUND);
    return refuse(c, refusal(400, 21_220, "Unable to update record: the recording is not in-progress."));
  });

  app.get("/Recordings/:file", (c) => {
    const file = c.req.param("file");
    const audio = find(file, ".wav");
    if (audio?.status === "completed")
      return c.body(toneOf(audio.sid), 200, { "Content-Type": "audio/x-wav" });
    const found = find(file, ".json");
    return found === undefined ? refuse(c, NOT_FOUND) : c.json(shown(found));
  });

  app.delete("/Recordings/:file", (c) => {
    const found = find(c.req.param("file"), ".json");
    if (found === undefined || !studio.remove(found.sid)) return refuse(c, NOT_FOUND);
    return c.body(null, 204);
  });
  return app;
}

function askedOf(callSid: string, form: URLSearchParams): RecordingAsked | Refusal {
  if (!/^CA[0-9a-f]{32}$/u.test(callSid)) return NOT_FOUND;
  const statusCallback = form.get("RecordingStatusCallback") ?? undefined;
  if (statusCallback !== undefined && !/^https?:\/\//u.test(statusCallback)) {
    return refusal(400, 21_609, "Invalid 'RecordingStatusCallback' URL");
  }
  const events = form.getAll("RecordingStatusCallbackEvent");
  return { callSid, statusCallback, events: new Set(events.length === 0 ? ["completed"] : events) };
}

function recordingResource(
  { sid, callSid, status, seconds, createdAt, updatedAt }: Recording,
  accountSid: string,
) {
  return {
    account_sid: accountSid,
    api_version: API_VERSION,
    call_sid: callSid,
    channels: 1,
    conference_sid: null,
    date_created: rfc2822(createdAt),
    date_updated: rfc2822(updatedAt),
    duration: seconds === null ? null : String(seconds),
    encryption_details: null,
    error_code: null,
    price: null,
    price_unit: "USD",
    sid,
    source: "StartCallRecordingAPI",
    start_time: rfc2822(createdAt),
    status,
    uri: `/${API_VERSION}/Accounts/${accountSid}/Recordings/${sid}.json`,
  };
}
