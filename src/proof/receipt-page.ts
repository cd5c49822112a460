import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Receipt } from "./receipt.ts";

/** One file that verifies a receipt in the auditor's browser: it loads nothing, and sends nothing. */
export type ReceiptPage = { readonly html: string; readonly policy: string };

const FOLDER = new URL("page/", import.meta.url);

/** @param receipt the one that is verified at once; null: the auditor brings one */
export function receiptPage(receipt: Receipt | object | null): ReceiptPage {
  const [script, style] = ["verify.js", "verify.css"].map((name) =>
    readFileSync(new URL(name, FOLDER), "utf8"),
  ) as [string, string];
  const policy = [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const parts: Readonly<Record<string, string>> = {
    POLICY: `<meta http-equiv="Content-Security-Policy" content="${policy}" />`,
    SCRIPT: `<script>${script}</script>`,
    STYLE: `<style>${style}</style>`,
    // In a script element nothing but its end could be mistaken.
    RECEIPT: `<script id="receipt" type="application/json">${JSON.stringify(receipt).replaceAll("<", "\\u003c")}</script>`,
  };
  const html = readFileSync(new URL("verify.html", FOLDER), "utf8").replace(
    /<!--([A-Z]+)-->/g,
    (_, name: string) => parts[name] ?? "",
  );
  return { html, policy };
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
