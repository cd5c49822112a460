import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOCALES } from "../../src/call/business.ts";
import { TWIML_FOLDER } from "../../src/config.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { startLine, type Line } from "../support/line.ts";

const PERSON = "+14155550123";
const OUTGOING = { from: "+14155550100", to: PERSON } as const;

let line: Line;
let folder: string;
let disk: "works" | "full";
beforeEach(() => {
  disk = "works";
  folder = mkdtempSync(join(tmpdir(), "yesline-"));
  const file = join(folder, "businesses.yaml");
  writeFileSync(file, businessFile());
  line = startLine({ env: { YESLINE_BUSINESSES: file }, wrapLedger });
});
afterEach(async () => {
  await line.stop();
  rmSync(folder, { recursive: true });
});

/** The line calls, and Twilio has found out who took it. */
function called(answeredBy: string | null = "human", from: string = OUTGOING.from) {
  const who = answeredBy === null ? {} : { AnsweredBy: answeredBy };
  return line.call({ ...OUTGOING, from, fields: { Direction: "outbound-api", ...who } });
}

const reading = () => line.memory.reading.calls({}, { cursor: null, limit: 10, direction: "next" });

describe("whom the line calls", () => {
  it.each(LOCALES)("hears first who is calling, and then the whole notice, in %s", async (locale) => {
    const first = await called("human", "+14155550101").begin(`/voice?locale=${locale}`);
    const [who, ...notice] = first.beforeGather.split("\n");
    expect(who).toBe(wordsOf(locale, "outgoing")[0]);
    expect(notice.slice(0, 2)).toEqual(
      wordsOf(locale, "notice")
        .slice(0, 2)
        .map((words) => words.replace("{{topics}}", `updates ${locale}`)),
    );
    expect(line.rows("call_event").map(({ step, locale: spoken }) => [step, spoken])).toContainEqual([
      "notice",
      locale,
    ]);
  });

  it("chooses the language first, where nobody named one", async () => {
    const call = called("human", "+14155550101");
    const language = await call.begin();
    expect(language.action).toContain("/language?");
    expect(language.words).not.toContain("You are being called");
    const notice = await call.press("2");
    expect(notice.beforeGather).toMatch(/^Le llama Acme/);
  });

  it("who calls us is not told that they are being called", async () => {
    expect((await line.call().begin()).words).not.toContain("You are being called");
  });

  it("agrees with one key for the number that was called, and hears who called only once", async () => {
    const call = called();
    const first = await call.begin();
    expect(first.beforeGather).toMatch(
      /^You are being called by Acme Dental\.\nHello, this is Acme Dental\./,
    );
    expect(first.words).toContain("0 1 2 3");
    expect((await call.press("9")).beforeGather).not.toContain("You are being called");
    expect((await call.press("1")).words).toContain("recorded");
    expect(await line.ledger.granted("acme-dental", PERSON, true)).toHaveLength(2);
    expect(line.rows("call")).toMatchObject([{ direction: "outbound", line: "+14155550100" }]);
  });

  it("and has agreed to one topic of two already, is asked for both with the notice", async () => {
    await grants(["appointment-reminders"]);
    const { beforeGather, action } = await called().begin();
    expect(beforeGather).toContain("policy updates");
    expect(action).toContain("/choice?");
  });

  it("and has agreed to everything since the call was asked for, may keep it or stop it", async () => {
    await grants(["appointment-reminders", "policy-updates"]);
    const { beforeGather, action } = await called().begin();
    expect(beforeGather).toBe("You are being called by Acme Dental.");
    expect(action).toContain("/welcome-back?");
  });

  it("hears the same once more, when Twilio repeats its webhook", async () => {
    const call = called();
    const { twiml } = await call.begin();
    const events = line.rows("call_event").length;
    expect((await call.begin()).twiml).toBe(twiml);
    expect(line.rows("call_event")).toHaveLength(events);
  });
});

describe("a machine that takes the call", () => {
  const machines = [
    "machine_start",
    "machine_end_beep",
    "machine_end_silence",
    "machine_end_other",
    "fax",
    "unknown",
    "something that Twilio will invent",
  ];

  it.each(machines)("(%s) never hears a word, and is hung up on at once", async (answeredBy) => {
    const { twiml, status } = await called(answeredBy).begin();
    expect([status, twiml]).toEqual([200, HANG_UP]);
    expect(line.rows("served_text")).toEqual([]);
    expect(line.rows("entry")).toEqual([]);
    expect(line.rows("call_event")).toMatchObject([{ kind: "status", step: "machine" }]);
    expect((await reading()).rows).toMatchObject([{ outcome: "machine", direction: "outbound" }]);
  });

  it("stays a machine when Twilio says that the call is over, with its length", async () => {
    const call = called("machine_start");
    await call.begin();
    await call.post("/voice/status", { CallStatus: "completed", CallDuration: "4", SequenceNumber: "1" });
    expect((await reading()).rows).toMatchObject([
      { outcome: "machine", status: "completed", durationSeconds: 4 },
    ]);
  });

  it("is hung up on once more when Twilio repeats its webhook, and written down once", async () => {
    const call = called("machine_start");
    await call.begin();
    expect((await call.begin()).twiml).toBe(HANG_UP);
    expect(line.rows("call_event")).toHaveLength(1);
    expect(line.webhooks).toMatchObject([
      { outcome: "machine", repeated: false },
      { outcome: "machine", repeated: true },
    ]);
  });

  it("does not even hear an apology, when the disk is full", async () => {
    disk = "full";
    expect((await called("machine_start").begin()).twiml).toBe(HANG_UP);
    expect(line.webhooks).toMatchObject([{ outcome: "machine" }]);
    expect(line.errors).toHaveLength(1);
  });

  it("is none where somebody calls us, whatever the field says", async () => {
    const { beforeGather } = await line.call({ fields: { AnsweredBy: "machine_start" } }).begin();
    expect(beforeGather).toContain("WhatsApp");
  });
});

describe("a call that nobody takes", () => {
  it.each(["no-answer", "busy", "failed", "canceled"])(
    "(%s) is in the log as not reached",
    async (status) => {
      const call = called(null);
      for (const [sequence, early] of ["initiated", "ringing"].entries()) {
        await call.post("/voice/status", { CallStatus: early, SequenceNumber: String(sequence) });
      }
      expect((await reading()).rows).toMatchObject([{ outcome: "in-progress", direction: "outbound" }]);
      await call.post("/voice/status", { CallStatus: status, CallDuration: "0", SequenceNumber: "2" });
      const { rows } = await reading();
      expect(rows).toMatchObject([{ outcome: "no-answer", status, direction: "outbound" }]);
      expect(line.rows("outbox")).toEqual([]);
    },
  );

  it("has no first words any more, should they be asked for after its end", async () => {
    const call = called();
    await call.post("/voice/status", { CallStatus: "canceled", SequenceNumber: "0" });
    expect((await call.begin()).twiml).toBe(HANG_UP);
  });

  it("is told of before the first words, and the person who takes it is asked all the same", async () => {
    const call = called();
    await call.post("/voice/status", { CallStatus: "ringing", SequenceNumber: "1" });
    expect((await call.begin()).beforeGather).toContain("WhatsApp");
    await call.press("1");
    expect((await reading()).rows).toMatchObject([{ outcome: "granted", direction: "outbound" }]);
  });
});

const HANG_UP = '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>';

function wrapLedger(ledger: Ledger): Ledger {
  return {
    ...ledger,
    recordStatus: (...change) =>
      disk === "full" ? Promise.reject(new Error("disk full")) : ledger.recordStatus(...change),
  };
}

/** The person agreed to these on the phone before. */
async function grants(topics: readonly string[]) {
  const call = line.call();
  await call.begin();
  await call.press("1");
  for (const topic of ["appointment-reminders", "policy-updates"].filter((each) => !topics.includes(each))) {
    await line.ledger.revoke({
      businessId: "acme-dental",
      number: PERSON,
      topics: [topic],
      simulated: true,
      source: "cli",
      sourceId: topic,
      reason: null,
      locale: "en-US",
      jurisdiction: "US",
      script: "2026-11-22",
      at: line.clock.now,
    });
  }
  await call.post("/voice/status", { CallStatus: "completed", SequenceNumber: "0" });
}

/** What a prompt says, Say by Say, with the business's name in its place. */
function wordsOf(locale: string, prompt: string): string[] {
  const source = readFileSync(join(TWIML_FOLDER, "2026-11-22", locale, `${prompt}.xml`), "utf8");
  return [...source.matchAll(/<Say[^>]*>([^<]*)<\/Say>/g)].map((match) =>
    (match[1] ?? "").replaceAll("{{business}}", "Acme"),
  );
}

/** Acme Dental of the demo, and one that speaks every language. */
function businessFile(): string {
  const demo = readFileSync(new URL("../../src/businesses.demo.yaml", import.meta.url), "utf8");
  const names = LOCALES.map((locale) => `${locale}: updates ${locale}`).join(", ");
  return `${demo}
  - id: acme
    name: Acme
    legalName: Acme Ltd.
    contact: { email: a@acme.example, postalAddress: "1 Main St", privacyUrl: "https://acme.example" }
    lines: ["+14155550101"]
    whatsapp: { sender: "+14155550111" }
    script: "2026-11-22"
    locales: [${LOCALES.join(", ")}]
    jurisdiction: EU
    topics: [{ id: updates, category: utility, names: { ${names} } }]
    ask: together
    retention: P5Y
`;
}
