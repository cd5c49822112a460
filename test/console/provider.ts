import { createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** An OpenID Connect provider that believes whoever says who they are; its tokens are signed for real. */
export async function startProvider() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map<string, { email: string; nonce: string | null }>();
  let issuer = "";

  const answers: Readonly<Record<string, (request: IncomingMessage) => Promise<unknown>>> = {
    "/.well-known/openid-configuration": async () => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      id_token_signing_alg_values_supported: ["RS256"],
    }),
    "/keys": async () => ({
      keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }],
    }),
    "/token": async (request) => {
      const form = new URLSearchParams(await text(request));
      const code = codes.get(form.get("code") ?? "");
      return code === undefined
        ? { error: "invalid_grant" }
        : { access_token: randomUUID(), token_type: "Bearer", expires_in: 60, id_token: idToken(code) };
    },
  };

  function idToken({ email, nonce }: { email: string; nonce: string | null }): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: issuer,
      aud: "yesline",
      sub: email,
      iat: now,
      exp: now + 60,
      email,
      email_verified: true,
      name: email,
    };
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg: "RS256", kid: "1" })}.${part({ ...claims, ...(nonce === null ? {} : { nonce }) })}`;
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey).toString("base64url")}`;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const found = await answers[request.url ?? ""]?.(request);
    response.statusCode = found === undefined ? 404 : 200;
    response.setHeader("content-type", "application/json").end(JSON.stringify(found ?? {}));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: {
      YESLINE_OIDC_ISSUER: issuer,
      YESLINE_OIDC_CLIENT_ID: "yesline",
      YESLINE_OIDC_CLIENT_SECRET: "s3cret",
    },
    /** The person says who they are there, and is sent back. @returns path and query of where to */
    async authorize(location: string, email: string): Promise<string> {
      const asked = new URL(location).searchParams;
      const code = randomUUID();
      codes.set(code, { email, nonce: asked.get("nonce") });
      const back = new URL(asked.get("redirect_uri") ?? "");
      back.searchParams.set("code", code);
      back.searchParams.set("state", asked.get("state") ?? "");
      return back.pathname + back.search;
    },
    close: () => server.close(),
  };
}
