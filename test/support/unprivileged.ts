/** `nobody`, on every Linux. */
const NOBODY = 65_534;

/**
 * Acts as someone whom permission bits hold. Root is not, so where the tests run as root they act as `nobody` for as
 * long as this takes; test files run in processes of their own.
 */
export async function asUnprivileged(act: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(NOBODY);
  try {
    await act();
  } finally {
    process.seteuid?.(0);
  }
}
