import { afterEach, describe, expect, it } from "vitest";
import { startConsoleLine, type ConsoleLine, type ConsoleLineOptions } from "./console-line.ts";

let line: ConsoleLine;
afterEach(() => line.stop());

/** A line for real callers, where the demo's own calls are simulated ones among them. */
const REAL: ConsoleLineOptions = { parts: { showSimulated: false } };
const TOPICS = ["appointment-reminders", "policy-updates"];

/** Somebody who agreed in a simulated call, before a supervisor. */
async function simulatedYes(options: ConsoleLineOptions) {
  line = await startConsoleLine(options);
  await line.granted();
  return beforeSupervisor("acme-dental");
}

async function beforeSupervisor(businessId: string, digits = "0123") {
  const [person] = await line.reading.findSubscribers({ kind: "last-digits", digits }, 1, [businessId]);
  const supervisor = await line.operator("supervisor");
  const id = person?.id ?? "";
  const path = `/console/subscribers/${businessId}/${id}`;
  return {
    path,
    id,
    supervisor,
    page: () => supervisor.page(path),
    asked: async (form: Record<string, string | readonly string[]>) =>
      (await supervisor.post(`${path}/withdraw`, { topic: TOPICS, reason: "asked", ...form })).text(),
    confirmed: (form: Record<string, string | readonly string[]>) =>
      supervisor.post(`${path}/withdraw`, { topic: TOPICS, reason: "asked", confirmed: "yes", ...form }),
    entries: async () => (await line.reading.subscriber(businessId, id))?.entries ?? [],
  };
}

const madeOf = () => line.rows("entry").map((row) => [row["kind"], row["simulated"]]);

describe("a person whose only yes was simulated, on a line for real callers", () => {
  it("is offered both: the end of what was simulated, or never to be written to; neither is chosen for them", async () => {
    const { page } = await simulatedYes(REAL);
    const shown = await page();
    expect(shown).toMatch(/value="simulated"\s+required/);
    expect(shown).toMatch(/value="real"\s+required/);
    expect(shown).toContain("Withdraw the simulated consent");
    expect(shown).toContain("Never write to this number");
  });

  it("keeps everything real as it is where only the simulated consent is withdrawn, as the page said", async () => {
    const { asked, confirmed, supervisor } = await simulatedYes(REAL);
    const said = await asked({ world: "simulated" });
    expect(said).toContain("Withdraw the simulated consent?");
    expect(said).toContain("Simulated: it ends what simulated calls left, and writes nothing real.");
    const answer = await confirmed({ world: "simulated" });
    expect(madeOf()).toEqual([
      ["granted", 1],
      ["revoked", 1],
    ]);
    expect(await supervisor.page(answer.headers.get("location") ?? "")).toContain(
      "Nothing real was written.",
    );
    expect((await line.accesses()).find(({ action }) => action === "withdrew")?.detail).toBe(
      "appointment-reminders, policy-updates (simulated)",
    );
    const again = await confirmed({ world: "simulated" });
    expect(again.headers.get("location")).toContain("done=withdrew-nothing");
    expect(madeOf()).toHaveLength(2);
  });

  it("is never written to again where that is what they want, as the page said", async () => {
    const { asked, confirmed } = await simulatedYes(REAL);
    for (const form of [{ world: "real" }, {}]) {
      const said = await asked(form);
      expect(said).toContain("Never write to this number?");
      expect(said).toContain("Real: only simulated consent stands, but whoever wants no messages");
    }
    await confirmed({ world: "real" });
    expect(madeOf()).toEqual([
      ["granted", 1],
      ["revoked", 0],
      ["revoked", 1],
    ]);
  });
});

describe("a person in the demo", () => {
  it("has the simulated consent chosen already, for there is nothing else", async () => {
    const { page, confirmed } = await simulatedYes({});
    expect(await page()).toMatch(/value="simulated"\s+checked/);
    await confirmed({});
    expect(madeOf()).toEqual([
      ["granted", 1],
      ["revoked", 1],
    ]);
  });
});

describe("a person who never agreed to anything", () => {
  it("can have it written that nobody may write to them (law 8)", async () => {
    line = await startConsoleLine(REAL);
    await line.ledger.register("acme-dental", "+14155550123", line.clock.now);
    const { page, asked, confirmed } = await beforeSupervisor("acme-dental");
    const shown = await page();
    expect(shown).toContain("No consent stands. Whoever wants no messages may say so all the same.");
    expect(await asked({ world: "real" })).toContain("Real: no consent stands");
    await confirmed({ world: "real" });
    expect(madeOf()).toEqual([["revoked", 0]]);
    expect(line.rows("entry")).toMatchObject([{ locale: "en-US", jurisdiction: "US" }]);
  });
});

describe("the evidence of a withdrawal", () => {
  it("is in the language of the notice that was heard for that consent, whatever was heard since", async () => {
    line = await startConsoleLine();
    const inFrench = line.call({ from: "+34600112233", to: "+34915550100" });
    await inFrench.begin();
    for (const key of ["3", "1", "2"]) await inFrench.press(key);
    line.clock.now += 60_000;
    const { id, supervisor, entries, confirmed } = await beforeSupervisor("hotel-miramar", "2233");
    const [french] = await entries();
    expect(french).toMatchObject({ locale: "fr-FR" });
    await line.ledger.revoke({
      businessId: "hotel-miramar",
      number: "+34600112233",
      topics: ["offers"],
      source: "whatsapp",
      sourceId: "a reply in German",
      reason: null,
      locale: "de-DE",
      jurisdiction: "EU",
      script: french?.script ?? "",
      at: line.clock.now,
    });
    await confirmed({ topic: "reservation-updates" });
    const made = (await entries()).find(({ source }) => source === "console");
    expect(made).toMatchObject({ locale: "fr-FR", topics: ["reservation-updates"] });
    const shown = await supervisor.page(`/console/evidence/hotel-miramar/${made?.id}?subscriber=${id}`);
    expect(shown).toContain("Evidence of withdrawal");
    expect(shown).toContain(`as in the notice of entry ${french?.seq}`);
    expect(shown).toContain("French (France)");
    const business = line.config.businesses.find((each) => each.id === "hotel-miramar");
    expect(shown).toContain(business?.topics[0].names["fr-FR"]);
    expect(shown).toMatch(new RegExp(`Entry ${french?.seq}:\\s+granted,\\s+by phone`));
  });
});
