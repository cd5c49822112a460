/** The cookies of one call, by host; Twilio keeps them until the call ends. */
export type CookieJar = {
  header(url: string): string | undefined;
  keep(url: string, setCookies: readonly string[] | undefined): void;
};

const maxCookies = 100;

export function cookieJar(): CookieJar {
  const jar = new Map<string, Map<string, string>>();
  return {
    header(url) {
      const cookies = jar.get(new URL(url).host);
      if (cookies === undefined || cookies.size === 0) return undefined;
      return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    },
    keep(url, setCookies) {
      const { host } = new URL(url);
      const cookies = jar.get(host) ?? new Map<string, string>();
      jar.set(host, cookies);
      for (const setCookie of setCookies ?? []) {
        const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/u.exec(setCookie) ?? [];
        if (name === undefined || value === undefined) continue;
        if (/;\s*max-age=(?:0|-\d+)\s*(?:;|$)/iu.test(setCookie)) cookies.delete(name);
        else if (cookies.size < maxCookies || cookies.has(name)) cookies.set(name, value.trim());
      }
    },
  };
}
