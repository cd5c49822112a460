import type { Role } from "../roles.ts";

/** Who works with the console. */
export type Operator = {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly disabled: boolean;
  readonly twoFactor: boolean;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
};

/** Who signs in from where, as far as a browser says it. */
export type Visit = {
  readonly cookie: string;
  /** The network address at the other end, for the rate limit. */
  readonly address: string;
};

/** Values of Set-Cookie. */
export type Cookies = readonly string[];

export type SignIn =
  | { readonly kind: "signed-in"; readonly operator: Operator; readonly cookies: Cookies }
  | { readonly kind: "code-needed"; readonly cookies: Cookies }
  /** Wrong, unknown or disabled: nobody learns which. */
  | { readonly kind: "refused" }
  | { readonly kind: "throttled"; readonly retryAfterSeconds: number };

export type Session = {
  readonly operator: Operator;
  readonly cookies: Cookies;
  /** When it ends whatever is done with it; milliseconds since 1970. */
  readonly endsAt: number;
};

/** What an enrolment for a second factor shows, once. */
export type Enrolment = {
  readonly uri: string;
  readonly secret: string;
  readonly backupCodes: readonly string[];
};

/** Operators, their passwords and sessions. */
export type Identity = {
  readonly singleSignOn: boolean;
  signIn(email: string, password: string, visit: Visit): Promise<SignIn>;
  /** The second factor: six digits of an authenticator, or a backup code. */
  verifyCode(code: string, visit: Visit): Promise<SignIn>;
  /** @param refresh false: looks without prolonging */
  session(visit: Visit, refresh: boolean): Promise<Session | null>;
  signOut(visit: Visit): Promise<Cookies>;

  /** Where the browser goes to sign in elsewhere; null where the provider cannot be reached. */
  beginSingleSignOn(visit: Visit): Promise<{ readonly location: string; readonly cookies: Cookies } | null>;
  /** The browser comes back. */
  endSingleSignOn(
    query: string,
    visit: Visit,
  ): Promise<{ readonly location: string; readonly cookies: Cookies }>;

  list(): Promise<readonly Operator[]>;
  /** @returns null where the address is taken */
  add(email: string, role: Role, password?: string): Promise<NewPassword | null>;
  changeRole(id: string, role: Role): Promise<Operator | null>;
  disable(id: string, disabled: boolean): Promise<Operator | null>;
  /** A new password, and no second factor any more. */
  reset(id: string): Promise<NewPassword | null>;

  changePassword(current: string, next: string, visit: Visit): Promise<Cookies | null>;
  enrol(password: string, visit: Visit): Promise<Enrolment | null>;
  confirmEnrolment(code: string, visit: Visit): Promise<Cookies | null>;
  withdrawEnrolment(password: string, visit: Visit): Promise<Cookies | null>;
};

export type NewPassword = { readonly operator: Operator; readonly password: string };

export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 128;
