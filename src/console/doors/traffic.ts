import { Hono } from "hono";
import { z } from "zod";
import type { E164 } from "../../call/phone-number.ts";
import { OUTGOING_STATES, type Outgoing } from "../../ledger/outgoing.ts";
import { OTHER_SOURCES } from "../../ledger/quality.ts";
import { DAYS, momentsOf, readAddress, writeAddress } from "../address.ts";
import { readForm } from "../form.ts";
import { requires } from "../guard.ts";
import { elsewherePage } from "../pages/elsewhere.ts";
import { inboxPage, type InboxOptions } from "../pages/inbox.ts";
import { page } from "../pages/layout.ts";
import { MAX_NUMBER_LENGTH, OUTGOING_KINDS, outgoingPage, type OutgoingOptions } from "../pages/outgoing.ts";
import { ENTRY_KINDS } from "../pages/words.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { numberTyped, requestNamed } from "../typed.ts";
import { gone } from "./person.ts";

const ROWS_A_PAGE = 50;
const LETTERS_A_PAGE = 20;

const BUSINESS = {
  label: "Business",
  takes: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  fix: "Choose a business from the list.",
} as const;

const OUTGOING_FIELDS = {
  state: { label: "State", takes: z.enum(OUTGOING_STATES), fix: "Choose one from the list." },
  kind: { label: "What", takes: z.enum(OUTGOING_KINDS), fix: "Choose one from the list." },
  business: BUSINESS,
} as const;

const ENTRY_FIELDS = {
  source: { label: "How", takes: z.enum(OTHER_SOURCES), fix: "Choose one from the list." },
  kind: { label: "What", takes: z.enum(ENTRY_KINDS), fix: "Choose one from the list." },
  business: BUSINESS,
  world: { label: "World", takes: z.enum(["real", "simulated", "all"]), fix: "Choose one from the list." },
  ...DAYS,
} as const;

const OUTGOING_DONE: Readonly<Record<string, string>> = {
  retried: "It is tried again.",
  called: "The call is placed as soon as it can be.",
};
const INBOX_DONE: Readonly<Record<string, string>> = {
  handled: "The message is dealt with.",
  before: "Somebody has dealt with it already.",
};

/** What leaves, what came and was not understood, and what was recorded another way than by phone. */
export function trafficDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const door = new Hono<ConsoleEnv>();
  outgoingRoutes(door, parts);
  inboxRoutes(door, parts);
  const { quality, showSimulated } = parts;

  door.get("/entries", async (c) => {
    const { asked, mistakes } = readAddress(ENTRY_FIELDS, c.req.query(), ["before"]);
    const { source, kind, business, world = showSimulated ? "all" : "real", ...days } = asked;
    const before = c.req.query("before") ?? null;
    const found =
      mistakes.length > 0
        ? { rows: [], next: null }
        : await quality.elsewhere({
            source,
            kind,
            businessId: business,
            simulated: world === "all" ? undefined : world === "simulated",
            ...momentsOf(days, c.get("preferences").utcOffsetMinutes ?? 0),
            before,
            limit: ROWS_A_PAGE,
          });
    const body = elsewherePage(parts, {
      query: asked,
      mistakes,
      page: found,
      first: before === null,
      address: writeAddress(ENTRY_FIELDS, asked),
      role: c.get("operator").role,
    });
    return c.html(
      page(c, parts, { title: "Other entries", place: "entries", body }),
      mistakes.length > 0 ? 400 : 200,
    );
  });

  return door;
}

function outgoingRoutes(door: Hono<ConsoleEnv>, parts: ConsoleParts): void {
  const { outgoing, businesses, placeCall, showSimulated, now, wake } = parts;

  door.get("/outgoing", (c) => show(c, { done: OUTGOING_DONE[c.req.query("done") ?? ""] ?? "" }));

  door.post("/outgoing/call", requires(parts, "call"), async (c) => {
    if (placeCall === null) return gone(c, parts);
    const form = await readForm(c);
    const typed = { business: form.text("business", 63), locale: form.text("locale", 10) };
    const business = businesses.find(({ id }) => id === typed.business);
    const to = business === undefined ? null : numberTyped(form.text("number", MAX_NUMBER_LENGTH), business);
    if (business === undefined || to === null)
      return show(c, {
        typed,
        problem: "This is not one number that WhatsApp can reach: write it with its country code.",
      });
    const locale = business.locales.find((each) => each === typed.locale) ?? null;
    const businessId = business.id;
    await logAccess(parts, c, {
      action: "called",
      businessId,
      detail: `a number that was typed ${locale ?? ""}`.trim(),
    });
    const placed = await placeCall({
      businessId,
      to,
      locale,
      simulated: showSimulated,
      requestedBy: c.get("operator").id,
      cause: `console:${requestNamed(form.text("request", 64), parts)}`,
      at: now(),
    });
    if (placed.kind === "refused")
      return show(c, { typed, problem: `There will be no call. ${placed.explanation}` });
    wake();
    return c.redirect("/console/outgoing?done=called", 303);
  });

  door.post("/outgoing/:business/:id/retry", requires(parts, "retry"), async (c) => {
    const { business, id } = c.req.param();
    const job = await outgoing.get(business, id);
    if (job === null) return gone(c, parts);
    const at = now();
    await logAccess(parts, c, {
      action: "retried",
      businessId: business,
      subject: job.subscriberId,
      detail: `${job.payload.kind} ${id}`,
    });
    const again = await outgoing.retry(id, at, at + lifeOf(job));
    if (!again)
      return show(c, { problem: "There is nothing to try again: it has left, or it waits already." });
    wake();
    const typed = Object.fromEntries(new URLSearchParams((await readForm(c)).text("query", 200)));
    const address = writeAddress(OUTGOING_FIELDS, readAddress(OUTGOING_FIELDS, typed).asked);
    return c.redirect(`/console/outgoing?${address === "" ? "" : `${address}&`}done=retried`, 303);
  });

  /** As long as it had when it was made; a call has to be soon, or not at all. */
  function lifeOf({ at, expiresAt }: Outgoing): number {
    return Math.max(expiresAt - at, 0);
  }

  async function show(c: ConsoleContext, shown: Partial<OutgoingOptions>) {
    const query = c.req.method === "GET" ? c.req.query() : {};
    const { asked, mistakes } = readAddress(OUTGOING_FIELDS, query, ["before", "done"]);
    const before = /^\d{1,15}$/.test(query["before"] ?? "") ? Number(query["before"]) : undefined;
    const { state, kind, business } = asked;
    const states = state === undefined ? undefined : [state];
    const wanted = { states, kind, businessId: business, before, limit: ROWS_A_PAGE + 1 };
    const found = mistakes.length > 0 ? [] : await outgoing.list(wanted);
    const rows = found.slice(0, ROWS_A_PAGE);
    const body = outgoingPage(parts, {
      rows: await rowsOf(parts, rows),
      next: found.length > ROWS_A_PAGE ? (rows.at(-1)?.seq ?? null) : null,
      first: before === undefined,
      query: asked,
      mistakes,
      address: writeAddress(OUTGOING_FIELDS, asked),
      role: c.get("operator").role,
      problem: "",
      done: "",
      typed: null,
      ...shown,
    });
    const status = mistakes.length > 0 || shown.problem !== undefined ? 400 : 200;
    return c.html(page(c, parts, { title: "What leaves", place: "outgoing", body }), status);
  }
}

function rowsOf(
  { messages, ledger }: ConsoleParts,
  jobs: readonly Outgoing[],
): Promise<OutgoingOptions["rows"]> {
  return Promise.all(
    jobs.map(async (job) => ({
      job,
      number: await numberOf(ledger, job),
      message:
        job.payload.kind === "message" && job.state === "sent"
          ? await messages.get(job.businessId, job.id)
          : null,
    })),
  );
}

async function numberOf(
  ledger: ConsoleParts["ledger"],
  { businessId, subscriberId }: { readonly businessId: string; readonly subscriberId: string | null },
): Promise<E164 | null> {
  return subscriberId === null ? null : ledger.numberOf(businessId, subscriberId);
}

function inboxRoutes(door: Hono<ConsoleEnv>, parts: ConsoleParts): void {
  const { messages, ledger, now } = parts;
  const reader = requires(parts, "read messages");

  door.get("/inbox", reader, (c) =>
    show(c, placeOf(c.req.query("after")), { done: INBOX_DONE[c.req.query("done") ?? ""] ?? "" }),
  );

  door.post("/inbox/:business/:id/read", reader, async (c) => {
    const { business, id } = c.req.param();
    const message = await messages.get(business, id);
    if (message?.direction !== "in") return gone(c, parts);
    await logAccess(parts, c, {
      action: "read",
      businessId: business,
      subject: message.subscriberId,
      detail: `message ${id}`,
    });
    const words = await messages.words(business, id);
    return show(c, placeOf((await readForm(c)).text("after", 15)), { opened: { id, words } });
  });

  door.post("/inbox/:business/:id/handled", reader, async (c) => {
    const { business, id } = c.req.param();
    const message = await messages.get(business, id);
    if (message?.purpose !== "unclear") return gone(c, parts);
    await logAccess(parts, c, {
      action: "handled",
      businessId: business,
      subject: message.subscriberId,
      detail: `message ${id}`,
    });
    const first = await messages.handle(business, id, c.get("operator").email, now());
    return c.redirect(`/console/inbox?done=${first ? "handled" : "before"}`, 303);
  });

  async function show(c: ConsoleContext, after: number, shown: Partial<InboxOptions>) {
    const found = await messages.inbox({ after, limit: LETTERS_A_PAGE + 1 });
    const shownRows = found.slice(0, LETTERS_A_PAGE);
    const rows = await Promise.all(
      shownRows.map(async (message) => ({ message, number: await numberOf(ledger, message) })),
    );
    const next = found.length > LETTERS_A_PAGE ? (shownRows.at(-1)?.seq ?? null) : null;
    const body = inboxPage(parts, { rows, after, next, opened: null, done: "", ...shown });
    return c.html(page(c, parts, { title: "Inbox", place: "inbox", body }));
  }
}

/** What is none of ours begins at the first page. */
function placeOf(text: string | undefined): number {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : 0;
}
