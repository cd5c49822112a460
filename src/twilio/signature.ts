import { timingSafeEqual } from "node:crypto";
import { getExpectedTwilioSignature, validateRequest } from "twilio/lib/webhooks/webhooks.js";
import { parseForm, type Fields, type Refusal } from "./form.ts";

/** An account whose requests are accepted. During a rotation there is more than one token. */
export type Account = {
  readonly sid: string;
  readonly authTokens: readonly string[];
  /** Law 6: what this account signs is simulated, from birth. */
  readonly simulated: boolean;
};

/** A request that carries the signature of one of our accounts. */
export type Signed = { readonly account: Account; readonly fields: Fields };

/** What of a request the signature covers. */
export type Incoming = {
  /** Path and query exactly as they came. */
  readonly rawPath: string;
  readonly contentType: string | undefined;
  readonly signature: string | undefined;
  readonly body: Uint8Array;
};

/**
 * Law 7: the signature check is never off. It covers the configured public URL plus the raw path (never the Host
 * header) and every field of the body. A signature has no time in it: a replay passes here, and is caught by the
 * ledger's unique index.
 */
export function signatureCheck(publicUrl: string, accounts: readonly Account[]) {
  return (request: Incoming): Signed | Refusal => {
    if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.contentType ?? "")) {
      return { refused: 415, message: "Send application/x-www-form-urlencoded, as Twilio does." };
    }
    const fields = parseForm(request.body);
    if (fields === null) return { refused: 400, message: "The form is not well-formed." };
    const sids = fields.get("AccountSid") ?? [];
    const account = accounts.find((known) => sids.length === 1 && known.sid === sids[0]);
    if (account === undefined) return { refused: 403, message: "Not an account of this line." };
    const url = publicUrl + request.rawPath;
    const parameters = asParameters(fields);
    const signed = account.authTokens.some((token) =>
      isSignedWith(token, request.signature ?? "", url, parameters),
    );
    return signed ? { account, fields } : { refused: 403, message: "The signature does not match." };
  };
}

/** The address as it was configured, as a rule; Twilio's own check then tries it with its port, without, and escaped. */
function isSignedWith(
  token: string,
  signature: string,
  url: string,
  parameters: Record<string, unknown>,
): boolean {
  const given = Buffer.from(signature);
  const expected = Buffer.from(getExpectedTwilioSignature(token, url, parameters));
  if (given.length === expected.length && timingSafeEqual(given, expected)) return true;
  return validateRequest(token, signature, url, parameters);
}

/** Without a prototype, so that a field named `__proto__` is a field like any other. */
function asParameters(fields: Fields): Record<string, unknown> {
  const parameters = Object.create(null) as Record<string, unknown>;
  for (const [name, values] of fields) {
    const [only] = values;
    parameters[name] = values.length === 1 && only !== undefined ? only : values;
  }
  return parameters;
}
