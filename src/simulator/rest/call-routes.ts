import { Hono } from "hono";
import type { StatusEvent } from "../status.ts";
import { formOf, isNumber, NO_FORM, NOT_FOUND, refuse } from "./form.ts";
import { refusal, type Refusal } from "./refusal.ts";
import { callResource, page, within } from "./resources.ts";
import type { Asked, Switchboard } from "./switchboard.ts";

/** The Call resource: placed with a POST, listed and looked up with a GET. */
export function callRoutes(switchboard: Switchboard, accountSid: string): Hono {
  const app = new Hono();

  app.post("/Calls.json", async (c) => {
    const form = await formOf(c);
    if (form === null) return refuse(c, NO_FORM);
    const asked = askedOf(form);
    const placed = "code" in asked ? asked : switchboard.place(asked);
    return "code" in placed ? refuse(c, placed) : c.json(callResource(placed, accountSid), 201);
  });

  app.get("/Calls.json", (c) => {
    const url = new URL(c.req.url);
    const { searchParams: query } = url;
    const [from, to, status] = [query.get("From"), query.get("To"), query.get("Status")];
    const found = switchboard.calls
      .newest()
      .filter(
        (one) =>
          (from === null || one.from === from) &&
          (to === null || one.to === to) &&
          (status === null || one.status === status) &&
          within(query, "StartTime", one.createdAt),
      );
    return c.json(page("calls", found, url, (row) => callResource(row, accountSid)));
  });

  const find = (file: string) => switchboard.calls.find(file.replace(/\.json$/u, ""));

  app.get("/Calls/:file", (c) => {
    const found = find(c.req.param("file"));
    return found === undefined ? refuse(c, NOT_FOUND) : c.json(callResource(found, accountSid));
  });

  /** Calls here are over as soon as they begin, since no clock keeps them waiting: there is none to lead elsewhere. */
  app.post("/Calls/:file", (c) => {
    const found = find(c.req.param("file"));
    const over = refusal(400, 21_220, "Call is not in-progress. Cannot redirect.");
    return refuse(c, found === undefined ? NOT_FOUND : over);
  });
  return app;
}

/** Twilio's own checks; codes: twilio.com/docs/api/errors. */
function askedOf(form: URLSearchParams): Asked | Refusal {
  const [to, from, url] = [form.get("To") ?? "", form.get("From") ?? "", form.get("Url") ?? ""];
  if (to === "") return refusal(400, 21_201, "No 'To' number is specified");
  if (!isNumber(to)) return refusal(400, 21_211, "Invalid 'To' Phone Number");
  if (!isNumber(from)) return refusal(400, 21_212, "The 'From' number is not a valid phone number");
  if (!isWebUrl(url)) return refusal(400, 21_205, "Url is not a valid URL");
  const statusCallback = form.get("StatusCallback") ?? undefined;
  if (statusCallback !== undefined && !isWebUrl(statusCallback)) {
    return refusal(400, 21_609, "Invalid 'StatusCallback' URL");
  }
  const events = form.getAll("StatusCallbackEvent");
  const statusEvents =
    events.length === 0 ? (["completed"] as const) : STATUS_EVENTS.filter((one) => events.includes(one));
  return {
    from,
    to,
    url,
    statusCallback,
    statusEvents,
    machineDetection: form.get("MachineDetection") !== null,
  };
}

const STATUS_EVENTS: readonly StatusEvent[] = ["initiated", "ringing", "answered", "completed"];

function isWebUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/u.test(new URL(text).protocol);
}
