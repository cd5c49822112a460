import { randomUUIDv7 } from "node:crypto";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PressBusy } from "../../src/proof/pdf-press.ts";
import { signersOf } from "../../src/sealing.ts";
import { sealerOn } from "../proof/sealing.ts";
import { sid } from "../support/line.ts";
import { withdrawalOf } from "../support/memory.ts";
import { describedBy, startApiLine, type ApiLine, type Told } from "./api-line.ts";

const ANNA = "+14155550123";
const PATH = "/api/v1/consents";

let line: ApiLine;
let described: Awaited<ReturnType<typeof describedBy>>;
beforeAll(async () => {
  line = await startApiLine();
  described = await describedBy(line);
  await line.agrees(ANNA);
});
afterAll(() => line.stop());

/** Every route that was seen answering as described, by method and path of the description. */
const seen = new Set<string>();

function expectDescribed(route: string, told: Told, status: number): void {
  expect(told.status, told.text).toBe(status);
  expect(described.faults(route, told)).toEqual([]);
  if (status < 300) seen.add(`${told.method} ${route}`);
}

describe("where a number stands", () => {
  it("is told for each topic, with the entry that it stands on", async () => {
    const told = await line.ask("GET", `${PATH}/${ANNA}`);
    expectDescribed(`${PATH}/{number}`, told, 200);
    expect(told.body).toMatchObject({ number: ANNA, simulated: false });
    expect(told.body.consents).toHaveLength(2);
    const [entry] = line.rows("entry");
    expect(told.body.consents[0]).toMatchObject({
      business: "acme-dental",
      topic: "appointment-reminders",
      state: "granted",
      since: "2026-11-23T19:00:00.000Z",
      entry: entry?.["id"],
    });
  });

  it("is nothing for somebody who never called, and nothing in the simulated world", async () => {
    const stranger = await line.ask("GET", `${PATH}/+14155550177`);
    expectDescribed(`${PATH}/{number}`, stranger, 200);
    expect(stranger.body.consents).toEqual([]);
    const simulated = await line.ask("GET", `${PATH}/${ANNA}?simulated=true&business=acme-dental`);
    expectDescribed(`${PATH}/{number}`, simulated, 200);
    expect(simulated.body).toMatchObject({ simulated: true, consents: [] });
  });

  it("is on record in the access log, with the key's name and without the number", async () => {
    await line.ask("GET", `${PATH}/${ANNA}`);
    const access = line.rows("access_log").at(-1);
    expect(access).toMatchObject({ action: "looked", business_id: "acme-dental" });
    expect(String(access?.["actor_name"])).toMatch(/^API key test /);
    expect(JSON.stringify(line.rows("access_log"))).not.toContain(ANNA.slice(-7));
  });
});

describe("whoever wants no messages any more", () => {
  it("is out of one topic at once, and the log says who asked and why", async () => {
    await line.agrees("+14155550124");
    const body = { business: "acme-dental", topics: ["policy-updates"], reason: "Asked by e-mail" };
    const told = await line.ask("POST", `${PATH}/+14155550124/revocations`, { body });
    expectDescribed(`${PATH}/{number}/revocations`, told, 201);
    expect(told.body.entries).toMatchObject([
      {
        kind: "revoked",
        topics: ["policy-updates"],
        source: "api",
        reason: "Asked by e-mail",
        simulated: false,
      },
    ]);
    const stands = await line.ask("GET", `${PATH}/+14155550124`);
    expect(stands.body.consents).toMatchObject([{ state: "granted" }, { state: "revoked" }]);
  });

  it("is out of everything without having agreed to anything", async () => {
    const told = await line.ask("POST", `${PATH}/+14155550125/revocations`, {
      body: { business: "acme-dental" },
    });
    expectDescribed(`${PATH}/{number}/revocations`, told, 201);
    expect(told.body.entries).toMatchObject([{ topics: ["appointment-reminders", "policy-updates"] }]);
  });

  it("writes nothing real where only the simulated is to end, and nothing of it stands", async () => {
    const body = { business: "acme-dental", simulated: true };
    const told = await line.ask("POST", `${PATH}/${ANNA}/revocations`, { body });
    expectDescribed(`${PATH}/{number}/revocations`, told, 201);
    expect(told.body.entries).toEqual([]);
  });

  it.each([
    [{ business: "acme-dental", topics: ["offers"] }, "#/topics/0"],
    [{ business: "acme-dental", reason: "call her on 415 555 0123 77" }, "#/reason"],
    [{ business: "acme-dental", when: "now" }, "#"],
    [{}, "#/business"],
  ])("is asked again where %j is wrong at %s, and nothing is written", async (body, pointer) => {
    const before = line.rows("entry").length;
    const told = await line.ask("POST", `${PATH}/${ANNA}/revocations`, { body });
    expectDescribed(`${PATH}/{number}/revocations`, told, 400);
    expect(told.body.errors[0].pointer).toBe(pointer);
    expect(line.rows("entry")).toHaveLength(before);
  });
});

describe("somebody with a new number", () => {
  it("stands nowhere with the old one, and is asked on the new one", async () => {
    await line.agrees("+14155550126");
    const body = { business: "acme-dental", to: "+14155550127" };
    const told = await line.ask("POST", `${PATH}/+14155550126/changes`, { body });
    expectDescribed(`${PATH}/{number}/changes`, told, 201);
    expect(told.body.entries).toMatchObject([{ kind: "revoked" }, { kind: "pending" }]);
    const [ended, asked] = told.body.entries;
    expect(asked.supersedes).toBe(ended.id);
    const old = await line.ask("GET", `${PATH}/+14155550126`);
    expect(old.body.consents).toMatchObject([{ state: "revoked" }, { state: "revoked" }]);
    const now = await line.ask("GET", `${PATH}/+14155550127`);
    expect(now.body.consents).toMatchObject([{ state: "pending" }, { state: "pending" }]);
  });

  it("cannot take over consent with a number that stays withdrawn", async () => {
    const to = "+14155550128";
    const by = { by: "cli", byName: "command line", at: 1 };
    await line.memory.privacy.erase({
      businessId: "acme-dental",
      who: { number: to },
      keepSuppression: true,
      ...by,
    });
    const before = line.rows("entry").length;
    const told = await line.ask("POST", `${PATH}/${ANNA}/changes`, { body: { business: "acme-dental", to } });
    expectDescribed(`${PATH}/{number}/changes`, told, 400);
    expect(told.body.errors[0]).toMatchObject({
      pointer: "#/to",
      detail: expect.stringContaining("withdrawn"),
    });
    expect(line.rows("entry")).toHaveLength(before);
  });

  it("cannot change to the same one, or to one that WhatsApp cannot reach", async () => {
    for (const to of [ANNA, "+19005550123"]) {
      const body = { business: "acme-dental", to };
      const told = await line.ask("POST", `${PATH}/${ANNA}/changes`, { body });
      expectDescribed(`${PATH}/{number}/changes`, told, 400);
      expect(told.body.errors[0].pointer).toBe("#/to");
    }
  });
});

describe("may this be sent?", () => {
  const ROUTE = "/api/v1/permissions";
  const question = { business: "acme-dental", to: ANNA, topic: "appointment-reminders" };

  it("yes, where the person agreed; the answer is kept", async () => {
    const told = await line.ask("POST", ROUTE, { body: question });
    expectDescribed(ROUTE, told, 200);
    expect(told.body).toMatchObject({ allowed: true, reason: "granted", simulated: false });
    expect(line.rows("decision").at(-1)).toMatchObject({
      id: told.body.decision,
      allowed: 1,
      entry_id: told.body.entry,
      topic: "appointment-reminders",
    });
  });

  it.each([
    [{ to: "+14155550178" }, "no_consent"],
    [{ topic: "offers" }, "unknown_topic"],
    [{ to: "+19005550123" }, "unreachable_number"],
    [{ simulated: true }, "no_consent"],
    [{ at: "2026-11-24T04:00:00-05:00" }, "quiet_hours"],
  ])("no, with %j: %s", async (over, reason) => {
    const told = await line.ask("POST", ROUTE, { body: { ...question, ...over } });
    expectDescribed(ROUTE, told, 200);
    expect(told.body).toMatchObject({ allowed: false, reason });
  });

  it.each(["2026-11-22T19:00:00Z", "2027-11-23T19:00:00Z", "tomorrow"])(
    "cannot be asked for %s",
    async (at) => {
      const told = await line.ask("POST", ROUTE, { body: { ...question, at } });
      expectDescribed(ROUTE, told, 400);
      expect(told.body.errors).toMatchObject([{ pointer: "#/at" }]);
    },
  );

  it("cannot be asked with a number where the topic belongs, so that none is kept in clear", async () => {
    const told = await line.ask("POST", ROUTE, { body: { ...question, topic: "1-415-555-0123-4" } });
    expectDescribed(ROUTE, told, 400);
    expect(told.body.errors).toMatchObject([{ pointer: "#/topic" }]);
    expect(JSON.stringify(line.rows("decision"))).not.toContain("0123-4");
  });

  it("no more, at once, after a withdrawal", async () => {
    await line.agrees("+14155550128");
    const body = { ...question, to: "+14155550128" };
    expect((await line.ask("POST", ROUTE, { body })).body.allowed).toBe(true);
    await line.ask("POST", `${PATH}/+14155550128/revocations`, { body: { business: "acme-dental" } });
    expect((await line.ask("POST", ROUTE, { body })).body).toMatchObject({
      allowed: false,
      reason: "revoked",
    });
  });
});

describe("the log", () => {
  const ROUTE = "/api/v1/entries";

  it("is read page after page, each entry once and in order", async () => {
    for (let number = 130; number < 137; number++) await line.agrees(`+14155550${number}`);
    const ids: string[] = [];
    let cursor = "";
    for (let page = 0; page < 50; page++) {
      const told = await line.ask("GET", `${ROUTE}?limit=3${cursor}`);
      expectDescribed(ROUTE, told, 200);
      ids.push(...told.body.entries.map(({ id }: { id: string }) => id));
      if (told.body.next === null) break;
      cursor = `&cursor=${told.body.next}`;
    }
    const real = line.rows("entry").filter((row) => row["simulated"] === 0);
    expect(ids).toEqual(real.map((row) => row["id"]));
  });

  it("shows numbers only to a key that may see them", async () => {
    const blind = await line.addKey({ scopes: ["entries:read"] });
    const masked = await line.ask("GET", `${ROUTE}?limit=1`, { key: blind });
    expectDescribed(ROUTE, masked, 200);
    expect(masked.body.entries[0]).toMatchObject({ maskedNumber: "+1••••••0123", number: null });
    expect(masked.text).not.toContain(ANNA);
    const clear = await line.ask("GET", `${ROUTE}?limit=1`);
    expect(clear.body.entries[0].number).toBe(ANNA);
    expect(line.rows("access_log").slice(-2)).toMatchObject([{ action: "looked" }, { action: "revealed" }]);
  });

  it("is filtered by business, kind and time", async () => {
    const revoked = await line.ask("GET", `${ROUTE}?kind=revoked&business=acme-dental`);
    expect(new Set(revoked.body.entries.map(({ kind }: { kind: string }) => kind))).toEqual(
      new Set(["revoked"]),
    );
    const none = await line.ask("GET", `${ROUTE}?business=hotel-miramar`);
    expect(none.body).toEqual({ entries: [], next: null });
    const later = await line.ask("GET", `${ROUTE}?since=2026-11-23T19:00:01Z`);
    expect(later.body.entries).toEqual([]);
    const earlier = await line.ask("GET", `${ROUTE}?until=2026-11-23T19:00:00Z`);
    expect(earlier.body.entries).toEqual([]);
  });

  it.each([
    "cursor=nonsense",
    "limit=0",
    "limit=501",
    "limit=x",
    "since=yesterday",
    "kind=maybe",
    "simulated=2",
  ])("is not read with %s", async (query) => {
    const told = await line.ask("GET", `${ROUTE}?${query}`);
    expectDescribed(ROUTE, told, 400);
    expect(told.body.errors[0].parameter).toBe(query.split("=")[0]);
  });

  it("gives one entry with the words that were heard", async () => {
    const [entry] = line.rows("entry");
    const told = await line.ask("GET", `${ROUTE}/${String(entry?.["id"])}`);
    expectDescribed(`${ROUTE}/{id}`, told, 200);
    expect(told.body.notice.text).toContain("WhatsApp");
    expect(told.body).toMatchObject({ key: "1", source: "call", call: { line: "+14155550100" } });
    const missing = await line.ask("GET", `${ROUTE}/019ab2c0-7d1e-7c3a-9a51-3c2f6d0f9b11`);
    expectDescribed(`${ROUTE}/{id}`, missing, 404);
  });
});

describe("a call that is asked for", () => {
  const ROUTE = "/api/v1/calls";

  it("is queued, and its state can be looked at", async () => {
    const told = await line.ask("POST", ROUTE, { body: { business: "acme-dental", to: "+14155550140" } });
    expectDescribed(ROUTE, told, 202);
    expect(told.body).toMatchObject({ business: "acme-dental", state: "waiting", callSid: null });
    const looked = await line.ask("GET", `${ROUTE}/${told.body.id}`);
    expectDescribed(`${ROUTE}/{id}`, looked, 200);
    expect(looked.body).toEqual(told.body);
    const missing = await line.ask("GET", `${ROUTE}/019ab2c0-7d1e-7c3a-9a51-3c2f6d0f9b11`);
    expectDescribed(`${ROUTE}/{id}`, missing, 404);
  });

  it("is refused with the rule that forbids it", async () => {
    const told = await line.ask("POST", ROUTE, { body: { business: "acme-dental", to: "+14155559999" } });
    expectDescribed(ROUTE, told, 422);
    expect(told.body).toMatchObject({ reason: "withdrew", detail: "The person has withdrawn." });
  });

  it("is not placed in a language that the business does not speak", async () => {
    const body = { business: "acme-dental", to: "+14155550141", locale: "de-DE" };
    const told = await line.ask("POST", ROUTE, { body });
    expectDescribed(ROUTE, told, 400);
    expect(told.body.errors[0].pointer).toBe("#/locale");
  });

  it("brings an agent's caller into the flow, once", async () => {
    const path = `${ROUTE}/${sid("CA")}/opt-in`;
    const body = { business: "acme-dental", returnUrl: "https://agents.example/back" };
    const told = await line.ask("POST", path, { body });
    expectDescribed(`${ROUTE}/{CallSid}/opt-in`, told, 202);
    expect(told.body).toMatchObject({ state: "brought-in", business: "acme-dental" });
    expectDescribed(`${ROUTE}/{CallSid}/opt-in`, await line.ask("POST", path, { body }), 422);
    const plain = { business: "acme-dental", returnUrl: "http://agents.example/back" };
    expectDescribed(`${ROUTE}/{CallSid}/opt-in`, await line.ask("POST", path, { body: plain }), 400);
  });
});

describe("a receipt", () => {
  const ROUTE = "/api/v1/entries/{id}/proof";
  const proofOf = (id: unknown) => line.ask("GET", `/api/v1/entries/${String(id)}/proof`);

  it("is given of every entry that the key may see, and looking at it is on record", async () => {
    const [entry] = line.rows("entry");
    const early = await proofOf(entry?.["id"]);
    expectDescribed(ROUTE, early, 200);
    expect(early.body).toMatchObject({ proof: null, record: { eventId: entry?.["id"] } });
    const signers = signersOf(line.config);
    await sealerOn(line.memory.proof, { signers }).seal();
    const told = await proofOf(entry?.["id"]);
    expectDescribed(ROUTE, told, 200);
    expect(told.body.proof).toMatchObject({ leafIndex: 0, keys: [signers[0].verifier.text] });
    expect(line.rows("access_log").at(-1)).toMatchObject({ action: "looked", subject: entry?.["id"] });
    expectDescribed(ROUTE, await proofOf(randomUUIDv7()), 404);
  });

  it("is given as PDF to whoever asks for that, and as JSON to everybody else", async () => {
    const path = `/api/v1/entries/${String(line.rows("entry")[0]?.["id"])}/proof`;
    const typeOf = async (accept: string) =>
      (await line.ask("GET", path, { headers: { accept } })).headers.get("content-type");
    expect(await typeOf("*/*")).toBe("application/json");
    expect(await typeOf("application/pdf;q=0.5, application/json")).toBe("application/json");
    const told = await line.ask("GET", path, { headers: { accept: "application/pdf" } });
    expect([told.status, told.headers.get("content-type")]).toEqual([200, "application/pdf"]);
    expect(told.text).toMatch(/^%PDF-1\.7\n/);
    expect(line.rows("access_log").at(-1)).toMatchObject({ action: "looked", detail: "a receipt, as PDF" });
  });

  it("has to wait where too many are being printed", async () => {
    const busy = await startApiLine({
      printReceipt: () => Promise.reject(new PressBusy("20 receipts are waiting to be printed.")),
    });
    await busy.call().begin();
    await busy.ledger.revoke({ ...withdrawalOf("+14155550123"), sourceId: randomUUIDv7() });
    const path = `/api/v1/entries/${String(busy.rows("entry")[0]?.["id"])}/proof`;
    const told = await busy.ask("GET", path, { headers: { accept: "application/pdf" } });
    expectDescribed(ROUTE, told, 503);
    expect(told.headers.get("retry-after")).toBe("5");
    await busy.stop();
  });

  it("has a published schema that everybody may read, and that it is valid by", async () => {
    const { body, status, headers } = await line.ask("GET", "/api/receipt.schema.json", { key: null });
    expect([status, headers.get("content-type")]).toEqual([200, "application/schema+json"]);
    expect(body.$id).toBe("https://line.test/api/receipt.schema.json");
    const validate = new Ajv2020({
      strict: false,
      formats: { "date-time": true, date: true, uuid: true },
    }).compile(body);
    const told = await proofOf(line.rows("entry")[0]?.["id"]);
    expect([validate(told.body), validate.errors]).toEqual([true, null]);
    expect(validate({ ...told.body, proof: { ...told.body.proof, leafIndex: -1 } })).toBe(false);
  });
});

it("no route of the description was left out", () => {
  const all = Object.entries(described.document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...seen].toSorted()).toEqual(all.toSorted());
  expect(line.errors).toEqual([]);
});
