import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CallRow } from "../../src/ledger/reading.ts";
import { startConsoleLine } from "./console-line.ts";

const DEMO = new URL("../../src/businesses.demo.yaml", import.meta.url);
const TWIML = `<Hangup/> & "Acme" <Say>Dental</Say>`;

/** A line whose first business is called something that a machine could take for an order. */
async function lineCalled(name: string) {
  const folder = mkdtempSync(join(tmpdir(), "yesline-name-"));
  const file = join(folder, "businesses.yaml");
  writeFileSync(
    file,
    readFileSync(DEMO, "utf8").replace("name: Acme Dental\n", () => `name: ${JSON.stringify(name)}\n`),
  );
  const line = await startConsoleLine({ env: { YESLINE_BUSINESSES: file } });
  onTestFinished(async () => {
    await line.stop();
    rmSync(folder, { recursive: true });
  });
  return line;
}

describe("a business whose name is TwiML (row 49)", () => {
  it("is called so on the phone, and shown so on every page, in the evidence and in its ZIP", async () => {
    const line = await lineCalled(TWIML);
    const call = line.call();
    const heard = await call.begin();
    expect(heard.words).toContain(TWIML);
    expect([heard.hangsUp, heard.action]).toEqual([false, expect.stringContaining("/choice")]);
    await call.press("1");
    const [person] = await line.reading.findSubscribers({ kind: "last-digits", digits: "0123" }, 1);
    const [entry] = (await line.reading.call("acme-dental", call.callSid))?.entries ?? [];
    const admin = await line.operator("admin");
    const evidence = `/console/evidence/acme-dental/${entry?.id}`;
    for (const path of [
      "/console/today",
      "/console/log",
      "/console/script?business=acme-dental",
      `/console/calls/acme-dental/${call.callSid}`,
      `/console/subscribers/acme-dental/${person?.id}`,
      `${evidence}?call=${call.callSid}`,
      "/console/accesses",
    ]) {
      const shown = await admin.page(path);
      expect([path, shown.includes("&lt;Hangup/&gt; &amp; &quot;Acme&quot;")]).toEqual([path, true]);
      expect(shown).not.toMatch(/<(?:Hangup|Say)\b/);
    }
    const zip = await admin.get(`${evidence}/zip?call=${call.callSid}`);
    const files = unzipSync(new Uint8Array(await zip.arrayBuffer()));
    expect(Buffer.from(files["notice.txt"] ?? []).toString()).toContain(TWIML);
  });
});

describe("an export", () => {
  it("goes on while callers are answered, however long it is (row 59)", async () => {
    const line = await startConsoleLine();
    onTestFinished(() => line.stop());
    await line.granted();
    const { rows } = await line.reading.calls({}, { cursor: null, limit: 1, direction: "next" });
    const exporting = endless(rows[0]);
    const here = await startConsoleLine({
      parts: { reading: { ...line.reading, exportCalls: () => exporting.rows } },
    });
    onTestFinished(() => here.stop());
    const supervisor = await here.operator("supervisor");
    const reader = (await supervisor.post("/console/log/export/ndjson")).body?.getReader();
    let bytes = 0;
    const reading = (async () => {
      for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
        bytes += piece.value.length;
    })();
    for (let calls = 0; calls < 20; calls++) await here.granted(`+1415555${5_000 + calls}`);
    expect(here.rows("entry")).toHaveLength(20);
    expect(bytes).toBeGreaterThan(100_000);
    expect(exporting.stopped()).toBe(false);
    await reader?.cancel();
    await reading;
    expect(exporting.stopped()).toBe(true);
  });
});

/** The same row for ever, until nobody reads any more. */
function endless(row: CallRow | undefined) {
  let stopped = false;
  async function* rows(): AsyncGenerator<CallRow> {
    try {
      if (row === undefined) return;
      for (;;) yield row;
    } finally {
      stopped = true;
    }
  }
  return { rows: rows(), stopped: () => stopped };
}
