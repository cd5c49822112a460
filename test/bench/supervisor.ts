/** A supervisor's browser, as far as a bench needs one: it keeps cookies and names its origin. */
export type Supervisor = ReturnType<typeof supervisorAt>;

const NEWLINE = 10;

export function supervisorAt(url: string) {
  const jar = new Map<string, string>();

  async function send(path: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const response = await fetch(url + path, {
      method: form === undefined ? "GET" : "POST",
      redirect: "manual",
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "), origin: url },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === "" || /max-age=0/i.test(set)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  async function expecting(status: number, path: string, form?: Readonly<Record<string, string>>) {
    const response = await send(path, form);
    if (response.status === status) return response;
    throw new Error(`${path} answered ${response.status}: ${(await response.text()).slice(0, 500)}`);
  }

  return {
    async signIn(operator: { readonly email: string; readonly password: string }): Promise<void> {
      jar.clear();
      await (await expecting(303, "/console/sign-in", operator)).arrayBuffer();
    },
    async open(path: string): Promise<void> {
      await (await expecting(200, path)).arrayBuffer();
    },
    /** Types a number, and is led to its calls. */
    async search(number: string): Promise<void> {
      const led = await expecting(303, "/console/search", { q: number });
      await led.arrayBuffer();
      await (await expecting(200, led.headers.get("location") ?? "")).arrayBuffer();
    },
    /** Everything, as it comes; with the signal, no further. */
    async exportCsv(stop?: AbortSignal): Promise<{ readonly rows: number; readonly bytes: number }> {
      const response = await expecting(200, "/console/log/export/csv", { query: "" });
      let [bytes, lines] = [0, 0];
      for await (const chunk of response.body ?? []) {
        bytes += chunk.length;
        for (const byte of chunk) if (byte === NEWLINE) lines += 1;
        if (stop?.aborted === true) break;
      }
      return { rows: lines - 1, bytes };
    },
  };
}
