import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { assetRoutes } from "./assets.ts";
import { checksDoor } from "./doors/checks.ts";
import { conversationDoor } from "./doors/conversation.ts";
import { elsewhereDoor } from "./doors/elsewhere.ts";
import { forgettingDoor } from "./doors/forgetting.ts";
import { houseDoor } from "./doors/house.ts";
import { logDoor } from "./doors/log.ts";
import { peopleDoor } from "./doors/people.ts";
import { privacyDoor } from "./doors/privacy.ts";
import { recordingsDoor } from "./doors/recordings.ts";
import { signInDoor } from "./doors/sign-in.ts";
import { systemsDoor } from "./doors/systems.ts";
import { trafficDoor } from "./doors/traffic.ts";
import { hardened, plainForms, sameOrigin, signedIn } from "./guard.ts";
import { page } from "./pages/layout.ts";
import { problemPage } from "./pages/problem.ts";
import type { ConsoleEnv, ConsoleParts } from "./parts.ts";

/** What a form of ours can hold is far below. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * The door for supervisors, at /console. Everybody is sent to the sign-in page first; every state change must come
 * from our own pages; what is looked at, revealed, exported or changed is in the access log before it is shown.
 */
export function consoleRoutes(parts: ConsoleParts): Hono<ConsoleEnv> {
  const routes = new Hono<ConsoleEnv>();
  routes.use(hardened());
  routes.route("/assets", assetRoutes());
  routes.use(sameOrigin(parts.publicUrl));
  routes.use(
    bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => c.text("The body is over 64 kB.\n", 413) }),
  );
  routes.post("*", plainForms());
  routes.route("/", signInDoor(parts));
  routes.use(signedIn(parts));
  routes.route("/", logDoor(parts));
  routes.route("/", peopleDoor(parts));
  routes.route("/", recordingsDoor(parts));
  routes.route("/", privacyDoor(parts));
  routes.route("/", forgettingDoor(parts));
  routes.route("/", conversationDoor(parts));
  routes.route("/", trafficDoor(parts));
  routes.route("/", elsewhereDoor(parts));
  routes.route("/", checksDoor(parts));
  routes.route("/", houseDoor(parts));
  routes.route("/", systemsDoor(parts));
  routes.all("*", (c) => {
    const body = problemPage("Not here", "There is no such page in the console.");
    return c.html(page(c, parts, { title: "Not here", place: "none", body }), 404);
  });
  return routes;
}
