import { askingThread } from "../../ledger/asking-thread.ts";

/** `hash` null: make one. */
export type PasswordAsked = { readonly password: string; readonly hash: string | null };

/** Hashing takes so long that guessing does not pay. */
export type Passwords = {
  readonly hash: (password: string) => Promise<string>;
  readonly verify: (attempt: { readonly hash: string; readonly password: string }) => Promise<boolean>;
};

/**
 * Hashes passwords in a thread that gives way to callers, one after the other: scrypt takes 50 ms of a core and 32 MB,
 * and in Node's own pool it is as good as a caller.
 */
export function passwordThread(): Passwords {
  const { ask } = askingThread<PasswordAsked>(new URL("password-worker.ts", import.meta.url), {
    lost: (error) => error ?? new Error("The thread that hashes passwords has ended."),
  });
  return {
    hash: async (password) => String(await ask({ password, hash: null })),
    verify: async (attempt) => (await ask(attempt)) === true,
  };
}
