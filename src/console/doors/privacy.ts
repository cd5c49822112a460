import { Hono } from "hono";
import { certificateRecord } from "../../ledger/certificate.ts";
import { dossierOf } from "../../ledger/dossier.ts";
import { dossierPage } from "../../ledger/dossier-page.ts";
import type { Certificate } from "../../ledger/privacy.ts";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import { readForm } from "../form.ts";
import { requires } from "../guard.ts";
import { certificatePage, erasePage } from "../pages/privacy.ts";
import { page } from "../pages/layout.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { gone, personDoor } from "./person.ts";

/** What a person may ask for about themselves: to be forgotten, and to be told everything. */
export function privacyDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { privacy, businesses, now } = parts;
  const door = new Hono<ConsoleEnv>();
  const people = personDoor(parts);
  const person = "/subscribers/:business/:id";
  const erasure = "/erasures/:business/:id";

  door.post(`${person}/erase`, requires(parts, "erase"), async (c) => {
    const found = await people.find(c);
    if (found === null) return gone(c, parts);
    const form = await readForm(c);
    const keep = form.text("keep", 3) === "yes";
    if (form.text("confirmed", 3) !== "yes") {
      const body = erasePage(parts, found);
      return c.html(page(c, parts, { title: "Erase", place: "none", body }));
    }
    await erase(c, found, keep);
    return c.redirect(`/console/erasures/${found.businessId}/${found.id}`, 303);
  });

  door.post(`${person}/access`, requires(parts, "disclose"), async (c) => {
    const found = await people.find(c);
    const business = businesses.find(({ id }) => id === found?.businessId);
    if (found === null || business === undefined) return gone(c, parts);
    const asJson = (await readForm(c)).text("format", 8) === "json";
    const detail = "everything about one number";
    await logAccess(parts, c, { action: "disclosed", businessId: business.id, subject: found.id, detail });
    const dossier = await dossierOf(parts, business, found.number, now());
    const name = `attachment; filename="access-${found.id}.${asJson ? "json" : "html"}"`;
    return asJson
      ? c.body(JSON.stringify(dossier, null, 2), 200, {
          "Content-Type": "application/json",
          "Content-Disposition": name,
        })
      : c.body(await dossierPage(dossier), 200, {
          "Content-Type": "text/html; charset=utf-8",
          "Content-Disposition": name,
        });
  });

  door.get(erasure, requires(parts, "erase"), async (c) => {
    const certificate = await certificateOf(c);
    if (certificate === null) return gone(c, parts);
    const body = certificatePage(parts, certificate);
    return c.html(page(c, parts, { title: "Certificate of erasure", place: "none", body }));
  });

  door.get(`${erasure}/certificate.json`, requires(parts, "erase"), async (c) => {
    const certificate = await certificateOf(c);
    if (certificate === null) return gone(c, parts);
    const business = businesses.find(({ id }) => id === certificate.businessId);
    return c.body(JSON.stringify(certificateRecord(certificate, business), null, 2), 200, {
      "Content-Type": "application/json",
      "Content-Disposition": `attachment; filename="erasure-${certificate.id}.json"`,
    });
  });

  /** Law 10: on record before it is done. What old pages are left is cleared at once, or within the minute. */
  async function erase(c: ConsoleContext, found: SubscriberDetail, keepSuppression: boolean): Promise<void> {
    const { businessId, id: subscriberId } = found;
    const { id, email } = c.get("operator");
    const detail = keepSuppression ? "the number stays withdrawn" : "the number is forgotten altogether";
    await logAccess(parts, c, { action: "erased", businessId, subject: subscriberId, detail });
    const order = { businessId, who: { subscriberId }, keepSuppression, by: id, byName: email, at: now() };
    await privacy.erase(order);
    await parts.listErasures?.();
    await privacy.clearTraces(now());
    parts.wake();
  }

  function certificateOf(c: ConsoleContext): Promise<Certificate | null> {
    const { business = "", id = "" } = c.req.param();
    return privacy.certificateOf(business, id);
  }

  return door;
}
