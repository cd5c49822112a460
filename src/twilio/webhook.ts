import type { FormReader, Refusal } from "./fields.ts";
import { signatureCheck, type Account } from "./signature.ts";

/** A webhook that is Twilio's, of one of our accounts, with every field that is read in its pattern. */
export type Genuine<Input extends object> = { readonly input: Input; readonly account: Account };

/** Signature, account, fields: what every door for Twilio goes through first. */
export function webhookReader(publicUrl: string, accounts: readonly Account[]) {
  const check = signatureCheck(publicUrl, accounts);
  return async <Input extends object>(
    request: Request,
    read: FormReader<Input>,
  ): Promise<Genuine<Input> | Refusal> => {
    const signed = check({
      rawPath: rawPathOf(request.url),
      contentType: request.headers.get("content-type") ?? undefined,
      signature: request.headers.get("x-twilio-signature") ?? undefined,
      body: await request.text(),
    });
    if ("refused" in signed) return signed;
    const input = read(signed.fields, signed.text);
    return "refused" in input ? input : { input, account: signed.account };
  };
}

/** Path and query as they came: everything after the origin. */
function rawPathOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("//") + 2));
}
