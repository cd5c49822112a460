import { Hono } from "hono";
import { holdsNumber } from "../../call/phone-number.ts";
import { groundOf } from "../../ledger/withdraw.ts";
import { readForm } from "../form.ts";
import { requires } from "../guard.ts";
import { pathOf } from "../pages/bits.ts";
import { changePage, movingOf, type Moving } from "../pages/conversation.ts";
import { page } from "../pages/layout.ts";
import { MAX_NUMBER_LENGTH } from "../pages/outgoing.ts";
import { MAX_REASON_LENGTH } from "../pages/withdraw.ts";
import { logAccess, type ConsoleContext, type ConsoleEnv, type ConsoleParts } from "../parts.ts";
import { numberTyped, requestNamed } from "../typed.ts";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import { gone, personDoor } from "./person.ts";

/** With one person: their words, another number, a call. */
export function conversationDoor(parts: ConsoleParts): Hono<ConsoleEnv> {
  const { businesses, messages, placeCall, showSimulated, now, wake } = parts;
  const door = new Hono<ConsoleEnv>();
  const people = personDoor(parts);
  const person = "/subscribers/:business/:id";

  door.post(`${person}/messages/:message/read`, requires(parts, "read messages"), async (c) => {
    const found = await people.find(c);
    const message = await messages.get(c.req.param("business"), c.req.param("message"));
    if (found === null || message?.subscriberId !== found.id || message.direction !== "in")
      return gone(c, parts);
    await logAccess(parts, c, {
      action: "read",
      businessId: found.businessId,
      subject: found.id,
      detail: `message ${message.id}`,
    });
    const words = await messages.words(found.businessId, message.id);
    return people.show(c, found, { opened: { id: message.id, words } });
  });

  door.post(`${person}/change`, requires(parts, "move"), async (c) => {
    const found = await people.find(c);
    if (found === null) return gone(c, parts);
    const form = await readForm(c);
    const asked = await moveAsked(
      found,
      form.text("to", MAX_NUMBER_LENGTH),
      form.text("reason", MAX_REASON_LENGTH),
    );
    if ("problem" in asked) return people.show(c, found, asked);
    if (form.text("confirmed", 3) !== "yes") {
      const body = changePage(parts, found, asked);
      return c.html(page(c, parts, { title: "Change the number", place: "none", body }));
    }
    const entries = await move(c, found, asked, requestNamed(form.text("request", 64), parts));
    wake();
    return c.redirect(`${pathOf(found)}?done=${entries.length === 0 ? "moved-nothing" : "moved"}`, 303);
  });

  door.post(`${person}/call`, requires(parts, "call"), async (c) => {
    const found = await people.find(c);
    if (found === null || placeCall === null) return gone(c, parts);
    const { businessId, id, number } = found;
    const form = await readForm(c);
    const locales = businesses.find((each) => each.id === businessId)?.locales ?? [];
    const locale = locales.find((each) => each === form.text("locale", 10)) ?? null;
    await logAccess(parts, c, { action: "called", businessId, subject: id, detail: locale ?? "" });
    const placed = await placeCall({
      businessId,
      to: number,
      locale,
      simulated: showSimulated,
      requestedBy: c.get("operator").id,
      cause: `console:${requestNamed(form.text("request", 64), parts)}`,
      at: now(),
    });
    if (placed.kind === "refused")
      return people.show(c, found, { problem: `There will be no call. ${placed.explanation}` });
    wake();
    return c.redirect(`${pathOf(found)}?done=called`, 303);
  });

  async function moveAsked(
    { businessId, number, ...rest }: SubscriberDetail,
    typed: string,
    reason: string,
  ): Promise<Moving | { readonly problem: string }> {
    const business = businesses.find(({ id }) => id === businessId);
    const to = business === undefined ? null : numberTyped(typed, business);
    if (to === null)
      return { problem: "This is not one number that WhatsApp can reach: write it with its country code." };
    if (to === number) return { problem: "This is the number that is to be changed." };
    if (await parts.privacy.isSuppressed(businessId, to))
      return { problem: "That number stays withdrawn: only whoever has it can join again, by calling." };
    if (reason === "") return { problem: "A change needs a reason." };
    if (holdsNumber(reason))
      return { problem: "Whoever reads the log sees the reason: write it without a telephone number." };
    return { to, reason, ...movingOf(parts, { businessId, number, ...rest }) };
  }

  async function move(
    c: ConsoleContext,
    { businessId, id, number, entries }: SubscriberDetail,
    { to, reason, world, topics }: Moving,
    sourceId: string,
  ) {
    const simulated = world === "simulated";
    await logAccess(parts, c, {
      action: "moved",
      businessId,
      subject: id,
      detail: `${topics.join(", ")}${simulated ? " (simulated)" : ""}`,
    });
    const business = businesses.find((each) => each.id === businessId);
    return messages.changeNumber({
      businessId,
      from: number,
      to,
      simulated,
      source: "console",
      sourceId,
      reason,
      ...groundOf(entries, topics, world, business),
      at: now(),
    });
  }

  return door;
}
