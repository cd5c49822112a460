import { Agent, request } from "node:http";

/** A machine has so many addresses of its own; each may try as often as the line lets it. */
const ADDRESSES = 200;
/** Every attempt names somebody else: nobody's account comes to rest, and each password is really hashed. */
export type Flood = { readonly attempts: number; readonly statuses: ReadonlyMap<number, number> };

/** Strangers guess passwords, from many addresses at once, as fast as they are answered, until the signal. */
export async function floodLogins(url: string, atOnce: number, stop: AbortSignal): Promise<Flood> {
  const statuses = new Map<number, number>();
  let attempts = 0;
  const agents = Array.from(
    { length: ADDRESSES },
    (_, n) => new Agent({ keepAlive: true, maxSockets: 1, localAddress: `127.0.1.${n + 1}` }),
  );

  async function guess(): Promise<void> {
    while (!stop.aborted) {
      const n = attempts++;
      const status = await tryToSignIn(url, agents[n % ADDRESSES], `guess-${n}@example.com`);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, guess));
  } finally {
    for (const agent of agents) agent.destroy();
  }
  return { attempts, statuses };
}

function tryToSignIn(url: string, agent: Agent | undefined, email: string): Promise<number> {
  const body = new URLSearchParams({ email, password: "a-password-that-is-wrong" }).toString();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = request(
    `${url}/console/sign-in`,
    {
      method: "POST",
      ...(agent === undefined ? {} : { agent }),
      headers: {
        Origin: url,
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": Buffer.byteLength(body),
      },
    },
    (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
      response.once("error", reject);
    },
  );
  asked.once("error", reject);
  asked.end(body);
  return promise;
}
