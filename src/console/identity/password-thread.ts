import { Worker } from "node:worker_threads";

/** `hash` null: make one. */
export type PasswordAsked = { readonly id: number; readonly password: string; readonly hash: string | null };
export type PasswordSays = { readonly id: number; readonly answer: string | boolean };

/** Hashing takes so long that guessing does not pay. */
export type Passwords = {
  readonly hash: (password: string) => Promise<string>;
  readonly verify: (attempt: { readonly hash: string; readonly password: string }) => Promise<boolean>;
};

/**
 * Hashes passwords in a thread that gives way to callers, one after the other: scrypt takes 50 ms of a core and 32 MB,
 * and in Node's own pool it is as good as a caller. The thread begins with the first password.
 */
export function passwordThread(): Passwords {
  const asked = new Map<number, PromiseWithResolvers<string | boolean>>();
  let worker: Worker | null = null;
  let lastId = 0;

  function start(): Worker {
    const started = new Worker(new URL("password-worker.ts", import.meta.url));
    started.unref();
    started.on("message", ({ id, answer }: PasswordSays) => {
      asked.get(id)?.resolve(answer);
      asked.delete(id);
    });
    const gone = (error: Error) => {
      if (worker === started) worker = null;
      for (const { reject } of asked.values()) reject(error);
      asked.clear();
    };
    started.once("error", (error: unknown) =>
      gone(error instanceof Error ? error : new Error(String(error))),
    );
    started.once("exit", () => gone(new Error("The thread that hashes passwords has ended.")));
    return started;
  }

  async function ask(password: string, hash: string | null): Promise<string | boolean> {
    worker ??= start();
    const answer = Promise.withResolvers<string | boolean>();
    const id = (lastId += 1);
    asked.set(id, answer);
    // It holds the process as long as somebody waits, and no longer.
    worker.ref();
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
    worker.postMessage({ id, password, hash } satisfies PasswordAsked);
    try {
      return await answer.promise;
    } finally {
      if (asked.size === 0) worker?.unref();
    }
  }

  return {
    hash: async (password) => String(await ask(password, null)),
    verify: async ({ password, hash }) => (await ask(password, hash)) === true,
  };
}
