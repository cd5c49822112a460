import { Hono } from "hono";
import { formOf, isWhatsApp, NO_FORM, NOT_FOUND, refuse } from "./form.ts";
import type { Letter, PostOffice } from "./post-office.ts";
import { refusal, type Refusal } from "./refusal.ts";
import { messageResource, page, within } from "./resources.ts";

/** Characters of a text. Source: twilio.com/docs/api/errors/21617. */
const MAX_BODY = 1_600;

/** The Message resource: sent with a POST, listed and looked up with a GET. */
export function messageRoutes(office: PostOffice, accountSid: string): Hono {
  const app = new Hono();

  app.post("/Messages.json", async (c) => {
    const form = await formOf(c);
    if (form === null) return refuse(c, NO_FORM);
    const letter = letterOf(form);
    const sent = "code" in letter ? letter : office.send(letter);
    return "code" in sent ? refuse(c, sent) : c.json(messageResource(sent, accountSid), 201);
  });

  app.get("/Messages.json", (c) => {
    const url = new URL(c.req.url);
    const { searchParams: query } = url;
    const [from, to] = [query.get("From"), query.get("To")];
    const found = office.messages
      .newest()
      .filter(
        (one) =>
          (from === null || one.from === from) &&
          (to === null || one.to === to) &&
          within(query, "DateSent", one.sentAt ?? one.createdAt),
      );
    return c.json(page("messages", found, url, (row) => messageResource(row, accountSid)));
  });

  app.get("/Messages/:file", (c) => {
    const found = office.messages.find(c.req.param("file").replace(/\.json$/u, ""));
    return found === undefined ? refuse(c, NOT_FOUND) : c.json(messageResource(found, accountSid));
  });
  return app;
}

/** Twilio's own checks, in its order; codes: twilio.com/docs/api/errors. */
function letterOf(form: URLSearchParams): Letter | Refusal {
  const [to, from] = [form.get("To") ?? "", form.get("From") ?? ""];
  if (to === "") return refusal(400, 21_604, "A 'To' phone number is required.");
  if (from === "") return refusal(400, 21_603, "A 'From' phone number is required.");
  if (!isWhatsApp(to))
    return refusal(400, 21_211, "Invalid 'To' Phone Number: this simulator knows only WhatsApp");
  if (!isWhatsApp(from)) {
    return refusal(400, 63_007, "Twilio could not find a Channel with the specified From address");
  }
  const statusCallback = form.get("StatusCallback") ?? undefined;
  if (statusCallback !== undefined && !/^https?:\/\//u.test(statusCallback)) {
    return refusal(400, 21_609, "Invalid 'StatusCallback' URL");
  }
  const content = contentOf(form);
  return "code" in content ? content : { from, to, statusCallback, content };
}

function contentOf(form: URLSearchParams): Letter["content"] | Refusal {
  const contentSid = form.get("ContentSid");
  if (contentSid === null) {
    const body = form.get("Body") ?? "";
    if (body === "") return refusal(400, 21_619, "A text message body or media urls must be specified.");
    if (body.length > MAX_BODY) {
      return refusal(400, 21_617, "The concatenated message body exceeds the 1600 character limit");
    }
    return { kind: "text", body };
  }
  if (!/^HX[0-9a-fA-F]{32}$/u.test(contentSid)) return refusal(400, 21_655, "The ContentSid is Invalid");
  const variables = variablesOf(form.get("ContentVariables") ?? "{}");
  return variables === null
    ? refusal(400, 21_656, "The ContentVariables Parameter is invalid")
    : { kind: "template", contentSid, variables };
}

/** A JSON object whose values are texts. */
function variablesOf(text: string): ReadonlyMap<string, string> | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
  const entries = Object.entries(parsed);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === "string")
    ? new Map(entries)
    : null;
}
