import { Hono } from "hono";
import { problem, type Problem } from "../problem.ts";
import type { Exchange } from "../wire.ts";
import { formOf, isNumber, isWhatsApp, NO_FORM, refuse } from "./form.ts";
import type { Note, PostOffice } from "./post-office.ts";
import { refusal, type Refusal } from "./refusal.ts";
import { messageResource } from "./resources.ts";
import type { Switchboard } from "./switchboard.ts";

/** Characters of what a person writes; WhatsApp's own bound. */
const MAX_BODY = 4_096;
const MAX_TIMES = 20;
const MAX_KEYS = 64;

/** What no telephone company offers: here people write, press buttons and pick up. */
export function peopleRoutes(office: PostOffice, switchboard: Switchboard, accountSid: string): Hono {
  const app = new Hono();

  app.post("/messages", async (c) => {
    const form = await formOf(c);
    if (form === null) return refuse(c, NO_FORM);
    const note = noteOf(form);
    const written = "code" in note ? note : await office.write(note);
    if ("code" in written) return refuse(c, written);
    const webhooks = written.exchanges.map(webhookOf);
    return c.json({ message: messageResource(written.message, accountSid), webhooks }, 201);
  });

  app.post("/calls", async (c) => {
    const form = await formOf(c);
    if (form === null) return refuse(c, NO_FORM);
    const [to, keys] = [form.get("To") ?? "", form.get("Keys") ?? ""];
    if (!isNumber(to)) return refuse(c, refusal(400, 21_201, "To is a number, such as +14155550123"));
    if (!/^[0-9*#,]*$/u.test(keys) || keys.length > MAX_KEYS) {
      return refuse(c, refusal(400, 21_201, 'Keys is what is pressed at each question, such as "2,1"'));
    }
    switchboard.expect(to, keys === "" ? [] : keys.split(","));
    return c.json({ to, keys }, 201);
  });
  return app;
}

function noteOf(form: URLSearchParams): Note | Refusal {
  const [from, to] = [form.get("From") ?? "", form.get("To") ?? ""];
  if (!isWhatsApp(from) || !isWhatsApp(to)) {
    return refusal(400, 21_211, "From and To are addresses, such as whatsapp:+14155550123");
  }
  const times = Number(form.get("Times") ?? 1);
  if (!(Number.isInteger(times) && times >= 1 && times <= MAX_TIMES)) {
    return refusal(400, 20_001, `Times is a whole number from 1 to ${MAX_TIMES}`);
  }
  const [body, button] = [form.get("Body"), form.get("Button")];
  if (button !== null) return { from, to, times, content: { button } };
  if (body === null || body.length > MAX_BODY) {
    return refusal(
      400,
      21_602,
      `Say what is written, at most ${MAX_BODY} characters, or which Button is pressed`,
    );
  }
  return { from, to, times, content: { body } };
}

/** What the service made of a webhook, as Twilio's debugger would show it. */
export type WebhookSeen = { readonly status: number | null; readonly problems: readonly Problem[] };

function webhookOf(outcome: Exchange["outcome"]): WebhookSeen {
  if (outcome.kind === "failure") return { status: null, problems: [outcome.problem] };
  const { status } = outcome.answer;
  const bad = status < 200 || status >= 300;
  return { status, problems: bad ? [problem(11_200, `Got HTTP ${status}`)] : [] };
}
