import { createHmac, timingSafeEqual } from "node:crypto";
import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import { parseForm, signedText, type Fields, type Refusal } from "./fields.ts";

/** An account whose requests are accepted. During a rotation there is more than one token. */
export type Account = {
  readonly sid: string;
  readonly authTokens: readonly string[];
  /** Law 6: what this account signs is simulated, from birth. */
  readonly simulated: boolean;
};

/** A request that carries the signature of one of our accounts; `text` is what it covers of the form. */
export type Signed = { readonly account: Account; readonly fields: Fields; readonly text: string };

/** What of a request the signature covers. */
export type Incoming = {
  /** Path and query exactly as they came. */
  readonly rawPath: string;
  readonly contentType: string | undefined;
  readonly signature: string | undefined;
  readonly body: string;
};

/**
 * Law 7: the signature check is never off. It covers the configured public URL plus the raw path (never the Host
 * header) and every field of the body. A signature has no time in it: a replay passes here, and is caught by the
 * ledger's unique index.
 */
export function signatureCheck(publicUrl: string, accounts: readonly Account[]) {
  return (request: Incoming): Signed | Refusal => {
    if (!FORM.test(request.contentType ?? "")) {
      return { refused: 415, message: "Send application/x-www-form-urlencoded, as Twilio does." };
    }
    const fields = parseForm(request.body);
    if (fields === null) return { refused: 400, message: "The form is not well-formed." };
    const sids = fields.get("AccountSid") ?? [];
    const account = accounts.find((known) => sids.length === 1 && known.sid === sids[0]);
    if (account === undefined) return { refused: 403, message: "Not an account of this line." };
    const text = signedText(fields);
    const url = publicUrl + request.rawPath;
    const { signature = "" } = request;
    const signed =
      account.authTokens.some((token) => isSignedWith(token, signature, url + text)) ||
      account.authTokens.some((token) => isSignedOtherwise(token, signature, url, fields));
    return signed ? { account, fields, text } : { refused: 403, message: "The signature does not match." };
  };
}

const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** For the address as it was configured, which is the rule. Source: twilio.com/docs/usage/security. */
function isSignedWith(token: string, signature: string, text: string): boolean {
  const given = Buffer.from(signature);
  const expected = Buffer.from(createHmac("sha1", token).update(text).digest("base64"));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Twilio's own check, which tries the address with its port, without, and escaped. */
function isSignedOtherwise(token: string, signature: string, url: string, fields: Fields): boolean {
  // Without a prototype, so that a field named `__proto__` is a field like any other.
  const parameters = Object.create(null) as Record<string, unknown>;
  for (const [name, values] of fields) parameters[name] = values.length === 1 ? values[0] : values;
  return validateRequest(token, signature, url, parameters);
}
