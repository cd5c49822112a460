import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/** A file that the page fetches. */
export type Asset = { readonly body: string; readonly contentType: string; readonly etag: string };

const FOLDER = new URL("assets/", import.meta.url);

const CONTENT_TYPES = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
} as const;

/** The stylesheet's parts, in order; the page fetches them as one. */
const STYLES = ["tokens.css", "device.css", "setup.css", "call.css", "panel.css", "case.css"];
export const STYLESHEET = "phone.css";

/** Reads the page's scripts, icon and stylesheet once, as they stand in the folder. */
export function readAssets(): ReadonlyMap<string, Asset> {
  const scripts = readdirSync(FOLDER).filter((name) => /\.(?:js|svg)$/u.test(name));
  return new Map([
    ...scripts.map((name): [string, Asset] => [name, asset(name, read(name))]),
    [STYLESHEET, asset(STYLESHEET, STYLES.map(read).join("\n"))],
  ]);
}

function read(name: string): string {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

function asset(name: string, body: string): Asset {
  const kind = name.slice(name.lastIndexOf(".") + 1) as keyof typeof CONTENT_TYPES;
  const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
  return { body, contentType: CONTENT_TYPES[kind], etag: `"${digest}"` };
}
