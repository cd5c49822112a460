import { Hono } from "hono";
import { holdsNumber } from "../../call/phone-number.ts";
import { evidenceZip, gatherEvidence } from "../evidence.ts";
import { readForm, tidyLines } from "../form.ts";
import { requires } from "../guard.ts";
import { pathOf } from "../pages/bits.ts";
import { callPage } from "../pages/call.ts";
import { evidencePage, evidenceTitle } from "../pages/evidence.ts";
import { page } from "../pages/layout.ts";
import { problemPage } from "../pages/problem.ts";
import { MAX_NOTE_LENGTH } from "../pages/subscriber.ts";
import { askedFor, MAX_REASON_LENGTH, withdrawPage, type Asked } from "../pages/withdraw.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { recordingOf } from "../recordings.ts";
import { requestNamed } from "../typed.ts";
import { gone, personDoor } from "./person.ts";
import { PressBusy } from "../../proof/pdf-press.ts";
import type { Entry, Withdrawal } from "../../ledger/ledger.ts";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import { groundOf, withdraw } from "../../ledger/withdraw.ts";

/** One call, one subscriber, the evidence of one entry; and what may be done there. */
export function peopleDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { reading, ledger, businesses, now } = parts;
  const door = new Hono<ConsoleEnv>();
  const people = personDoor(parts);
  const person = "/subscribers/:business/:id";
  const call = "/calls/:business/:sid";

  door.get(call, (c) => showCall(c, false));
  door.post(`${call}/reveal`, requires(parts, "reveal"), (c) => showCall(c, true));

  door.get(person, (c) => people.look(c, false));
  door.post(`${person}/reveal`, requires(parts, "reveal"), (c) => people.look(c, true));

  door.post(`${person}/notes`, requires(parts, "note"), async (c) => {
    const found = await people.find(c);
    const text = tidyLines((await readForm(c)).verbatim("text")).slice(0, MAX_NOTE_LENGTH);
    if (found === null) return gone(c, parts);
    if (text === "") return c.redirect(pathOf(found), 303);
    const { businessId, id } = found;
    await logAccess(parts, c, { action: "noted", businessId, subject: id });
    await reading.addNote({ businessId, subscriberId: id, author: c.get("operator").email, text, at: now() });
    return c.redirect(`${pathOf(found)}?done=noted`, 303);
  });

  door.post(`${person}/withdraw`, requires(parts, "withdraw"), async (c) => {
    const found = await people.find(c);
    if (found === null) return gone(c, parts);
    const form = await readForm(c);
    const reason = form.text("reason", MAX_REASON_LENGTH);
    const asked = askedFor(parts, found, form.all("topic"), form.text("world", 16));
    if (reason === "" || asked.topics.length === 0 || holdsNumber(reason)) {
      const words = holdsNumber(reason)
        ? "Whoever reads the log sees the reason: write it without a telephone number."
        : "A withdrawal names at least one topic, and a reason.";
      return c.html(
        page(c, parts, {
          title: "Withdraw",
          place: "none",
          body: problemPage("Nothing is withdrawn yet.", words),
        }),
        400,
      );
    }
    if (form.text("confirmed", 3) !== "yes") {
      return c.html(
        page(c, parts, {
          title: "Withdraw",
          place: "none",
          body: withdrawPage(parts, found, asked, reason),
        }),
      );
    }
    const entries = await withdrawFor(c, found, asked, reason, form.text("request", 64));
    parts.wake();
    const real = entries.some(({ simulated }) => !simulated);
    const done = real ? "withdrew" : entries.length === 0 ? "withdrew-nothing" : "withdrew-simulated";
    return c.redirect(`${pathOf(found)}?done=${done}`, 303);
  });

  door.get("/evidence/:business/:entry", requires(parts, "evidence"), async (c) => {
    const evidence = await evidenceOf(c);
    if (evidence === null) return gone(c, parts);
    const { pathname, search } = new URL(c.req.url);
    const { email } = c.get("operator");
    const body = evidencePage(parts, {
      evidence,
      zip: `${pathname}/zip${search}`,
      receipt: parts.printReceipt === undefined ? null : `${pathname}/receipt.pdf`,
      role: c.get("operator").role,
      madeBy: email,
      madeAt: now(),
    });
    return c.html(page(c, parts, { title: evidenceTitle(evidence), place: "none", body }));
  });

  door.get("/evidence/:business/:entry/zip", requires(parts, "evidence"), async (c) => {
    const evidence = await evidenceOf(c);
    if (evidence === null) return gone(c, parts);
    return c.body(evidenceZip(evidence, now()), 200, {
      "Content-Type": "application/zip",
      "Content-Disposition": `attachment; filename="evidence-${evidence.view.entry.id}.zip"`,
    });
  });

  door.get("/evidence/:business/:entry/receipt.pdf", requires(parts, "evidence"), async (c) => {
    const { business, entry } = c.req.param();
    const view = await parts.entries.get([business], entry);
    if (view === null || parts.printReceipt === undefined) return gone(c, parts);
    const detail = "a receipt, as PDF";
    await logAccess(parts, c, { action: "evidence", businessId: business, subject: entry, detail });
    try {
      const pdf = await parts.printReceipt(business, entry);
      if (pdf === null) return gone(c, parts);
      return c.body(new Uint8Array(pdf), 200, {
        "Content-Type": "application/pdf",
        "Content-Disposition": `attachment; filename="receipt-${view.entry.id}.pdf"`,
      });
    } catch (error) {
      if (!(error instanceof PressBusy)) throw error;
      const body = problemPage("Many receipts are being printed.", "Try again in a minute.");
      return c.html(page(c, parts, { title: "Receipt", place: "none", body }), 503);
    }
  });

  async function showCall(c: ConsoleContext, revealed: boolean): Promise<Response> {
    const { business = "", sid = "" } = c.req.param();
    const found = await reading.call(business, sid);
    if (found === null) return gone(c, parts);
    await logAccess(parts, c, {
      action: revealed ? "revealed" : "looked",
      businessId: business,
      subject: revealed ? found.subscriberId : sid,
      detail: revealed ? `on call ${sid}` : "a call",
    });
    const recorded = await recordingOf(parts, found);
    const body = callPage(parts, { call: found, recorded, role: c.get("operator").role, revealed });
    return c.html(page(c, parts, { title: `Call ${found.reference}`, place: "log", body }));
  }

  async function withdrawFor(
    c: ConsoleContext,
    { businessId, id, number, entries }: SubscriberDetail,
    { world, topics }: Asked,
    reason: string,
    request: string,
  ): Promise<readonly Entry[]> {
    const business = businesses.find((each) => each.id === businessId);
    await logAccess(parts, c, {
      action: "withdrew",
      businessId,
      subject: id,
      detail: `${topics.join(", ")}${world === "simulated" ? " (simulated)" : ""}`,
    });
    const withdrawal: Withdrawal = {
      businessId,
      number,
      topics,
      source: "console",
      sourceId: requestNamed(request, parts),
      reason,
      ...groundOf(entries, topics, world, business),
      at: now(),
    };
    return withdraw(ledger, withdrawal, world);
  }

  async function evidenceOf(c: ConsoleContext) {
    const { business = "", entry = "" } = c.req.param();
    const evidence = await gatherEvidence(parts, business, entry);
    const detail = c.req.path.endsWith("/zip") ? "as ZIP" : "as a page";
    if (evidence !== null)
      await logAccess(parts, c, { action: "evidence", businessId: business, subject: entry, detail });
    return evidence;
  }

  return door;
}
