import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Hono } from "hono";
import { html } from "hono/html";
import type { ApiEnv, ApiGuard } from "./parts.ts";
import { PROBLEMS, refuse } from "./problem.ts";

/** Nothing inline, nothing from elsewhere; Swagger's own icons are data images. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const SWAGGER = new URL("./", import.meta.resolve("swagger-ui-dist/package.json"));
const OURS = new URL("assets/", import.meta.url);

const ASSETS: Readonly<Record<string, { readonly from: URL; readonly contentType: string }>> = {
  "swagger-ui.css": { from: SWAGGER, contentType: "text/css; charset=utf-8" },
  "swagger-ui-bundle.js": { from: SWAGGER, contentType: "text/javascript; charset=utf-8" },
  "favicon-32x32.png": { from: SWAGGER, contentType: "image/png" },
  "reference.js": { from: OURS, contentType: "text/javascript; charset=utf-8" },
  "reference.css": { from: OURS, contentType: "text/css; charset=utf-8" },
};

type Asset = { readonly packed: Uint8Array<ArrayBuffer>; readonly etag: string };

/**
 * `/api/docs`: the reference, made in the browser from the description, and a page on every problem's type. Addresses
 * are relative: a proxy may have a path of its own before ours.
 */
export function referencePages(): Hono<ApiEnv> {
  const pages = new Hono<ApiEnv>();
  const assets = new Map<string, Promise<Asset>>();
  pages.use(hardened);
  pages.get("/", (c) => c.html(referencePage()));
  pages.get("/problems", (c) => c.html(problemsPage()));
  pages.get("/assets/:name", async (c) => {
    const name = c.req.param("name");
    const known = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined;
    if (known === undefined) return refuse(c, "not-found", "There is no such file.");
    const asset = assets.get(name) ?? pack(new URL(name, known.from));
    assets.set(name, asset);
    // A file that could not be read is read anew the next time.
    asset.catch(() => assets.delete(name));
    const { packed, etag } = await asset;
    const headers = { ETag: etag, "Cache-Control": "no-cache", "Content-Type": known.contentType };
    if (c.req.header("if-none-match") === etag) return c.body(null, 304, headers);
    return c.body(packed, 200, { ...headers, "Content-Encoding": "gzip" });
  });
  return pages;
}

const hardened: ApiGuard = async (c, next) => {
  await next();
  c.header("Content-Security-Policy", POLICY);
  c.header("Referrer-Policy", "same-origin");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
};

/** Every browser unpacks; the bundle is 1.5 MB otherwise. */
async function pack(file: URL): Promise<Asset> {
  const body = await readFile(file);
  const packed = new Uint8Array(await promisify(gzip)(body));
  return { packed, etag: `"${hash("sha256", body, "base64url").slice(0, 22)}"` };
}

/** Addresses are relative: a proxy may have a path of its own before ours. */
function referencePage() {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Yesline API</title>
        <link rel="icon" type="image/png" href="docs/assets/favicon-32x32.png" />
        <link rel="stylesheet" href="docs/assets/swagger-ui.css" />
        <link rel="stylesheet" href="docs/assets/reference.css" />
        <script src="docs/assets/swagger-ui-bundle.js" defer></script>
        <script src="docs/assets/reference.js" defer></script>
      </head>
      <body>
        <main id="reference">
          <noscript
            >This page needs scripts. The description is at
            <a href="v1/openapi.json">openapi.json</a>.</noscript
          >
        </main>
      </body>
    </html>`;
}

function problemsPage() {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Problems – Yesline API</title>
        <link rel="icon" type="image/png" href="assets/favicon-32x32.png" />
        <link rel="stylesheet" href="assets/reference.css" />
      </head>
      <body>
        <main class="problems">
          <h1>Problems</h1>
          <p>
            How the API says no: problem details (RFC 9457), whose <code>type</code> leads to this page. Back
            to the <a href="../docs">reference</a>.
          </p>
          ${Object.entries(PROBLEMS).map(
            ([kind, { status, title, about }]) => html`
              <section id="${kind}">
                <h2>${status} ${title}</h2>
                <p>${about}</p>
              </section>
            `,
          )}
        </main>
      </body>
    </html>`;
}
