import type { z } from "@hono/zod-openapi";
import { headerOf, type ApiContext } from "./parts.ts";
import { refuse, refuseInvalid } from "./problem.ts";

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i;

/**
 * The body, checked by its schema, for a route that is asked thousands of times a second: the same answers as the
 * other routes give, without what their validators do around it.
 *
 * @returns a refusal, which is a Response, where it is not as described
 */
export async function bodyOf<S extends z.ZodType>(c: ApiContext, schema: S) {
  const type = headerOf(c, "content-type");
  const text = await c.req.text();
  if (type === undefined ? text !== "" : !JSON_TYPE.test(type)) return refuseMediaType(c);
  const value = parsed(text);
  if (value === undefined) return refuseMalformed(c);
  const result = schema.safeParse(value);
  return result.success ? result.data : refuseInvalid(c, "json", result.error);
}

export function refuseMediaType(c: ApiContext) {
  return refuse(c, "unsupported-media-type", "Send the body as application/json.");
}

export function refuseMalformed(c: ApiContext) {
  return refuse(c, "invalid-request", "The body is not JSON.", {
    errors: [{ detail: "is not JSON", pointer: "#" }],
  });
}

/** JSON has no `undefined`: it stands for what is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
