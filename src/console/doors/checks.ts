import { Hono } from "hono";
import { checksPage } from "../pages/checks.ts";
import { page } from "../pages/layout.ts";
import type { ConsoleEnv, ConsoleParts } from "../parts.ts";

/** How the ledger was when the line last verified it. */
export function checksDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const door = new Hono<ConsoleEnv>();
  door.get("/checks", (c) => {
    const body = checksPage(parts.verifying?.() ?? { last: null, since: null });
    return c.html(page(c, parts, { title: "Checks", place: "checks", body }));
  });
  return door;
}
