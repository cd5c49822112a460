import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { LedgerUnavailable } from "../ledger/ledger.ts";
import { refuseMalformed, refuseMediaType } from "./body.ts";
import { document } from "./document.ts";
import { callsDoor } from "./doors/calls.ts";
import { consentsDoor } from "./doors/consents.ts";
import { entriesDoor } from "./doors/entries.ts";
import { permissionsDoor } from "./doors/permissions.ts";
import { guards } from "./guard.ts";
import {
  headerOf,
  type ApiContext,
  type ApiEnv,
  type ApiGuard,
  type ApiParts,
  type ApiRoutes,
} from "./parts.ts";
import { refuse, refuseInvalid } from "./problem.ts";
import { receiptSchema } from "./receipt.ts";
import { referencePages } from "./reference.ts";

/** Where the door is mounted. */
const API = "/api";
const MAX_BODY_BYTES = 64 * 1024;
const RETRY_AFTER_SECONDS = "1";

/**
 * The door for other systems, at /api: version 1 of the API, its description and its reference page. Whatever is
 * refused is refused in problem details (RFC 9457); what fails on our side says nothing of the inside.
 */
export function apiRoutes(parts: ApiParts): ApiRoutes {
  const { publicUrl, calls } = parts;
  const routes = new OpenAPIHono<ApiEnv>({
    defaultHook: (result, c) => (result.success ? undefined : refuseInvalid(c, result.target, result.error)),
  }).basePath(API);
  routes.use(async (c, next) => {
    c.set("publicUrl", publicUrl);
    c.header("Cache-Control", "no-store");
    return next();
  });
  routes.use("/v1/*", limitedBody());

  const guard = guards(parts);
  permissionsDoor(routes, parts, guard);
  consentsDoor(routes, parts, guard);
  entriesDoor(routes, parts, guard);
  if (calls !== null) callsDoor(routes, parts, calls, guard);

  let described: string | undefined;
  routes.get("/v1/openapi.json", (c) => {
    described ??= JSON.stringify(document(routes, publicUrl));
    return c.body(described, 200, { "Content-Type": "application/json" });
  });
  let schema: string | undefined;
  routes.get("/receipt.schema.json", (c) => {
    schema ??= JSON.stringify(receiptSchema(publicUrl));
    return c.body(schema, 200, { "Content-Type": "application/schema+json" });
  });
  routes.route("/docs", referencePages());
  refuseOtherMethods(routes);

  routes.notFound((c) => refuse(c, "not-found", "There is no such path."));
  routes.onError((error, c) => {
    if (error instanceof HTTPException && error.status === 415) return refuseMediaType(c);
    if (error instanceof HTTPException && error.status === 400) return refuseMalformed(c);
    parts.onError(error);
    if (error instanceof LedgerUnavailable) {
      c.header("Retry-After", RETRY_AFTER_SECONDS);
      return refuse(c, "unavailable", "The database takes no writes at the moment. Nothing was done.");
    }
    return refuse(c, "internal-error", "Something failed on our side.");
  });
  return routes;
}

/** A stated length is believed, because the server cuts a body off there; only an unstated one is counted. */
function limitedBody(): ApiGuard {
  const tooLarge = (c: ApiContext) => refuse(c, "body-too-large", "The body is over 64 kB.");
  const count = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge });
  return (c, next) => {
    if (headerOf(c, "transfer-encoding") !== undefined) return count(c, next);
    const length = headerOf(c, "content-length");
    if (length === undefined) return c.env?.incoming === undefined ? count(c, next) : next();
    return Number(length) > MAX_BODY_BYTES ? Promise.resolve(tooLarge(c)) : next();
  };
}

/** A path that is there answers every method: those that it does not have, with those that it has. */
function refuseOtherMethods(routes: ApiRoutes): void {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of routes.routes) {
    if (method === "ALL") continue;
    const below = path.slice(API.length);
    methods.set(below, (methods.get(below) ?? new Set()).add(method));
  }
  for (const [path, has] of methods) {
    const allow = [...has, ...(has.has("GET") ? ["HEAD"] : [])].join(", ");
    routes.all(path, (c) => {
      c.header("Allow", allow);
      return refuse(c, "method-not-allowed", `This path has ${allow}.`);
    });
  }
}
