import { createHmac } from "node:crypto";

/** Form fields in the order in which they are sent; a name may repeat. */
export type Fields = readonly (readonly [name: string, value: string])[];

/**
 * The `X-Twilio-Signature` of a request: base64(HMAC-SHA1(auth token, URL + every POST field, sorted by
 * name, each name followed by its value)). A GET has no fields: its query is part of the URL.
 * Source: twilio.com/docs/usage/security, "Validating requests are coming from Twilio".
 */
export function sign(url: string, fields: Fields, authToken: string): string {
  return createHmac("sha1", authToken)
    .update(signedUrl(url) + signedFields(fields), "utf8")
    .digest("base64");
}

/** The fragment never travels, credentials are dropped, and voice over HTTPS drops the port. */
export function signedUrl(url: string): string {
  const parsed = new URL(url);
  const port = parsed.protocol === "https:" || parsed.port === "" ? "" : `:${parsed.port}`;
  return `${parsed.protocol}//${parsed.hostname}${port}${parsed.pathname}${parsed.search}`;
}

/** Names sort by code unit, case-sensitively; the values of a repeated name are sorted, each once. */
function signedFields(fields: Fields): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of fields) values.set(name, (values.get(name) ?? new Set()).add(value));
  return [...values.keys()]
    .toSorted(byCodeUnit)
    .map((name) =>
      [...(values.get(name) ?? [])]
        .toSorted(byCodeUnit)
        .map((value) => name + value)
        .join(""),
    )
    .join("");
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
