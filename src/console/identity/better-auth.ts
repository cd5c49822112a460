import { betterAuth, type BetterAuthOptions } from "better-auth/minimal";
import { genericOAuth } from "better-auth/plugins/generic-oauth";
import { twoFactor } from "better-auth/plugins/two-factor";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./identity.ts";
import { passwordThread } from "./password-thread.ts";
import { fewAtOnce } from "./passwords.ts";

/** An OpenID Connect provider that operators may sign in with. */
export type SingleSignOn = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

export type AuthOptions = {
  readonly publicUrl: string;
  /** 32 bytes: what signs sessions and seals second factors. It stays the same when YESLINE_SECRET changes. */
  readonly secret: Uint8Array;
  readonly singleSignOn: SingleSignOn | null;
  readonly database: NonNullable<BetterAuthOptions["database"]>;
  /** Told what went wrong, without anybody's password. */
  readonly onProblem: (message: string) => void;
};

/** Where better-auth thinks it is; of its routes only the way back from a provider is open to the outside. */
export const AUTH_PATH = "/console/auth";
/** The header that tells better-auth an address; no browser can set it, because requests are built anew. */
export const ADDRESS_HEADER = "x-yesline-address";
export const PROVIDER = "oidc";

/** A session nobody uses ends after an hour, and any after twelve (OWASP: idle and absolute timeouts). */
export const IDLE_SECONDS = 60 * 60;
export const LONGEST_SESSION_MS = 12 * 60 * 60 * 1000;
const PROLONG_AFTER_SECONDS = 60;

/** Tries to sign in from one address. */
const RATE = { windowSeconds: 60, signIns: 20, codes: 10, others: 120 };

/** better-auth, set up: no public sign-up, sessions in our database, passwords hashed beside the line. */
export function createAuth({ publicUrl, secret, singleSignOn, database, onProblem }: AuthOptions) {
  const { origin, protocol } = new URL(publicUrl);
  const limited = fewAtOnce();
  const passwords = passwordThread();
  return betterAuth({
    appName: "Yesline",
    baseURL: origin,
    basePath: AUTH_PATH,
    secret: Buffer.from(secret).toString("base64"),
    database,
    trustedOrigins: [origin],
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: MIN_PASSWORD_LENGTH,
      maxPasswordLength: MAX_PASSWORD_LENGTH,
      password: {
        hash: (password) => limited(() => passwords.hash(password)),
        verify: (attempt) => limited(() => passwords.verify(attempt)),
      },
    },
    session: { expiresIn: IDLE_SECONDS, updateAge: PROLONG_AFTER_SECONDS },
    user: {
      additionalFields: {
        role: { type: "string", required: false, input: false },
        banned: { type: "boolean", required: false, input: false },
      },
    },
    account: { accountLinking: { enabled: true, trustedProviders: [PROVIDER] } },
    rateLimit: {
      enabled: true,
      storage: "database",
      window: RATE.windowSeconds,
      max: RATE.others,
      customRules: {
        "/sign-in/email": { window: RATE.windowSeconds, max: RATE.signIns },
        "/two-factor/*": { window: RATE.windowSeconds, max: RATE.codes },
        "/get-session": false,
      },
    },
    advanced: {
      cookiePrefix: "yesline",
      useSecureCookies: protocol === "https:",
      defaultCookieAttributes: { path: "/console", httpOnly: true, sameSite: "lax" },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
    plugins: [
      twoFactor({ issuer: "Yesline" }),
      ...(singleSignOn === null ? [] : [genericOAuth({ config: [provider(singleSignOn)] })]),
    ],
    telemetry: { enabled: false },
    logger: { level: "error", log: (_level, message) => onProblem(message) },
  });
}

/** Only who is an operator already comes in: the provider says who someone is, an admin says what they may do. */
function provider({ issuer, clientId, clientSecret }: SingleSignOn) {
  return {
    providerId: PROVIDER,
    discoveryUrl: `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`,
    clientId,
    clientSecret,
    scopes: ["openid", "email", "profile"],
    pkce: true,
    disableSignUp: true,
    disableImplicitSignUp: true,
    requireIdTokenVerification: true,
  };
}
