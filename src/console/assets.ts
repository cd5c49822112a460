import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { Hono } from "hono";

const FOLDER = new URL("assets/", import.meta.url);

const CONTENT_TYPES = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
} as const;

/** The stylesheet's parts, in order; a browser fetches them as one. */
const STYLES = ["tokens", "house", "parts", "tables", "today", "log", "people", "print"].map(
  (room) => `${room}.css`,
);

/** The console's own scripts, icon and stylesheet, read once. */
export function assetRoutes(): Hono {
  const scripts = readdirSync(FOLDER).filter((name) => /\.(?:js|svg)$/u.test(name));
  const assets = new Map([
    ...scripts.map((name) => [name, asset(name, read(name))] as const),
    ["console.css", asset("console.css", STYLES.map(read).join("\n"))] as const,
  ]);
  return new Hono().get("/:name", (c) => {
    const found = assets.get(c.req.param("name"));
    if (found === undefined) return c.notFound();
    const headers = { ETag: found.etag, "Cache-Control": "no-cache", "Content-Type": found.contentType };
    return c.req.header("if-none-match") === found.etag
      ? c.body(null, 304, headers)
      : c.body(found.body, 200, headers);
  });
}

function read(name: string): string {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

function asset(name: string, body: string) {
  const kind = name.slice(name.lastIndexOf(".") + 1) as keyof typeof CONTENT_TYPES;
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return { body, contentType: CONTENT_TYPES[kind], etag: `"${digest}"` };
}
