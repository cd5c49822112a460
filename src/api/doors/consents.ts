import { createRoute } from "@hono/zod-openapi";
import type { Business } from "../../call/business.ts";
import { subscriberNumber, type E164 } from "../../call/phone-number.ts";
import type { Subscriber } from "../../ledger/ledger.ts";
import { groundOf, withdraw, type World } from "../../ledger/withdraw.ts";
import { answers, json, jsonBody, POST_REFUSALS, REFUSALS, SECURITY } from "../describe.ts";
import { written } from "../entry.ts";
import type { Guards } from "../guard.ts";
import { IDEMPOTENCY_PARAMETER, repeatable, requestName } from "../idempotency.ts";
import { businessesOf, businessOf, type ApiContext, type ApiRoutes, type ApiParts } from "../parts.ts";
import { refuse, refuseField } from "../problem.ts";
import { ConsentList, Written } from "../answers.ts";
import { ChangeRequest, ConsentQuery, NumberPath, RevocationRequest } from "../requests.ts";

const TAG = ["Consents"];

/** Where a number stands, and its ways out. */
export function consentsDoor(routes: ApiRoutes, parts: ApiParts, guard: Guards): void {
  const { ledger, messages, reading, privacy, now, wake } = parts;

  const look = createRoute({
    method: "get",
    path: "/v1/consents/{number}",
    operationId: "getConsents",
    summary: "Where a number stands",
    description: "On each topic that it was ever asked about, at all businesses that the key may see.",
    tags: TAG,
    security: SECURITY,
    middleware: guard("consents:read"),
    request: { params: NumberPath, query: ConsentQuery },
    responses: answers({ 200: json("What stands.", ConsentList) }, REFUSALS),
  });
  routes.openapi(look, async (c) => {
    const number = c.req.valid("param").number as E164;
    const { business: only, simulated } = c.req.valid("query");
    const key = c.get("key");
    const seen = businessesOf(parts, key).filter(({ id }) => only === undefined || id === only);
    if (only !== undefined && seen.length === 0) return unknownBusiness(c);
    const consents = [];
    for (const { id } of seen) {
      const found = await ledger.subscriber(id, number);
      if (found === null) continue;
      await log(c, { businessId: id, subject: found.id, action: "looked", detail: "where a number stands" });
      consents.push(...standing(id, found, simulated));
    }
    return c.json({ number, simulated, consents }, 200);
  });

  const revoke = createRoute({
    method: "post",
    path: "/v1/consents/{number}/revocations",
    operationId: "revokeConsents",
    summary: "Withdraw consent",
    description:
      "At once, and for good in the log. It works for whoever never agreed, too: they may say that they want no messages.",
    tags: TAG,
    security: SECURITY,
    middleware: [guard("consents:write"), repeatable(parts)],
    parameters: [IDEMPOTENCY_PARAMETER],
    request: { params: NumberPath, body: jsonBody(RevocationRequest) },
    responses: answers({ 201: json("Withdrawn.", Written) }, POST_REFUSALS),
  });
  routes.openapi(revoke, async (c) => {
    const number = c.req.valid("param").number as E164;
    const { business: id, topics: named, reason = null, simulated } = c.req.valid("json");
    const business = businessOf(parts, c.get("key"), id);
    if (business === undefined) return unknownBusiness(c);
    const found = await ledger.subscriber(id, number);
    const everything = topicsOf(business, found);
    const wrong = (named ?? []).findIndex((topic) => !everything.includes(topic));
    if (wrong >= 0) return refuseField(c, `#/topics/${wrong}`, "is not a topic of the business");
    const topics = [...new Set(named ?? everything)];
    const detail = `${topics.join(", ")}${simulated ? " (simulated)" : ""}`;
    await log(c, { businessId: id, subject: found?.id ?? null, action: "withdrew", detail });
    const world: World = simulated ? "simulated" : "real";
    const entries = await withdraw(
      ledger,
      {
        businessId: id,
        number,
        topics,
        source: "api",
        sourceId: await requestName(c, parts),
        reason,
        ...groundOf(found?.entries ?? [], topics, world, business),
        at: now(),
      },
      world,
    );
    wake();
    return c.json({ entries: entries.map((entry) => written(entry, reason)) }, 201);
  });

  const change = createRoute({
    method: "post",
    path: "/v1/consents/{number}/changes",
    operationId: "changeNumber",
    summary: "Move consent to another number",
    description:
      "The old number's consent ends, and the new number's is pending until its owner confirms it on WhatsApp. Both entries are linked.",
    tags: TAG,
    security: SECURITY,
    middleware: [guard("consents:write"), repeatable(parts)],
    parameters: [IDEMPOTENCY_PARAMETER],
    request: { params: NumberPath, body: jsonBody(ChangeRequest) },
    responses: answers({ 201: json("Changed.", Written) }, POST_REFUSALS),
  });
  routes.openapi(change, async (c) => {
    const from = c.req.valid("param").number as E164;
    const { business: id, to: text, reason = null, simulated } = c.req.valid("json");
    const business = businessOf(parts, c.get("key"), id);
    if (business === undefined) return unknownBusiness(c);
    const to = subscriberNumber(text);
    if (to === null) return refuseField(c, "#/to", "is a number that WhatsApp cannot reach");
    if (to === from) return refuseField(c, "#/to", "is the number that is to be changed");
    if (await privacy.isSuppressed(id, to))
      return refuseField(c, "#/to", "stays withdrawn: only whoever has it can join again, by calling");
    const found = await ledger.subscriber(id, from);
    const detail = `number change${simulated ? " (simulated)" : ""}`;
    await log(c, { businessId: id, subject: found?.id ?? null, action: "withdrew", detail });
    const world: World = simulated ? "simulated" : "real";
    const entries = await messages.changeNumber({
      businessId: id,
      from,
      to,
      simulated,
      source: "api",
      sourceId: await requestName(c, parts),
      reason,
      ...groundOf(found?.entries ?? [], topicsOf(business, found), world, business),
      at: now(),
    });
    wake();
    return c.json({ entries: entries.map((entry) => written(entry, reason)) }, 201);
  });

  /** Law 10: who looks at a person, or changes where they stand, is on record before the answer tells it. */
  function log(
    c: ApiContext,
    access: {
      readonly businessId: string;
      readonly subject: string | null;
      readonly action: "looked" | "withdrew";
      readonly detail: string;
    },
  ) {
    const { id, name } = c.get("key");
    return reading.logAccess({ actor: id, actorName: `API key ${name}`, ...access, at: now() });
  }
}

export function unknownBusiness(c: ApiContext) {
  return refuse(c, "unknown-business", "The business does not exist, or this key may not see it.");
}

function standing(business: string, { id, consents, entries }: Subscriber, inSimulated: boolean) {
  return consents
    .filter(({ simulated }) => simulated === inSimulated)
    .map(({ topic, state, at }) => {
      const latest = entries.findLast(
        ({ simulated, topics }) => simulated === inSimulated && topics.includes(topic),
      );
      return {
        business,
        subscriber: id,
        topic,
        state,
        since: new Date(at).toISOString(),
        entry: latest?.id ?? null,
      };
    });
}

/** Also those that the business has given up since, for whoever agreed to them may leave them. */
function topicsOf(business: Business, found: Subscriber | null): readonly string[] {
  const asked = (found?.consents ?? []).map(({ topic }) => topic);
  return [...new Set([...business.topics.map(({ id }) => id), ...asked])];
}
