import { createRoute } from "@hono/zod-openapi";
import { subscriberNumber } from "../../call/phone-number.ts";
import type { Outgoing } from "../../ledger/outgoing.ts";
import { answers, CALL_REFUSALS, json, jsonBody, REFUSALS_OR_NOT_FOUND, SECURITY } from "../describe.ts";
import type { Guards } from "../guard.ts";
import { IDEMPOTENCY_PARAMETER, repeatable, requestName } from "../idempotency.ts";
import { businessesOf, businessOf, type ApiRoutes, type ApiParts, type CallDesk } from "../parts.ts";
import { refuse, refuseField } from "../problem.ts";
import { BroughtInCall, Call } from "../answers.ts";
import { BringInOrder, CallOrder, CallPath, CallSidPath } from "../requests.ts";
import { unknownBusiness } from "./consents.ts";

const TAG = ["Calls"];

/** Calls that the line places, and live ones that it takes over. */
export function callsDoor(
  routes: ApiRoutes,
  parts: ApiParts,
  { placeCall, find, bringIn }: CallDesk,
  guard: Guards,
): void {
  const { now, wake } = parts;

  const place = createRoute({
    method: "post",
    path: "/v1/calls",
    operationId: "placeCall",
    summary: "Call somebody and ask for consent",
    description:
      "Refused where it is not allowed: outside the calling hours of the person's country, a country or kind of number that may not be called, too often, or somebody who said no or withdrew.",
    tags: TAG,
    security: SECURITY,
    middleware: [guard("calls:write"), repeatable(parts)],
    parameters: [IDEMPOTENCY_PARAMETER],
    request: { body: jsonBody(CallOrder) },
    responses: answers({ 202: json("The call is placed as soon as it can be.", Call) }, CALL_REFUSALS),
  });
  routes.openapi(place, async (c) => {
    const { business: id, to: text, locale = null, simulated, expiresInMinutes } = c.req.valid("json");
    const key = c.get("key");
    const business = businessOf(parts, key, id);
    if (business === undefined) return unknownBusiness(c);
    const to = subscriberNumber(text);
    if (to === null) return refuseField(c, "#/to", "is a number that WhatsApp cannot reach");
    if (locale !== null && !business.locales.includes(locale))
      return refuseField(c, "#/locale", "is not a language of the business");
    const placed = await placeCall({
      businessId: id,
      to,
      locale,
      simulated,
      requestedBy: key.id,
      cause: `api:${await requestName(c, parts)}`,
      expiresInMinutes,
      at: now(),
    });
    if (placed.kind === "refused")
      return refuse(c, "call-refused", placed.explanation, { reason: placed.reason });
    wake();
    const job = await find(id, placed.id);
    if (job === null) throw new Error("A call that was queued is not there.");
    return c.json(callOf(job), 202);
  });

  const look = createRoute({
    method: "get",
    path: "/v1/calls/{id}",
    operationId: "getCall",
    summary: "What became of a call that was asked for",
    tags: TAG,
    security: SECURITY,
    middleware: guard("calls:write"),
    request: { params: CallPath },
    responses: answers({ 200: json("The call.", Call) }, REFUSALS_OR_NOT_FOUND),
  });
  routes.openapi(look, async (c) => {
    const id = c.req.valid("param").id.toLowerCase();
    for (const business of businessesOf(parts, c.get("key"))) {
      const job = await find(business.id, id);
      if (job?.payload.kind === "call") return c.json(callOf(job), 200);
    }
    return refuse(c, "not-found", "There is no such call that this key may see.");
  });

  const optIn = createRoute({
    method: "post",
    path: "/v1/calls/{CallSid}/opt-in",
    operationId: "bringIn",
    summary: "Bring an agent's live call into the flow",
    description: "The caller hears the notice and answers; then the call goes on at `returnUrl`.",
    tags: TAG,
    security: SECURITY,
    middleware: [guard("calls:write"), repeatable(parts)],
    parameters: [IDEMPOTENCY_PARAMETER],
    request: { params: CallSidPath, body: jsonBody(BringInOrder) },
    responses: answers({ 202: json("The caller hears the line now.", BroughtInCall) }, CALL_REFUSALS),
  });
  routes.openapi(optIn, async (c) => {
    const callSid = c.req.valid("param").CallSid;
    const { business: id, returnUrl = null, locale } = c.req.valid("json");
    const key = c.get("key");
    if (businessOf(parts, key, id) === undefined) return unknownBusiness(c);
    const result = await bringIn({
      businessId: id,
      callSid,
      returnUrl,
      locale,
      requestedBy: key.id,
      at: now(),
    });
    if (result.kind === "refused")
      return refuse(c, "call-refused", result.explanation, { reason: result.reason });
    return c.json({ callSid, business: id, state: "brought-in" as const }, 202);
  });
}

function callOf({
  id,
  businessId,
  state,
  attempts,
  providerSid,
  simulated,
  at,
  finishedAt,
  ...job
}: Outgoing) {
  const { errorCode: code, errorMessage: message } = job;
  return {
    id,
    business: businessId,
    state,
    attempts,
    callSid: providerSid,
    error: message === null ? null : { code, message },
    simulated,
    at: new Date(at).toISOString(),
    finishedAt: finishedAt === null ? null : new Date(finishedAt).toISOString(),
  };
}
