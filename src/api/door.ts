import type { Context } from "hono";
import type { ApiEnv, ApiParts, ApiRoutes } from "./parts.ts";

/**
 * The door for other systems as it is hung up: its schemas and their description take half a second to load, so that
 * happens when somebody first asks, and no webhook waits for it. A failure is forgotten: the next request tries again.
 */
export function apiDoor(parts: ApiParts): (c: Context<ApiEnv>) => Response | Promise<Response> {
  let routes: ApiRoutes | undefined;
  async function load(): Promise<ApiRoutes> {
    const { apiRoutes } = await import("./routes.ts");
    return (routes ??= apiRoutes(parts));
  }
  return (c) =>
    routes === undefined
      ? load().then((loaded) => loaded.fetch(c.req.raw, c.env))
      : routes.fetch(c.req.raw, c.env);
}
