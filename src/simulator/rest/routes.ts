import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { callRoutes } from "./call-routes.ts";
import { NOT_FOUND, refuse } from "./form.ts";
import { messageRoutes } from "./message-routes.ts";
import { peopleRoutes } from "./people-routes.ts";
import { postOffice, type PostOfficeParts } from "./post-office.ts";
import { refusal } from "./refusal.ts";
import { recordingRoutes } from "./recording-routes.ts";
import { API_VERSION } from "./resources.ts";
import { studio } from "./studio.ts";
import { switchboard } from "./switchboard.ts";

export type RestParts = PostOfficeParts;

/** Far above any request that Twilio takes. */
const MAX_BODY_BYTES = 64 * 1_024;

/**
 * Twilio's REST API for the simulator's account, as far as a line asks for it: messages on WhatsApp, calls and
 * their recordings, in the shapes of Twilio's own description, with statuses that are told signed. Beside it stands what only a simulator has:
 * `/people/messages` (somebody writes or presses a button) and `/people/calls` (somebody waits for a call).
 */
export function restRoutes(parts: RestParts): Hono {
  const { accountSid } = parts;
  const office = postOffice(parts);
  const telephones = switchboard(parts);
  const app = new Hono();
  app.use(signedIn(parts));
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => refuse(c, refusal(413, 20_413, `A request is at most ${MAX_BODY_BYTES} bytes`)),
    }),
  );
  const account = `/${API_VERSION}/Accounts/${accountSid}`;
  app.route(account, messageRoutes(office, accountSid));
  app.route(account, callRoutes(telephones, accountSid));
  app.route(account, recordingRoutes(studio(parts), accountSid));
  app.route("/people", peopleRoutes(office, telephones, accountSid));
  app.all("*", (c) => refuse(c, NOT_FOUND));
  return app;
}

/** HTTP Basic with the account and its token, as Twilio wants it; the token compared is the simulator's own. */
function signedIn({ accountSid, authToken }: RestParts): MiddlewareHandler {
  const credentials = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  return async (c, next) =>
    c.req.header("Authorization") === credentials ? next() : refuse(c, refusal(401, 20_003, "Authenticate"));
}
