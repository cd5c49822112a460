import { Hono } from "hono";
import { firstExpired } from "../../ledger/retention.ts";
import { requires } from "../guard.ts";
import { readForm } from "../form.ts";
import { expiredPage, forgettingPage } from "../pages/forgetting.ts";
import { page } from "../pages/layout.ts";
import { logAccess, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { gone } from "./person.ts";

/** So many are named on a page, and forgotten with one press. */
const MAX_NAMED = 100;
const MAX_CERTIFICATES = 50;
const MAX_RUNS = 10;
const DAY_MS = 24 * 60 * 60 * 1000;
/** How far the page looks ahead. */
const SOON_DAYS = 30;

/** Who is past the retention, who was forgotten, and by whom. */
export function forgettingDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { privacy, businesses, now } = parts;
  const door = new Hono<ConsoleEnv>();

  door.get("/forgetting", requires(parts, "erase"), async (c) => {
    const kept = await Promise.all(
      businesses.map(async (business) => ({
        business,
        runs: await privacy.retentionRuns(business.id, MAX_RUNS),
      })),
    );
    const all = await Promise.all(businesses.map(({ id }) => privacy.certificates(id, MAX_CERTIFICATES)));
    const certificates = all
      .flat()
      .toSorted((one, other) => other.at - one.at)
      .slice(0, MAX_CERTIFICATES);
    const done = Number(c.req.query("done") ?? Number.NaN);
    const body = forgettingPage({ kept, certificates, last: parts.lastRetention(), done });
    return c.html(page(c, parts, { title: "Forgetting", place: "forgetting", body }));
  });

  door.get("/forgetting/:business", requires(parts, "erase"), async (c) => {
    const business = businesses.find(({ id }) => id === c.req.param("business"));
    if (business === undefined) return gone(c, parts);
    const expired = await firstExpired(privacy, business, now(), MAX_NAMED);
    const soon = await firstExpired(privacy, business, now() + SOON_DAYS * DAY_MS, MAX_NAMED);
    const body = expiredPage({ business, expired, soon, soonDays: SOON_DAYS });
    return c.html(page(c, parts, { title: "Past the retention", place: "forgetting", body }));
  });

  // Exactly those who were shown: who has called meanwhile is left alone, and who has expired meanwhile waits.
  door.post("/forgetting/:business", requires(parts, "erase"), async (c) => {
    const business = businesses.find(({ id }) => id === c.req.param("business"));
    if (business === undefined) return gone(c, parts);
    const named = (await readForm(c)).all("person").slice(0, MAX_NAMED);
    const { id: by, email: byName } = c.get("operator");
    const { id: businessId, retention } = business;
    const detail = `retention ${retention} has ended for ${named.length}`;
    await logAccess(parts, c, { action: "erased", businessId, subject: null, detail });
    const order = { businessId, retention, now: now(), by, byName, subscriberIds: named };
    const forgotten = named.length === 0 ? 0 : await privacy.forget(order);
    await parts.listErasures?.();
    await privacy.clearTraces(now());
    return c.redirect(`/console/forgetting?done=${forgotten}`, 303);
  });

  return door;
}
