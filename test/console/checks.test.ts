import { afterEach, describe, expect, it } from "vitest";
import type { VerifyingStatus } from "../../src/proof/verified.ts";
import { signersOf } from "../../src/sealing.ts";
import { auditOf } from "../proof/auditing.ts";
import { sealerOn } from "../proof/sealing.ts";
import { driver } from "../support/by-hand.ts";
import { startConsoleLine, type ConsoleLine } from "./console-line.ts";

let line: ConsoleLine;
afterEach(() => line.stop());

/** A line whose ledger was verified, and a supervisor who looks. */
async function verified() {
  const status: { now: VerifyingStatus } = { now: { last: null, since: null } };
  line = await startConsoleLine({ parts: { verifying: () => status.now } });
  const call = line.call({ from: "+14155552701" });
  await call.begin();
  await call.press("1");
  const signers = signersOf(line.config);
  await sealerOn(line.memory.proof, { signers }).seal();
  const viewer = await line.operator("supervisor");
  const verify = async () => {
    const report = await auditOf(line.memory, { verifiers: signers.map(({ verifier }) => verifier) });
    const at = line.clock.now;
    const result = report.ok ? "ok" : "faults";
    status.now = { since: null, last: { at, milliseconds: 1_400, result, report, reason: null } };
  };
  return { viewer, verify, status };
}

describe("a supervisor", () => {
  it("sees when the ledger was verified, and that it is as it was signed", async () => {
    const { viewer, verify } = await verified();
    expect(await (await viewer.get("/console/checks")).text()).toContain("Not verified yet");
    await verify();
    const page = await (await viewer.get("/console/checks")).text();
    expect(page).toContain("As it was signed");
    expect(page.replaceAll(/\s+/g, " ")).toContain("1 of 1 entries were made anew");
    expect(page).not.toContain("alarm");
  });

  it("cannot overlook that it is not, and sees what was changed", async () => {
    const { viewer, verify } = await verified();
    driver(line.databaseFile, "DROP TRIGGER entry_never_changes; UPDATE entry SET locale = 'de-DE'");
    await verify();
    const page = await (await viewer.get("/console/checks")).text();
    expect(page).toContain("NOT what was signed");
    expect(page).toContain(String(line.rows("entry")[0]?.["id"]));
    expect(await (await viewer.get("/console/today")).text()).toContain("alarm");
  });

  it("sees of one entry whether it is what was sealed", async () => {
    const { viewer } = await verified();
    const [entry] = line.rows("entry");
    const address = `/console/evidence/${String(entry?.["business_id"])}/${String(entry?.["id"])}`;
    expect(await (await viewer.get(address)).text()).toContain("Its leaf, number 0, was made anew");
    driver(line.databaseFile, "DROP TRIGGER entry_never_changes; UPDATE entry SET script = 'x'");
    expect(await (await viewer.get(address)).text()).toContain("something was changed");
  });
});
