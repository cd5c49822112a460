import type { Entry, Ledger, Withdrawal } from "./ledger.ts";

/**
 * A withdrawal by a person, at the console or in a shell.
 *
 * @param demo only simulated calls are accepted here: unless something real is on record, the simulated is meant
 */
export async function withdraw(
  ledger: Pick<Ledger, "revoke" | "subscriber">,
  withdrawal: Withdrawal,
  demo: boolean,
): Promise<readonly Entry[]> {
  if (!demo) return ledger.revoke(withdrawal);
  const { businessId, number, topics } = withdrawal;
  const consents = (await ledger.subscriber(businessId, number))?.consents ?? [];
  const real = consents.some(({ simulated, topic }) => !simulated && topics.includes(topic));
  const simulated = real ? [] : await ledger.revoke({ ...withdrawal, simulated: true });
  return simulated.length > 0 ? simulated : ledger.revoke(withdrawal);
}
