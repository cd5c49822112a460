import { expect, it } from "vitest";
import { recordFaults } from "../../src/proof/record-leaf.ts";
import { audited } from "./auditors.ts";
import { provenPaths, receiptsOfKinds, replaced } from "./kinds.ts";

it("an auditor is told wherever a record says something else than its leaf, whatever brought the entry", async () => {
  const line = await audited([]);
  const receipts = await receiptsOfKinds(line);
  await line.close();
  expect(receipts.map(({ record }) => (record as { collectionMethod: string }).collectionMethod)).toEqual([
    "ivr_dtmf",
    "whatsapp",
    "whatsapp",
    "cli",
  ]);
  for (const { record, proof } of receipts) {
    expect(recordFaults(record, proof?.leaf)).toEqual([]);
    const believed = provenPaths(record)
      .map((path) => path.join("."))
      // A receipt says these beyond the record that is exported.
      .filter((name) => !/^(?:eventId|eventType|revocation)/.test(name))
      .filter((name) => recordFaults(replaced(record, name.split(".")), proof?.leaf).length === 0);
    expect(believed).toEqual([]);
  }
});
