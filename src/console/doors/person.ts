import type { Outgoing } from "../../ledger/outgoing.ts";
import type { SubscriberDetail } from "../../ledger/reading.ts";
import { page } from "../pages/layout.ts";
import { problemPage } from "../pages/problem.ts";
import { subscriberPage, type SubscriberOptions } from "../pages/subscriber.ts";
import { logAccess, type ConsoleContext, type ConsoleParts } from "../parts.ts";

/** Messages of one person that are shown. */
const MAX_MESSAGES = 50;
/** What waits for one person or failed, out of so many of the latest that were to leave. */
const MAX_UNSENT = 10;
const MAX_LOOKED_THROUGH = 50;

/** What was done just now, by the word that the address carries. */
const DONE: Readonly<Record<string, string>> = {
  withdrew: "Consent is withdrawn, as of now.",
  "withdrew-simulated": "The simulated consent is withdrawn, as of now. Nothing real was written.",
  "withdrew-nothing": "Nothing simulated stood any more: nothing was written.",
  noted: "The note is kept.",
  moved: "The number is changed: this one's consent has ended, and the new one is asked on WhatsApp.",
  "moved-nothing": "Nothing stood any more that could be moved: nothing was written.",
  called: "The call is placed as soon as it can be.",
};

export type PersonShown = Partial<Pick<SubscriberOptions, "revealed" | "opened" | "problem">>;

/** The person that an address names, and their page. */
export function personDoor(parts: ConsoleParts) {
  const { reading, messages, outgoing } = parts;

  function find(c: ConsoleContext): Promise<SubscriberDetail | null> {
    const { business = "", id = "" } = c.req.param();
    return reading.subscriber(business, id);
  }

  async function show(
    c: ConsoleContext,
    person: SubscriberDetail,
    shown: PersonShown = {},
  ): Promise<Response> {
    const { businessId, id } = person;
    const [found, jobs] = await Promise.all([
      messages.withSubscriber(businessId, id, MAX_MESSAGES + 1),
      outgoing.list({ businessId, subscriberId: id, limit: MAX_LOOKED_THROUGH }),
    ]);
    const body = subscriberPage(parts, {
      person,
      messages: found.slice(0, MAX_MESSAGES),
      unsent: jobs.filter(waits).slice(0, MAX_UNSENT),
      more: found.length > MAX_MESSAGES,
      role: c.get("operator").role,
      revealed: false,
      opened: null,
      problem: "",
      done: DONE[c.req.query("done") ?? ""] ?? "",
      ...shown,
    });
    const status = (shown.problem ?? "") === "" ? 200 : 400;
    return c.html(page(c, parts, { title: "Subscriber", place: "log", body }), status);
  }

  /** Null where nobody of this id was ever erased. */
  async function forgotten(c: ConsoleContext): Promise<Response | null> {
    const { business = "", id = "" } = c.req.param();
    const certificate = await parts.privacy.certificateOf(business, id);
    if (certificate === null) return null;
    const words = `Whoever this was has been erased on ${new Date(certificate.at).toISOString().slice(0, 10)}, with number, notes and words. Their entries stay in the log, and are nobody's.`;
    return c.html(
      page(c, parts, { title: "Erased", place: "none", body: problemPage("Erased", words) }),
      410,
    );
  }

  return {
    find,
    show,
    /** The page after it was asked for: that is on record first. */
    async look(c: ConsoleContext, revealed: boolean): Promise<Response> {
      const person = await find(c);
      if (person === null) return (await forgotten(c)) ?? gone(c, parts);
      await logAccess(parts, c, {
        action: revealed ? "revealed" : "looked",
        businessId: person.businessId,
        subject: person.id,
        detail: revealed ? "" : "a subscriber",
      });
      return show(c, person, { revealed });
    },
  };
}

/** Events go to other systems, not to the person. */
function waits({ state, payload }: Outgoing): boolean {
  return payload.kind !== "event" && state !== "sent" && state !== "cancelled";
}

export function gone(c: ConsoleContext, parts: ConsoleParts): Response | Promise<Response> {
  const words =
    "There is no such call, subscriber, message or entry; or what was personal in it has been erased.";
  return c.html(
    page(c, parts, { title: "Not here", place: "none", body: problemPage("Not here", words) }),
    404,
  );
}
