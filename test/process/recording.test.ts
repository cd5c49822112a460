import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, it } from "vitest";
import { BUSINESSES } from "../recordings/recorded-line.ts";
import { cli, ndjson } from "../support/cli.ts";
import { temporaryFolder } from "../support/memory.ts";
import { startServer } from "../support/server.ts";

const SCENARIO = `name: a caller under South African law is recorded, and agrees
call: { from: "+27825550123", to: "+27215550100" }
steps:
  - hear: { contains: ["audio recording of this call", "Kaap Clinic", "right to object"] }
  - press: "1"
  - hear: { contains: ["recorded", "Kaap Clinic"] }
  - hangup: by-service
expect: { consent: granted, attempts: 1, noticeHeard: complete, webhooks: { errors: 0 } }
`;

describe("a line that records, as it is served", () => {
  it(
    "keeps which audio it is where everybody finds it: log, export, receipt, metrics; and lets it go with the person",
    { timeout: 60_000 },
    async ({ expect, onTestFinished }) => {
      await using server = await startServer({ env: { YESLINE_BUSINESSES: BUSINESSES } });
      const keep = temporaryFolder();
      onTestFinished(() => rmSync(keep, { recursive: true, force: true }));
      const file = join(keep, "recorded.yaml");
      writeFileSync(file, SCENARIO);
      const env = { DATABASE_URL: `file:${server.file}`, YESLINE_BUSINESSES: BUSINESSES };
      const { accountSid, authToken } = server.account;
      const at = ["--url", server.url, "--account", accountSid, "--token", authToken];
      const played = await cli(["call", "run", file, ...at], env);
      expect([played.code, played.err]).toEqual([0, expect.not.stringContaining("error")]);

      const recorded = async () =>
        ndjson((await cli(["ledger", "export"], env)).out).find(({ kind }) => kind === "recorded");
      const record = await until(async () => {
        const found = await recorded();
        return found?.["leafIndex"] === null ? undefined : found;
      });
      // That it was announced is what the entry's own notice says; the leaf names that notice.
      const { announced, ...heard } = record["recording"] as Record<string, unknown>;
      expect(announced).toBe(true);
      expect(record).toMatchObject({
        eventState: "ConsentUnknown",
        topics: [],
        jurisdiction: "ZA",
        simulated: true,
        recording: { sid: expect.stringMatching(/^RE/), seconds: 1, bytes: 16_044 },
        leaf: { kind: "recorded", recording: heard },
      });
      expect((await cli(["ledger", "verify"], env)).code).toBe(0);
      const receipt = await cli(["ledger", "receipt", String(record["recordId"])], env);
      expect(JSON.parse(receipt.out)).toMatchObject({ record: { recording: record["recording"] } });
      expect((await server.get("/metrics")).text).toContain('yesline_recordings{state="missing"} 0');

      const forgotten = await cli(["subscriber", "erase", "+27825550123", "--business", "kaap-clinic"], env);
      expect([forgotten.code, forgotten.out]).toEqual([0, expect.stringContaining("recordings of calls")]);
      await until(async () => server.rows("recording").find(({ state }) => state === "deleted"));
      expect(await recorded()).toMatchObject({ subject: { erased: true }, recording: record["recording"] });
      expect((await cli(["ledger", "verify"], env)).code).toBe(0);
      expect((await server.stop()).code).toBe(0);
    },
  );
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error("It never came.");
}
