import { Hono } from "hono";
import { html } from "hono/html";
import { readForm } from "../form.ts";
import { placeWithin, setCookies, visitOf } from "../guard.ts";
import type { Operator, SignIn } from "../identity/identity.ts";
import { TooManyAtOnce } from "../identity/passwords.ts";
import { outsidePage } from "../pages/layout.ts";
import { codePage, signInPage } from "../pages/sign-in.ts";
import type { ConsoleContext, ConsoleEnv, ConsoleParts } from "../parts.ts";
import { keepPreference, THEMES } from "../preferences.ts";

/** So many wrong passwords for one account, from wherever, and it rests; none of its tries says whether it exists. */
const MAX_FAILURES = 10;
const FAILURES_WITHIN_MS = 15 * 60 * 1000;
const MAX_EMAIL_LENGTH = 254;

const REFUSED = "This address and password do not go together.";
const THROTTLED = "Too many tries. Wait a few minutes, then try again.";

/** What a stranger may reach: signing in and out, and the colours. */
export function signInDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { reading, now } = parts;
  const door = new Hono<ConsoleEnv>();

  door.get("/sign-in", async (c) => {
    const identity = await parts.identity();
    const next = placeWithin(c.req.query("next") ?? "");
    if ((await identity.session(visitOf(c), true)) !== null) return c.redirect(next, 303);
    const problem =
      c.req.query("problem") === "single-sign-on"
        ? "Single sign-on did not let you in. An admin has to add your address first."
        : "";
    return show(c, { problem, next });
  });

  door.post("/sign-in", async (c) => {
    const form = await readForm(c);
    const email = form.text("email", MAX_EMAIL_LENGTH).toLowerCase();
    const next = placeWithin(form.text("next", 500));
    const name = /^[^\s@]+@[^\s@]+$/.test(email) ? email : "(not an address)";
    if (await rests(name)) return show(c, { problem: THROTTLED, next, email }, 429);
    const answer = await tried(async () =>
      (await parts.identity()).signIn(email, form.verbatim("password").slice(0, 256), visitOf(c)),
    );
    return conclude(c, answer, name, () => show(c, { problem: REFUSED, next, email }, 401), next);
  });

  door.get("/sign-in/code", (c) =>
    c.html(outsidePage(c, "Second factor", codePage("", placeWithin(c.req.query("next") ?? "")))),
  );

  door.post("/sign-in/code", async (c) => {
    const form = await readForm(c);
    const next = placeWithin(form.text("next", 500));
    const answer = await tried(async () =>
      (await parts.identity()).verifyCode(form.text("code", 32).replaceAll(" ", ""), visitOf(c)),
    );
    const again = () =>
      c.html(outsidePage(c, "Second factor", codePage("This code does not fit.", next)), 401);
    return conclude(c, answer, "(second factor)", again, next);
  });

  door.post("/sign-in/single-sign-on", async (c) => {
    const begun = await (await parts.identity()).beginSingleSignOn(visitOf(c));
    if (begun === null) return show(c, { problem: "The sign-on provider cannot be reached." }, 503);
    setCookies(c, begun.cookies);
    // A form may not lead elsewhere (form-action 'self'), a page may.
    c.header("Refresh", `0;url=${begun.location}`);
    const body = html`<div class="door">
      <h1>One moment</h1>
      <p><a href="${begun.location}">On to your sign-on provider</a></p>
    </div>`;
    return c.html(outsidePage(c, "Single sign-on", body));
  });

  door.get("/auth/callback/oidc", async (c) => {
    const identity = await parts.identity();
    const visit = visitOf(c);
    const { location, cookies } = await identity.endSingleSignOn(new URL(c.req.url).search, visit);
    setCookies(c, cookies);
    const cookie = cookies.map((each) => each.split(";")[0]).join("; ");
    const session = await identity.session({ ...visit, cookie }, false);
    if (session !== null) await entered(session.operator, "single sign-on");
    return c.redirect(session === null ? "/console/sign-in?problem=single-sign-on" : location, 303);
  });

  door.post("/sign-out", async (c) => {
    const identity = await parts.identity();
    const visit = visitOf(c);
    const session = await identity.session(visit, false);
    setCookies(c, await identity.signOut(visit));
    if (session !== null) await log(session.operator.id, session.operator.email, "signed-out", "");
    return c.redirect("/console/sign-in", 303);
  });

  door.post("/preferences", async (c) => {
    const form = await readForm(c);
    const theme = THEMES.find((each) => each === form.text("theme", 10));
    const keys = form.text("keys", 3);
    if (theme !== undefined) keepPreference(c, "theme", theme);
    if (keys === "on" || keys === "off") keepPreference(c, "keys", keys);
    const from = c.req.header("referer") ?? "";
    const back = URL.canParse(from) ? new URL(from) : null;
    const place = back === null ? "" : back.pathname.replace(ANSWERED_A_POST, "") + back.search;
    return c.redirect(placeWithin(place), 303);
  });

  async function show(
    c: ConsoleContext,
    { problem, email = "", next = "" }: { problem: string; email?: string; next?: string },
    status: 200 | 401 | 429 | 503 = 200,
  ) {
    const { singleSignOn } = await parts.identity();
    return c.html(outsidePage(c, "Sign in", signInPage({ problem, email, singleSignOn, next })), status);
  }

  async function conclude(
    c: ConsoleContext,
    answer: SignIn,
    name: string,
    refused: () => Response | Promise<Response>,
    next: string,
  ): Promise<Response> {
    switch (answer.kind) {
      case "signed-in":
        await entered(answer.operator, "");
        setCookies(c, answer.cookies);
        return c.redirect(next, 303);
      case "code-needed":
        setCookies(c, answer.cookies);
        return c.redirect(`/console/sign-in/code?next=${encodeURIComponent(next)}`, 303);
      case "refused":
        await log(null, name, "sign-in-failed", "");
        return refused();
      case "throttled":
        c.header("Retry-After", String(answer.retryAfterSeconds));
        return show(c, { problem: THROTTLED, next }, 429);
    }
  }

  async function rests(name: string): Promise<boolean> {
    const filter = {
      actorNames: [name],
      action: "sign-in-failed",
      since: now() - FAILURES_WITHIN_MS,
    } as const;
    const page = { cursor: null, limit: MAX_FAILURES, direction: "next" } as const;
    return (await reading.accesses(filter, page)).rows.length >= MAX_FAILURES;
  }

  function entered(operator: Operator, detail: string): Promise<void> {
    return log(operator.id, operator.email, "signed-in", detail);
  }

  function log(
    actor: string | null,
    actorName: string,
    action: "signed-in" | "sign-in-failed" | "signed-out",
    detail: string,
  ) {
    return reading.logAccess({
      actor,
      actorName,
      action,
      businessId: null,
      subject: null,
      detail,
      at: now(),
    });
  }

  return door;
}

/** More sign-ins at once than are let wait are throttled like any others. */
async function tried(act: () => Promise<SignIn>): Promise<SignIn> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof TooManyAtOnce) return { kind: "throttled", retryAfterSeconds: 5 };
    throw error;
  }
}

/** Pages that answered a POST have no address of their own: one goes back to the page they belong to. */
const ANSWERED_A_POST =
  /(?:\/reveal|\/withdraw|\/search|\/password|\/second-factor(?:\/\w+)?|(?<=\/operators)\/[^/]+\/\w+)$/;
