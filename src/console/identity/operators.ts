import { shownAddress, storedAddress } from "./addresses.ts";
import { newPassword } from "./passwords.ts";
import { isRole, type Role } from "../roles.ts";
import {
  ADDRESS_HEADER,
  AUTH_PATH,
  createAuth,
  IDLE_SECONDS,
  LONGEST_SESSION_MS,
  PROVIDER,
  type AuthOptions,
} from "./better-auth.ts";
import type { Cookies, Identity, NewPassword, Operator, SignIn, Visit } from "./identity.ts";

/** A row of better-auth's user, as far as we read it. */
type User = {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
  readonly role?: unknown;
  readonly banned?: unknown;
  readonly twoFactorEnabled?: unknown;
};

/** More operators than a list shows are not a console's; the bound keeps one page one page. */
const MAX_OPERATORS = 500;
/** A clock may be set back by so much without anybody being signed out. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Operators by way of better-auth. Everything a browser sends goes through its own checks and limits. */
export async function openIdentity(options: AuthOptions): Promise<Identity> {
  const auth = createAuth(options);
  const { origin } = new URL(options.publicUrl);
  const context = await auth.$context;
  const { internalAdapter, adapter, password: hasher } = context;

  const ask = (path: string, visit: Visit, body?: unknown): Promise<Response> =>
    auth.handler(
      new Request(`${origin}${AUTH_PATH}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          [ADDRESS_HEADER]: visit.address,
          origin,
          ...(visit.cookie === "" ? {} : { cookie: visit.cookie }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );

  async function cookiesOf(path: string, visit: Visit, body: unknown): Promise<Cookies | null> {
    const response = await ask(path, visit, body);
    return response.ok ? response.headers.getSetCookie() : null;
  }

  async function signedIn(response: Response): Promise<SignIn> {
    if (response.status === 429) {
      return { kind: "throttled", retryAfterSeconds: Number(response.headers.get("x-retry-after") ?? 60) };
    }
    if (!response.ok) return { kind: "refused" };
    const cookies = response.headers.getSetCookie();
    const answer = (await response.json()) as { twoFactorRedirect?: boolean; user?: { id: string } };
    if (answer.twoFactorRedirect === true) return { kind: "code-needed", cookies };
    const operator = await find(answer.user?.id ?? "");
    if (operator === null) return { kind: "refused" };
    if (!operator.disabled) return { kind: "signed-in", operator, cookies };
    await internalAdapter.deleteUserSessions(operator.id);
    return { kind: "refused" };
  }

  async function find(id: string): Promise<Operator | null> {
    const user = (await internalAdapter.findUserById(id)) as User | null;
    return user === null ? null : operatorOf(user);
  }

  async function update(id: string, change: Record<string, unknown>): Promise<Operator | null> {
    if ((await find(id)) === null) return null;
    await internalAdapter.updateUser(id, change);
    return find(id);
  }

  return {
    singleSignOn: options.singleSignOn !== null,
    async signIn(email, password, visit) {
      return signedIn(await ask("/sign-in/email", visit, { email: storedAddress(email), password }));
    },
    async verifyCode(code, visit) {
      const path = /^\d{6}$/.test(code) ? "/two-factor/verify-totp" : "/two-factor/verify-backup-code";
      return signedIn(await ask(path, visit, { code }));
    },
    async session(visit, refresh) {
      if (!visit.cookie.includes("session_token")) return null;
      const response = await ask(`/get-session${refresh ? "" : "?disableRefresh=true"}`, visit);
      const found = response.ok
        ? ((await response.json()) as { session: { createdAt: string }; user: { id: string } } | null)
        : null;
      if (found === null) return null;
      const begunAt = Date.parse(found.session.createdAt);
      const endsAt = begunAt + LONGEST_SESSION_MS;
      // Begun by a clock that was ahead and has been set right, it would live for as long as that was wrong.
      const fromTheFuture = begunAt > Date.now() + CLOCK_TOLERANCE_MS;
      const operator = await find(found.user.id);
      if (operator === null || operator.disabled || Date.now() >= endsAt || fromTheFuture) {
        await ask("/sign-out", visit, {});
        return null;
      }
      return { operator, cookies: response.headers.getSetCookie(), endsAt };
    },
    async signOut(visit) {
      return (await ask("/sign-out", visit, {})).headers.getSetCookie();
    },
    async beginSingleSignOn(visit) {
      const places = { callbackURL: "/console", errorCallbackURL: "/console/sign-in?problem=single-sign-on" };
      const response = await ask("/sign-in/social", visit, { provider: PROVIDER, ...places });
      if (!response.ok) return null;
      const { url } = (await response.json()) as { url?: string };
      return url === undefined ? null : { location: url, cookies: response.headers.getSetCookie() };
    },
    async endSingleSignOn(query, visit) {
      const response = await ask(`/callback/${PROVIDER}${query}`, visit);
      const location = new URL(
        response.headers.get("location") ?? "/console/sign-in?problem=single-sign-on",
        origin,
      );
      return { location: location.pathname + location.search, cookies: response.headers.getSetCookie() };
    },
    async list() {
      const users = (await internalAdapter.listUsers(MAX_OPERATORS, 0, {
        field: "createdAt",
        direction: "asc",
      })) as readonly User[];
      return users.map(operatorOf);
    },
    async add(email, role, password = newPassword()) {
      const address = storedAddress(email);
      if ((await internalAdapter.findUserByEmail(address)) !== null) return null;
      const hash = await hasher.hash(password);
      const name = address.split("@")[0] ?? address;
      const user = (await internalAdapter.createUser(
        { email: address, name, emailVerified: true, role, banned: false },
        { method: "email-password" },
      )) as User;
      await internalAdapter.linkAccount({
        userId: user.id,
        providerId: "credential",
        accountId: user.id,
        password: hash,
      });
      return { operator: operatorOf(user), password };
    },
    changeRole: (id, role) => update(id, { role }),
    async disable(id, disabled) {
      const operator = await update(id, { banned: disabled });
      if (disabled) await internalAdapter.deleteUserSessions(id);
      return operator;
    },
    async reset(id): Promise<NewPassword | null> {
      const operator = await update(id, { twoFactorEnabled: false });
      if (operator === null) return null;
      const password = newPassword();
      await internalAdapter.updatePassword(id, await hasher.hash(password));
      await adapter.deleteMany({ model: "twoFactor", where: [{ field: "userId", value: id }] });
      await internalAdapter.deleteUserSessions(id);
      return { operator, password };
    },
    changePassword: (currentPassword, next, visit) =>
      cookiesOf("/change-password", visit, { currentPassword, newPassword: next, revokeOtherSessions: true }),
    async enrol(password, visit) {
      const response = await ask("/two-factor/enable", visit, { password });
      if (!response.ok) return null;
      const { totpURI, backupCodes } = (await response.json()) as { totpURI: string; backupCodes: string[] };
      return { uri: totpURI, secret: new URL(totpURI).searchParams.get("secret") ?? "", backupCodes };
    },
    confirmEnrolment: (code, visit) => cookiesOf("/two-factor/verify-totp", visit, { code }),
    withdrawEnrolment: (password, visit) => cookiesOf("/two-factor/disable", visit, { password }),
  };
}

export { IDLE_SECONDS, type AuthOptions };

/** Who has no role that we know may do the least. */
function operatorOf(user: User): Operator {
  const role: Role = typeof user.role === "string" && isRole(user.role) ? user.role : "viewer";
  return {
    id: user.id,
    email: shownAddress(user.email),
    role,
    disabled: user.banned === true,
    twoFactor: user.twoFactorEnabled === true,
    createdAt: user.createdAt.getTime(),
  };
}
