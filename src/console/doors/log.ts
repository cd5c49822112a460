import { Hono } from "hono";
import type { CallFilter } from "../../ledger/reading.ts";
import { MAX_ADDRESS } from "../address.ts";
import { CALL_COLUMNS } from "../columns.ts";
import { readForm } from "../form.ts";
import { requires } from "../guard.ts";
import { liveTail } from "../live.ts";
import {
  filterOf,
  logAddress,
  readLogAddress,
  readLogQuery,
  readPage,
  writeLogQuery,
  type LogAsked,
  type LogQuery,
} from "../log-query.ts";
import { page, waitingWords } from "../pages/layout.ts";
import { logPage, type LogOptions } from "../pages/log.ts";
import { problemPage } from "../pages/problem.ts";
import { QUALITY_DAYS } from "../pages/quality.ts";
import { todayPage } from "../pages/today.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { forgetView, keepView, MAX_VIEW_NAME, readViews } from "../preferences.ts";
import { may } from "../roles.ts";
import { MAX_SEARCH_LENGTH, readSearch } from "../search.ts";
import { carriedQuery, exportList } from "./export.ts";

const ROWS_A_PAGE = 50;
const LATEST = 8;
const DAYS = 14;
/** A longer list is said to be longer. */
const MAX_COUNTED = 10_000;
/** People with the same last digits who are listed; the whole number tells them apart. */
const MAX_PEOPLE_SHOWN = 20;
const EMPTY = { rows: [], next: null, previous: null };
const NOBODY = { found: [], more: false };

/** Today, the log, its search, views, exports and live tail. */
export function logDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { reading, quality, businesses, showSimulated, now } = parts;
  const door = new Hono<ConsoleEnv>();
  const offsetOf = (c: ConsoleContext) => c.get("preferences").utcOffsetMinutes ?? 0;

  door.get("/", (c) => c.redirect("/console/today", 303));

  door.get("/today", async (c) => {
    const simulated = showSimulated ? undefined : false;
    const [overview, latest] = await Promise.all([
      reading.overview({ now: now(), days: DAYS, utcOffsetMinutes: offsetOf(c), simulated }),
      reading.calls({ simulated }, { cursor: null, limit: LATEST, direction: "next" }),
    ]);
    const { utcOffsetMinutes } = c.get("preferences");
    const figures = await quality.figures({ now: now(), periods: QUALITY_DAYS, simulated });
    const counts = await quality.onWhatsApp(overview.days.at(-1)?.from ?? 0, simulated);
    const waiting = may(c.get("operator").role, "read messages") ? await waitingWords(parts) : null;
    const body = todayPage(parts, {
      overview,
      latest: latest.rows,
      troubles: parts.troubles(),
      quality: figures,
      whatsApp: { counts, waiting },
      utcOffsetMinutes,
    });
    return c.html(page(c, parts, { title: "Today", place: "today", body }));
  });

  door.get("/log", (c) => showLog(c, readLogQuery(c.req.query())));

  /** A number is posted, never put into an address (law 10); what it leads to is an address without it. */
  door.post("/search", async (c) => {
    const typed = (await readForm(c)).text("q", MAX_SEARCH_LENGTH);
    const search = readSearch(typed, businesses);
    switch (search.kind) {
      case "call":
        return c.redirect(await placeOfCall(search.callSid), 303);
      case "reference":
        return c.redirect(`/console/log?reference=${search.reference}`, 303);
      case "last-digits":
        await logAccess(parts, c, { action: "searched", detail: "the last four digits of a number" });
        return c.redirect(`/console/log?digits=${search.digits}`, 303);
      case "number": {
        const found = await findPerson(search.numbers);
        await logAccess(parts, c, {
          action: "searched",
          detail: found === null ? "a number that is not known" : "a number",
          businessId: found?.businessId ?? null,
          subject: found?.id ?? null,
        });
        return c.redirect(
          `/console/log?who=${found === null ? "nobody" : `${found.businessId}/${found.id}`}`,
          303,
        );
      }
      case "unclear": {
        const words =
          "The search takes a number in any form, its last four digits, the six digits of a reference, or a call SID.";
        return c.html(
          page(c, parts, {
            title: "Search",
            place: "log",
            body: problemPage("This is not a number.", words),
          }),
          400,
        );
      }
    }
  });

  door.post("/log/views", async (c) => {
    const form = await readForm(c);
    const name = form.text("name", MAX_VIEW_NAME);
    const asked = readLogAddress(form.text("query", MAX_ADDRESS + 1));
    if (asked.mistakes.length > 0) return showLog(c, asked);
    const problem = keepView(c, { name, query: writeLogQuery(asked.query) });
    if (problem !== null) return showLog(c, asked, { name, problem });
    return c.redirect(logAddress(asked.query), 303);
  });

  door.post("/log/views/remove", async (c) => {
    forgetView(c, (await readForm(c)).text("name", MAX_VIEW_NAME));
    return c.redirect("/console/log", 303);
  });

  door.post("/log/export/:format", requires(parts, "export"), async (c) => {
    const { query, mistakes } = readLogAddress(await carriedQuery(c));
    const filter = await filterOf(query, parts, offsetOf(c));
    return exportList(c, parts, {
      name: "calls",
      place: "log",
      columns: CALL_COLUMNS,
      mistakes,
      address: writeLogQuery(query),
      businessId: query.business,
      rows: () => (filter === null ? nothing() : reading.exportCalls(filter)),
    });
  });

  door.get("/log/live", liveTail(parts, offsetOf));

  async function showLog(c: ConsoleContext, asked: LogAsked, refusedView: LogOptions["refusedView"] = null) {
    const { query, mistakes } = asked;
    const filter = mistakes.length > 0 ? null : await filterOf(query, parts, offsetOf(c));
    const listed = await listOf(c, query, filter);
    const body = logPage(parts, {
      ...listed,
      query,
      mistakes,
      views: readViews(c),
      refusedView,
      mayExport: may(c.get("operator").role, "export"),
    });
    const searched = query.digits ?? query.reference ?? "";
    const status = mistakes.length > 0 || refusedView !== null ? 400 : 200;
    return c.html(page(c, parts, { title: "Log", place: "log", body, searched }), status);
  }

  async function listOf(c: ConsoleContext, query: LogQuery, filter: CallFilter | null) {
    if (filter === null) return { page: EMPTY, count: null, people: NOBODY, liveAfter: null };
    const request = readPage(c.req.query(), ROWS_A_PAGE);
    const isFirst =
      request.cursor === null && request.direction === "next" && (query.sort ?? "newest") === "newest";
    // Asked before the list: what happens between the two is told again, and not lost.
    const liveAfter = isFirst ? (await reading.changes(null, filter)).cursor : null;
    return {
      liveAfter,
      page: await reading.calls(filter, request),
      count: query.sort === "longest" ? null : await countOf(filter),
      people: await peopleOf(filter),
    };
  }

  async function countOf(filter: CallFilter): Promise<LogOptions["count"]> {
    const calls = await reading.countCalls(filter, MAX_COUNTED + 1);
    return { calls: Math.min(calls, MAX_COUNTED), more: calls > MAX_COUNTED, at: now() };
  }

  async function peopleOf({ search, businessIds }: CallFilter): Promise<LogOptions["people"]> {
    if (search?.kind !== "last-digits") return NOBODY;
    const found = await reading.findSubscribers(search, MAX_PEOPLE_SHOWN + 1, businessIds);
    return { found: found.slice(0, MAX_PEOPLE_SHOWN), more: found.length > MAX_PEOPLE_SHOWN };
  }

  async function findPerson(numbers: Extract<ReturnType<typeof readSearch>, { kind: "number" }>["numbers"]) {
    for (const number of numbers) {
      const [found] = await reading.findSubscribers({ kind: "number", number }, 1);
      if (found !== undefined) return found;
    }
    return null;
  }

  async function placeOfCall(callSid: string): Promise<string> {
    for (const { id } of businesses) {
      if ((await reading.call(id, callSid)) !== null) return `/console/calls/${id}/${callSid}`;
    }
    return "/console/log?who=nobody";
  }

  return door;
}

async function* nothing() {
  // A list of nobody's calls has no rows.
}
