import { createRoute, type z } from "@hono/zod-openapi";
import { explain, wrongSendAt } from "../../call/permission.ts";
import type { E164 } from "../../call/phone-number.ts";
import { bodyOf } from "../body.ts";
import { answers, json, jsonBody, POST_REFUSALS, SECURITY } from "../describe.ts";
import type { Guards } from "../guard.ts";
import { IDEMPOTENCY_PARAMETER, repeatable } from "../idempotency.ts";
import { businessOf, type ApiRoutes, type ApiParts } from "../parts.ts";
import { refuseField } from "../problem.ts";
import { Permission } from "../answers.ts";
import { PermissionRequest } from "../requests.ts";
import { unknownBusiness } from "./consents.ts";

const WRONG_TIME = {
  past: "is over: ask about now, or about a time to come",
  too_far: "is more than 30 days ahead: consent can end any day, so ask again nearer to it",
} as const;

/** May I send this? The door that is asked before each message, so its path is kept short: no validators around its schema. */
export function permissionsDoor(routes: ApiRoutes, parts: ApiParts, guard: Guards): void {
  const { decisions, now } = parts;

  const ask = createRoute({
    method: "post",
    path: "/v1/permissions",
    operationId: "askPermission",
    summary: "May this topic be sent to this number at that time?",
    description:
      "Looks at consent, topic, category, the hour where the person lives, the business's cap and the rules of WhatsApp and the jurisdiction. The answer is kept; an allowed one counts towards the cap.",
    tags: ["Permissions"],
    security: SECURITY,
    parameters: [IDEMPOTENCY_PARAMETER],
    request: { body: jsonBody(PermissionRequest) },
    responses: answers({ 200: json("The answer, yes or no.", Permission) }, POST_REFUSALS),
  });
  routes.openAPIRegistry.registerPath(ask);
  routes.post(ask.path, guard("permissions", "permissions"), repeatable(parts), async (c) => {
    const question = await bodyOf(c, PermissionRequest);
    if (question instanceof Response) return question;
    const { business: id, to, topic, at: asked, simulated } = question;
    const key = c.get("key");
    const business = businessOf(parts, key, id);
    if (business === undefined) return unknownBusiness(c);
    const at = now();
    const sendAt = asked === undefined ? at : Date.parse(asked);
    const wrong = wrongSendAt(sendAt, at);
    if (wrong !== null) return refuseField(c, "#/at", WRONG_TIME[wrong]);
    const number = to as E164;
    const asking = { business, number, topic, simulated, sendAt, keyId: key.id, at };
    const { allowed, reason, entryId, id: decision } = await decisions.ask(asking);
    const answer: z.input<typeof Permission> = {
      allowed,
      reason,
      explanation: explain(reason),
      entry: entryId,
      decision,
      simulated,
      at: new Date(sendAt).toISOString(),
    };
    return c.json(answer, 200);
  });
}
