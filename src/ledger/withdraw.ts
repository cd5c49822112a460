import type { Entry, Ledger, Withdrawal } from "./ledger.ts";

/**
 * A withdrawal by a person, at the console or in a shell.
 *
 * @param demo only simulated calls are accepted here: what stands is simulated, and nothing else is meant
 */
export async function withdraw(
  ledger: Pick<Ledger, "revoke">,
  withdrawal: Withdrawal,
  demo: boolean,
): Promise<readonly Entry[]> {
  const simulated = demo ? await ledger.revoke({ ...withdrawal, simulated: true }) : [];
  return simulated.length > 0 ? simulated : ledger.revoke(withdrawal);
}
