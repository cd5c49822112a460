import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cli, ndjson } from "../support/cli.ts";
import { startLine, type Line } from "../support/line.ts";
import { sha256 } from "../support/memory.ts";

let line: Line;
const env = () => ({ DATABASE_URL: `file:${line.databaseFile}` });
const exported = async (...options: string[]) => {
  const { code, out, err } = await cli(["ledger", "export", ...options], env());
  expect(code).toBe(0);
  // Whoever asks for less than everything is told what that cannot show.
  const isFiltered = options.some((option) => /^--(?:business|kind|since|until|simulated)$/.test(option));
  expect(err).toMatch(isFiltered ? /^An export with filters cannot be verified as a whole.*\n$/ : /^$/);
  return ndjson(out);
};
beforeEach(() => {
  line = startLine();
});
afterEach(() => line.stop());

/** Someone calls Acme Dental and presses a key. */
async function press(from: string, key: string): Promise<string> {
  const call = line.call({ from, fields: { StirVerstat: "TN-Validation-Passed-A" } });
  await call.begin();
  await call.press(key);
  return call.callSid;
}

describe("yesline ledger export", () => {
  it("shows a caller's yes with all that makes it valid, one JSON object a line", async () => {
    const callSid = await press("+14155552701", "1");
    const [record, ...more] = await exported("--format", "ndjson");
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      schemaVersion: "yesline-consent-record/1",
      kind: "granted",
      eventState: "ConsentGiven",
      eventTime: "2026-06-01T09:00:00.000Z",
      sequence: 1,
      controller: { id: "acme-dental", name: "Acme Dental", legalName: "Acme Dental Ltd." },
      channel: "whatsapp",
      topics: [
        { id: "appointment-reminders", category: "utility", name: "appointment reminders" },
        { id: "policy-updates", category: "utility", name: "policy updates" },
      ],
      jurisdiction: "US",
      locale: "en-US",
      script: "2026-11-22",
      notice: { version: "2026-11-22", language: "en-US", servedAt: "2026-06-01T09:00:00.000Z" },
      servedEventId: `${callSid}/notice/1`,
      collectionMethod: "ivr_dtmf",
      call: { sid: callSid, line: "+14155550100", direction: "inbound", begunAt: "2026-06-01T09:00:00.000Z" },
      attestation: "passed-A",
      key: { pressed: "1", question: "choice", attempt: 1, at: "2026-06-01T09:00:00.000Z" },
      simulated: true,
    });
  });

  it("gives the words that were spoken, and their digest is theirs", async () => {
    await press("+14155552701", "1");
    const [record] = await exported();
    const notice = record?.["notice"] as { text: string; sha256: string };
    expect(notice.sha256).toBe(sha256(notice.text));
    for (const said of ["Acme Dental", "WhatsApp", "appointment reminders", "policy updates"]) {
      expect(notice.text).toContain(said);
    }
  });

  it("never shows a number, only enough of it to recognise", async () => {
    await press("+14155552701", "1");
    await press("+34655552702", "2");
    const { out } = await cli(["ledger", "export"], env());
    const subjects = ndjson(out).map((record) => record["subject"]);
    expect(subjects).toMatchObject([{ number: "+1••••••2701" }, { number: "+34•••••2702" }]);
    for (const digits of ["4155552701", "5552701", "34655552702", "5552702"]) {
      expect(out).not.toContain(digits);
    }
  });

  it("shows every choice in the order of commits, and who withdrew how", async () => {
    const hour = 60 * 60 * 1000;
    await press("+14155552701", "1");
    // The clock jumps back: the order stays.
    line.clock.now -= hour;
    await press("+14155552702", "2");
    await cli(["subscriber", "revoke", "+14155552701", "--business", "acme-dental"], env());
    const records = await exported();
    expect(records.map((record) => [record["sequence"], record["kind"], record["collectionMethod"]])).toEqual(
      [
        [1, "granted", "ivr_dtmf"],
        [2, "refused", "ivr_dtmf"],
        [3, "revoked", "cli"],
      ],
    );
    expect(records[2]).toMatchObject({ call: null, notice: null, key: null, eventState: "ConsentWithdrawn" });
  });

  it("takes only what was asked for", async () => {
    const day = 24 * 60 * 60 * 1000;
    await press("+14155552701", "1");
    line.clock.now += day;
    await press("+14155552702", "2");
    const hotel = line.call({ from: "+34655552703", to: "+34915550100" });
    line.clock.now += day;
    await hotel.begin();
    await hotel.press("1");
    await hotel.press("2");
    const kinds = async (...options: string[]) =>
      (await exported(...options)).map((record) => record["kind"]);
    expect(await kinds()).toEqual(["granted", "refused", "refused"]);
    expect(await kinds("--business", "acme-dental")).toEqual(["granted", "refused"]);
    expect(await kinds("--kind", "granted")).toEqual(["granted"]);
    expect(await kinds("--since", "2026-06-02")).toEqual(["refused", "refused"]);
    expect(await kinds("--since", "2026-06-01T11:00:00+02:00", "--until", "2026-06-02T09:00:00Z")).toEqual([
      "granted",
    ]);
    expect(await kinds("--simulated", "yes")).toHaveLength(3);
    expect(await kinds("--simulated", "no")).toEqual([]);
  });

  it("writes nothing, not even an empty line, where there is nothing", async () => {
    expect(await cli(["ledger", "export", "--json"], env())).toEqual({ code: 0, out: "", err: "" });
  });
});
