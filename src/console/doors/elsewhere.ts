import { Hono } from "hono";
import { z } from "zod";
import { OTHER_SOURCES, type ElsewhereFilter } from "../../ledger/quality.ts";
import {
  BUSINESS,
  DAYS,
  momentsOf,
  readAddress,
  readCarried,
  writeAddress,
  WORLD,
  worldOf,
} from "../address.ts";
import type { Asked } from "../address.ts";
import { ENTRY_COLUMNS } from "../columns.ts";
import { allRows } from "../exports.ts";
import { requires } from "../guard.ts";
import { elsewherePage } from "../pages/elsewhere.ts";
import { page } from "../pages/layout.ts";
import { ENTRY_KINDS } from "../pages/words.ts";
import type { ConsoleContext, ConsoleEnv, ConsoleParts } from "../parts.ts";
import { carriedQuery, exportList } from "./export.ts";

const ROWS_A_PAGE = 50;
const ROWS_EXPORTED_AT_ONCE = 200;

const FIELDS = {
  source: { label: "How", takes: z.enum(OTHER_SOURCES), fix: "Choose one from the list." },
  kind: { label: "What", takes: z.enum(ENTRY_KINDS), fix: "Choose one from the list." },
  business: BUSINESS,
  world: WORLD,
  ...DAYS,
} as const;

/** What was recorded another way than by phone. */
export function elsewhereDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { quality, showSimulated } = parts;
  const door = new Hono<ConsoleEnv>();

  door.get("/entries", async (c) => {
    const { asked, mistakes } = readAddress(FIELDS, c.req.query(), ["before"]);
    const before = c.req.query("before") ?? null;
    const found =
      mistakes.length > 0
        ? { rows: [], next: null }
        : await quality.elsewhere({ ...filterOf(c, asked), before, limit: ROWS_A_PAGE });
    const body = elsewherePage(parts, {
      query: asked,
      mistakes,
      page: found,
      first: before === null,
      address: writeAddress(FIELDS, asked),
      role: c.get("operator").role,
    });
    return c.html(
      page(c, parts, { title: "Other entries", place: "entries", body }),
      mistakes.length > 0 ? 400 : 200,
    );
  });

  door.post("/entries/export/:format", requires(parts, "export"), async (c) => {
    const { asked, mistakes } = readCarried(FIELDS, await carriedQuery(c));
    const filter = filterOf(c, asked);
    return exportList(c, parts, {
      name: "entries",
      place: "entries",
      columns: ENTRY_COLUMNS,
      mistakes,
      address: writeAddress(FIELDS, asked),
      businessId: asked.business,
      rows: () =>
        allRows((before: string | null) =>
          quality.elsewhere({ ...filter, before, limit: ROWS_EXPORTED_AT_ONCE }),
        ),
    });
  });

  function filterOf(
    c: ConsoleContext,
    { source, kind, business, world, ...days }: Asked<typeof FIELDS>,
  ): Omit<ElsewhereFilter, "before" | "limit"> {
    return {
      source,
      kind,
      businessId: business,
      simulated: worldOf(world ?? (showSimulated ? "all" : "real")),
      ...momentsOf(days, c.get("preferences").utcOffsetMinutes ?? 0),
    };
  }

  return door;
}
