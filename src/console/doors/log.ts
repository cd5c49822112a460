import { Hono } from "hono";
import { exportStream, CONTENT_TYPES, FORMATS } from "../exports.ts";
import { readForm } from "../form.ts";
import { requires } from "../guard.ts";
import { liveTail } from "../live.ts";
import { filterOf, readLogQuery, readPage, writeLogQuery } from "../log-query.ts";
import { page } from "../pages/layout.ts";
import { logPage } from "../pages/log.ts";
import { problemPage } from "../pages/problem.ts";
import { todayPage } from "../pages/today.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { keepViews, MAX_VIEW_NAME, readViews } from "../preferences.ts";
import { may } from "../roles.ts";
import { MAX_SEARCH_LENGTH, readSearch } from "../search.ts";

const ROWS_A_PAGE = 50;
const LATEST = 8;
const DAYS = 14;
const EMPTY = { rows: [], next: null, previous: null };

/** Today, the log, its search, views, exports and live tail. */
export function logDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { reading, businesses, showSimulated, now } = parts;
  const door = new Hono<ConsoleEnv>();
  const offsetOf = (c: ConsoleContext) => c.get("preferences").utcOffsetMinutes ?? 0;

  door.get("/", (c) => c.redirect("/console/today", 303));

  door.get("/today", async (c) => {
    const simulated = showSimulated ? undefined : false;
    const [overview, latest] = await Promise.all([
      reading.overview({ now: now(), days: DAYS, utcOffsetMinutes: offsetOf(c), simulated }),
      reading.calls({ simulated }, { cursor: null, limit: LATEST, direction: "next" }),
    ]);
    const zoneKnown = c.get("preferences").utcOffsetMinutes !== null;
    const body = todayPage(parts, { overview, latest: latest.rows, troubles: parts.troubles(), zoneKnown });
    return c.html(page(c, parts, { title: "Today", place: "today", body }));
  });

  door.get("/log", async (c) => {
    const query = readLogQuery(c.req.query());
    const request = readPage(c.req.query(), ROWS_A_PAGE);
    const filter = await filterOf(query, parts, offsetOf(c));
    const found = filter === null ? EMPTY : await reading.calls(filter, request);
    const first =
      request.cursor === null && request.direction === "next" && (query.sort ?? "newest") === "newest";
    const body = logPage(parts, {
      query,
      page: found,
      views: readViews(c),
      mayExport: may(c.get("operator").role, "export"),
      live: first && filter !== null,
    });
    return c.html(
      page(c, parts, { title: "Log", place: "log", body, searched: query.digits ?? query.reference ?? "" }),
    );
  });

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
    const query = writeLogQuery(
      readLogQuery(Object.fromEntries(new URLSearchParams(form.text("query", 500)))),
    );
    if (name !== "") keepViews(c, [...readViews(c).filter((view) => view.name !== name), { name, query }]);
    return c.redirect(`/console/log?${query}`, 303);
  });

  door.post("/log/views/remove", async (c) => {
    const name = (await readForm(c)).text("name", MAX_VIEW_NAME);
    keepViews(
      c,
      readViews(c).filter((view) => view.name !== name),
    );
    return c.redirect("/console/log", 303);
  });

  door.post("/log/export/:format", requires(parts, "export"), async (c) => {
    const format = FORMATS.find((each) => each === c.req.param("format"));
    if (format === undefined) return c.notFound();
    const address = (await readForm(c)).text("query", 500);
    const query = readLogQuery(Object.fromEntries(new URLSearchParams(address)));
    const filter = await filterOf(query, parts, offsetOf(c));
    await logAccess(parts, c, {
      action: "exported",
      detail: `calls as ${format}${writeLogQuery(query) === "" ? "" : `, ${writeLogQuery(query)}`}`,
      businessId: query.business ?? null,
    });
    return c.body(exportStream(filter === null ? nothing() : reading.exportCalls(filter), format), 200, {
      "Content-Type": CONTENT_TYPES[format],
      "Content-Disposition": `attachment; filename="calls-${new Date(now()).toISOString().slice(0, 10)}.${format}"`,
    });
  });

  door.get("/log/live", liveTail(parts, offsetOf));

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
