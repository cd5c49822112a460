import { Hono } from "hono";
import { z } from "zod";
import { USUAL_EXPIRY_MINUTES } from "../../call/calling.ts";
import type { E164 } from "../../call/phone-number.ts";
import { OUTGOING_STATES, type Outgoing } from "../../ledger/outgoing.ts";
import { BUSINESS, readAddress, readCarried, WORLD, worldOf, writeAddress, type Asked } from "../address.ts";
import { OUTGOING_COLUMNS } from "../columns.ts";
import { allRows } from "../exports.ts";
import { readForm } from "../form.ts";
import { requires } from "../guard.ts";
import { inboxAddress, inboxPage, type InboxOptions } from "../pages/inbox.ts";
import { page } from "../pages/layout.ts";
import { MAX_NUMBER_LENGTH, OUTGOING_KINDS, outgoingPage, type OutgoingOptions } from "../pages/outgoing.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { numberTyped, requestNamed } from "../typed.ts";
import { carriedQuery, exportList } from "./export.ts";
import { gone } from "./person.ts";

const ROWS_A_PAGE = 50;
const ROWS_EXPORTED_AT_ONCE = 200;
const LETTERS_A_PAGE = 20;
/** What is tried again has three days at most, as an event has. */
const MAX_LIFE_MS = 72 * 60 * 60 * 1000;

const OUTGOING_FIELDS = {
  state: { label: "State", takes: z.enum(OUTGOING_STATES), fix: "Choose one from the list." },
  kind: { label: "What", takes: z.enum(OUTGOING_KINDS), fix: "Choose one from the list." },
  business: BUSINESS,
  world: WORLD,
} as const;

const OUTGOING_DONE: Readonly<Record<string, string>> = {
  retried: "It is tried again.",
  called: "The call is placed as soon as it can be.",
};
const INBOX_DONE: Readonly<Record<string, string>> = {
  handled: "The message is dealt with.",
  before: "Somebody has dealt with it already.",
};

/** What leaves, and what came and was not understood. */
export function trafficDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const door = new Hono<ConsoleEnv>();
  outgoingRoutes(door, parts);
  inboxRoutes(door, parts);
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
    const { asked } = readCarried(OUTGOING_FIELDS, await carriedQuery(c));
    const address = writeAddress(OUTGOING_FIELDS, asked);
    return c.redirect(`/console/outgoing?${address === "" ? "" : `${address}&`}done=retried`, 303);
  });

  door.post("/outgoing/export/:format", requires(parts, "export"), async (c) => {
    const { asked, mistakes } = readCarried(OUTGOING_FIELDS, await carriedQuery(c));
    return exportList(c, parts, {
      name: "outgoing",
      place: "outgoing",
      columns: OUTGOING_COLUMNS,
      mistakes,
      address: writeAddress(OUTGOING_FIELDS, asked),
      businessId: asked.business,
      rows: () => allRows((before: number | null) => listed(asked, before, ROWS_EXPORTED_AT_ONCE)),
    });
  });

  /** As long as it had, which grows with each retry and so needs a bound; a call has to be soon, or not at all. */
  function lifeOf({ payload, at, expiresAt }: Outgoing): number {
    const most = payload.kind === "call" ? USUAL_EXPIRY_MINUTES * 60_000 : MAX_LIFE_MS;
    return Math.min(Math.max(expiresAt - at, 0), most);
  }

  async function listed(
    { state, kind, business, world }: Asked<typeof OUTGOING_FIELDS>,
    before: number | null,
    limit: number,
  ): Promise<Pick<OutgoingOptions, "rows" | "next">> {
    const found = await outgoing.list({
      states: state === undefined ? undefined : [state],
      kind,
      businessId: business,
      simulated: worldOf(world ?? (showSimulated ? "all" : "real")),
      before: before ?? undefined,
      limit: limit + 1,
    });
    const rows = found.slice(0, limit);
    const next = found.length > limit ? (rows.at(-1)?.seq ?? null) : null;
    return { rows: await rowsOf(parts, rows), next };
  }

  async function show(c: ConsoleContext, shown: Partial<OutgoingOptions>) {
    const query = c.req.method === "GET" ? c.req.query() : {};
    const { asked, mistakes } = readAddress(OUTGOING_FIELDS, query, ["before", "done"]);
    const before = /^\d{1,15}$/.test(query["before"] ?? "") ? Number(query["before"]) : null;
    const found = mistakes.length > 0 ? { rows: [], next: null } : await listed(asked, before, ROWS_A_PAGE);
    const body = outgoingPage(parts, {
      ...found,
      first: before === null,
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
  const { messages, ledger, showSimulated, now } = parts;
  const reader = requires(parts, "read messages");

  door.get("/inbox", reader, (c) =>
    show(c, c.req.query(), { done: INBOX_DONE[c.req.query("done") ?? ""] ?? "" }),
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
    const form = await readForm(c);
    const asked = { after: form.text("after", 15), world: form.text("world", 3) };
    return show(c, asked, { opened: { id, words } });
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
    const simulated = (await readForm(c)).text("world", 3) === "all";
    return c.redirect(inboxAddress(0, simulated, first ? "handled" : "before"), 303);
  });

  async function show(
    c: ConsoleContext,
    asked: Readonly<Record<string, string>>,
    shown: Partial<InboxOptions>,
  ) {
    const after = placeOf(asked["after"]);
    const simulated = !showSimulated && asked["world"] === "all";
    const both = showSimulated || simulated;
    const found = await messages.inbox({
      after,
      limit: LETTERS_A_PAGE + 1,
      simulated: both ? undefined : false,
    });
    const shownRows = found.slice(0, LETTERS_A_PAGE);
    const rows = await Promise.all(
      shownRows.map(async (message) => ({ message, number: await numberOf(ledger, message) })),
    );
    const next = found.length > LETTERS_A_PAGE ? (shownRows.at(-1)?.seq ?? null) : null;
    const body = inboxPage(parts, { rows, after, next, simulated, opened: null, done: "", ...shown });
    return c.html(page(c, parts, { title: "Inbox", place: "inbox", body }));
  }
}

/** What is none of ours begins at the first page. */
function placeOf(text: string | undefined): number {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : 0;
}
