// The panel beside the phone: what was posted to the line, and what it answered.

import { byId, clockTime, element, unseen } from "./element.js";
import { prettyTwiml } from "./twiml.js";

/** @typedef {import("../../events.ts").WebhookEvent} WebhookEvent */

const errorDocs = "https://www.twilio.com/docs/api/errors/";

export function webhookPanel() {
  const list = byId("webhooks", HTMLOListElement);
  const sum = byId("webhooks-sum", HTMLParagraphElement);
  const empty = byId("webhooks-empty", HTMLDivElement);
  /** @type {WebhookEvent[]} */
  let webhooks = [];
  /** The one that the panel opened by itself. @type {HTMLDetailsElement | undefined} */
  let followed;

  return {
    clear() {
      webhooks = [];
      followed = undefined;
      list.replaceChildren();
      sum.textContent = "None yet";
      empty.hidden = false;
    },
    /** @param {WebhookEvent} webhook */
    add(webhook) {
      webhooks.push(webhook);
      empty.hidden = true;
      const shown = entry(webhook, webhooks.length);
      list.append(shown.item);
      sum.textContent = summary(webhooks);
      if (webhook.purpose === "status") return;
      if (followed !== undefined) followed.open = false;
      followed = shown.details;
      followed.open = true;
      list.scrollTop = shown.item.offsetTop + 1;
    },
  };
}

/** @param {readonly WebhookEvent[]} webhooks */
function summary(webhooks) {
  const errors = webhooks.filter(hasError).length;
  const slowest = Math.max(...webhooks.map(({ ms }) => ms));
  const count = webhooks.length === 1 ? "1 request" : `${webhooks.length} requests`;
  const trouble = errors === 0 ? "no errors" : errors === 1 ? "1 error" : `${errors} errors`;
  return `${count}, ${trouble}, slowest ${milliseconds(slowest)}`;
}

/** @param {WebhookEvent} webhook */
function hasError({ problems }) {
  return problems.some(({ severity }) => severity === "error");
}

/** @param {number} ms */
function milliseconds(ms) {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

const purposes = {
  call: "call",
  action: "answer",
  redirect: "redirect",
  fallback: "fallback",
  status: "status",
};

/** @param {WebhookEvent} webhook @param {number} number */
function entry(webhook, number) {
  const { method, status, ms, atMs, purpose, problems, twiml } = webhook;
  const digits = webhook.params["Digits"];
  const bad = hasError(webhook);
  const outcome = element(
    "span",
    bad ? "outcome bad" : "outcome",
    status === undefined ? "no answer" : String(status),
  );
  const details = element(
    "details",
    "",
    element(
      "summary",
      "",
      element("span", "at", clockTime(atMs)),
      element("span", "method", method),
      element("span", "path", pathOf(webhook.url)),
      element("span", "purpose", digits === undefined || digits === "" ? purposes[purpose] : `key ${digits}`),
      outcome,
      element("span", "took", milliseconds(ms)),
    ),
    ...(problems.length === 0 ? [] : [problemList(webhook)]),
    element("h3", "", "Answer"),
    twiml === "" ? element("p", "nothing", "No body.") : element("pre", "twiml", prettyTwiml(twiml)),
    element("h3", "", "Posted"),
    parameters(webhook.params),
  );
  const tries = webhook.tries > 1 ? [element("p", "nothing", `Sent ${webhook.tries} times.`)] : [];
  details.append(...tries);
  const item = element("li", bad ? "bad" : "", unseen(`Webhook ${number}`), details);
  return { item, details };
}

/** @param {string} url */
function pathOf(url) {
  if (!URL.canParse(url)) return url;
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/** @param {WebhookEvent} webhook */
function problemList({ problems }) {
  const items = problems.map(({ code, severity, message }) => {
    const link = element("a", "", String(code));
    link.href = errorDocs + code;
    link.rel = "noreferrer";
    return element("li", severity, element("strong", "", severity, " ", link), ` ${message}`);
  });
  return element("ul", "problems", ...items);
}

/** Empty ones are only named: there are many, and they say nothing. @param {Readonly<Record<string, string>>} params */
function parameters(params) {
  const entries = Object.entries(params);
  const rows = entries
    .filter(([, value]) => value !== "")
    .map(([name, value]) => element("div", "", element("dt", "", name), element("dd", "", value)));
  const empty = entries.filter(([, value]) => value === "").map(([name]) => name);
  const rest = empty.length === 0 ? [] : [element("p", "nothing", `Empty: ${empty.join(", ")}`)];
  return element("div", "params", element("dl", "", ...rows), ...rest);
}
