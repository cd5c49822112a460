import { ask, type Told } from "../support/http.ts";
import { cli } from "../support/cli.ts";
import type { Server } from "../support/server.ts";

export const ADMIN = { email: "admin@example.com", password: "a-long-enough-password" };
export const ADMIN_ENV = { YESLINE_ADMIN_EMAIL: ADMIN.email, YESLINE_ADMIN_PASSWORD: ADMIN.password };

type Form = Readonly<Record<string, string>>;
export type Browser = ReturnType<typeof browserOf>;

/** Somebody's browser over real HTTP: it keeps cookies and names its origin. @param from an address of this machine */
export function browserOf({ url }: Pick<Server, "url">, from?: string) {
  const jar = new Map<string, string>();

  async function send(
    path: string,
    asking: { method?: string; headers?: Form; body?: string } = {},
  ): Promise<Told> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const { headers = {}, ...rest } = asking;
    const all = { ...(cookie === "" ? {} : { Cookie: cookie }), ...headers };
    const told = await ask(url, path, {
      ...rest,
      headers: Object.entries(all),
      ...(from === undefined ? {} : { from }),
    });
    for (const set of told.headers["set-cookie"] ?? []) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === "" || /max-age=0/i.test(set)) jar.delete(name);
      else jar.set(name, value);
    }
    return told;
  }

  const post = (path: string, form: Form = {}, headers: Form = { Origin: url }): Promise<Told> =>
    send(path, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(form).toString(),
    });

  return {
    jar,
    send,
    post,
    get: (path: string, headers: Form = {}) => send(path, { headers }),
    /** Follows nowhere: a redirect is the answer. */
    signIn: (who: Readonly<{ email: string; password: string }>) => post("/console/sign-in", who),
  };
}

/** An operator with a role, signed in. */
export async function operatorOf(
  server: Server,
  role: "viewer" | "supervisor" | "admin",
  email = `${role}@company.example`,
): Promise<Browser & { readonly email: string }> {
  const env = { DATABASE_URL: `file:${server.file}` };
  const { out, err } = await cli(["operator", "add", email, "--role", role, "--json"], env);
  const { password } = JSON.parse(out || "{}") as { password?: string };
  if (password === undefined) throw new Error(`No ${role} was added: ${err}`);
  const browser = browserOf(server);
  const { status } = await browser.signIn({ email, password });
  if (status !== 303) throw new Error(`Sign-in answered ${status}.`);
  return { ...browser, email };
}
