import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { cli } from "../support/cli.ts";
import { ask } from "../support/http.ts";
import { someNumber } from "../support/memory.ts";
import { startServer, type Server } from "../support/server.ts";
import { startCarrier, type Carrier } from "./carrier.ts";
import { movedClock, type MovedClock } from "./clock.ts";
import { ADMIN, ADMIN_ENV, browserOf } from "./operator.ts";
import { fault } from "./rows.ts";
import { CHOICE, twilioOf, type Twilio } from "./twilio.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let server: Server;
let twilio: Carrier;
/** Its requests to the line. */
let webhooks: Twilio;
let clock: MovedClock;
let key = "";

beforeAll(async () => {
  // Day in all of the United States.
  clock = movedClock(Date.UTC(2027, 0, 12, 19));
  twilio = await startCarrier(clock.now);
  const { url, accountSid, authToken } = twilio;
  const account = { TWILIO_API_URL: url, TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken };
  server = await startServer({ env: { ...clock.env, ...ADMIN_ENV, ...account, YESLINE_SIMULATOR: "on" } });
  webhooks = twilioOf({ ...server, account: { accountSid, authToken } });
  const added = await cli(["key", "add", "--name", "dialer", "--json"], {
    DATABASE_URL: `file:${server.file}`,
  });
  ({ key } = JSON.parse(added.out) as { key: string });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  twilio.stop();
  clock.remove();
});
beforeEach(() => {
  Object.assign(twilio.state, { faults: [], down: null, blind: null, retryAfter: null });
});

type Row = Readonly<Record<string, unknown>>;

const outbox = () => server.rows("outbox");
const rowOf = (id: unknown): Row => outbox().find((row) => row["id"] === id) ?? {};

/** On a connection of its own: to the line, one that was kept would be hours old. */
const see = async (path: string): Promise<string> => (await ask(server.url, path)).text;

/** Waits, and lets the process notice that its clock was moved. */
async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    await see("/healthz");
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("It did not come to that.");
}

/**
 * Nothing is due, and nothing is being done. A commit that the clock was moved in seems to have taken all that time, so
 * that what came of an attempt may not be written down; then it is looked for when its lease has run out.
 */
const isQuiet = () =>
  outbox().every(({ state, due_at: due, claimed_at: claimed }) => {
    if (state === "waiting") return Number(due) > clock.now();
    return state !== "sending" || Number(claimed) < clock.now() - 2_000;
  });

/** Time goes by until a row ends so. */
async function endsAs({ id }: Row, state: string): Promise<Row> {
  for (let leases = 0; leases < 10; leases++) {
    await until(isQuiet);
    if (rowOf(id)["state"] === state) break;
    clock.forward(3 * MINUTE);
  }
  expect(rowOf(id)).toMatchObject({ state });
  return rowOf(id);
}

/** Somebody agrees on the phone, for real, and hangs up. @returns the row of the confirmation */
async function agrees(): Promise<Row> {
  const call = webhooks.callFields();
  await webhooks.post("/voice", call);
  await webhooks.post(CHOICE, { ...call, CallStatus: "in-progress", Digits: "1" });
  await webhooks.post("/voice/status", { ...call, CallStatus: "completed", SequenceNumber: "3" });
  const entry = server.rows("entry").find((row) => row["call_sid"] === call["CallSid"]);
  const confirmation = outbox().find((row) => row["entry_id"] === entry?.["id"]);
  if (confirmation === undefined) throw new Error("Nothing leaves because of it.");
  return confirmation;
}

/** Another system asks for a call. */
async function asksForCall(to: string, over: Readonly<Record<string, unknown>> = {}) {
  const { status, text } = await ask(server.url, "/api/v1/calls", {
    method: "POST",
    headers: [
      ["Authorization", `Bearer ${key}`],
      ["Content-Type", "application/json"],
      ["Idempotency-Key", crypto.randomUUID()],
    ],
    body: JSON.stringify({ business: "acme-dental", to, simulated: false, ...over }),
  });
  return { status, ...(JSON.parse(text) as { id?: string; reason?: string }) };
}

const someone = () => someNumber().replace("+1415555", "+1213555");
const placedTo = (to: string) => twilio.posted.filter((fields) => fields["To"] === to);
const sentFor = ({ id }: Row) =>
  twilio.posted.filter((fields) => fields["StatusCallback"]?.endsWith(`?outgoing=${String(id)}`));

/** What people who watch the line see of one that did not leave. */
async function expectShown(row: Row, state: string, words: RegExp): Promise<void> {
  await server.says(new RegExp(`"id":"${String(row["id"])}"[^\\n]*"outcome":"${state}"`));
  expect(await see("/metrics")).toMatch(new RegExp(`yesline_outgoing_rows\\{state="${state}"\\} [1-9]`));
  const admin = browserOf(server);
  await admin.signIn(ADMIN);
  const kind = String(row["kind"]);
  const page = await admin.get(`/console/outgoing?world=real&state=${state}&kind=${kind}`);
  expect(page.status).toBe(200);
  expect(page.text).toMatch(words);
}

describe("before anything is asked of Twilio", () => {
  fault(45, async () => {
    const [requests, rows] = [twilio.state.requests, outbox().length];
    const refusals: [to: string, status: number, reason: string | undefined][] = [
      ["+19005550123", 400, undefined],
      ["+34600000123", 422, "country_not_allowed"],
      ["+442079460018", 422, "country_not_allowed"],
      ["+12425550123", 422, "country_not_allowed"],
      ["+881612345678", 422, "unknown_country"],
      ["+34803123456", 400, undefined],
      ["911", 400, undefined],
    ];
    for (const [to, status, reason] of refusals) {
      const told = await asksForCall(to);
      expect([to, told.status, told.reason]).toEqual([to, status, reason]);
    }
    expect([twilio.state.requests, outbox().length]).toEqual([requests, rows]);
  });

  fault(46, async () => {
    const to = someone();
    const half = () => Promise.all(Array.from({ length: 50 }, () => asksForCall(to)));
    const first = await half();
    await until(() => placedTo(to).length > 0);
    const second = await half();
    const told = [...first, ...second];
    expect(told.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(told.filter(({ status }) => status === 422)).toHaveLength(99);
    // A call that has ended is no reason for the next one.
    clock.forward(2 * HOUR);
    expect(await asksForCall(to)).toMatchObject({ status: 422, reason: "number_cap" });
    expect(placedTo(to)).toHaveLength(1);
  });
});

describe("while Twilio does not do what is asked", () => {
  fault(42, async () => {
    Object.assign(twilio.state, { faults: [429], retryAfter: "1800" });
    const { id } = await agrees();
    const asked = clock.now();
    const row = await until(
      () => rowOf(id)["attempts"] === 1 && rowOf(id)["state"] === "waiting" && rowOf(id),
    );
    expect(Number(row["due_at"])).toBeGreaterThan(asked + 29 * MINUTE);
    // Others are written to meanwhile, and it is not: too early.
    clock.forward(25 * MINUTE);
    const other = await agrees();
    await until(() => rowOf(other["id"])["state"] === "sent");
    expect(rowOf(id)).toMatchObject({ state: "waiting", attempts: 1 });
    clock.forward(6 * MINUTE);
    await until(() => rowOf(id)["state"] === "sent");
    expect(rowOf(id)).toMatchObject({ attempts: 2 });
    expect(sentFor(row)).toHaveLength(1);
  });

  fault(43, async () => {
    const to = someone();
    twilio.state.faults = ["lost", "lost"];
    const confirmation = await agrees();
    const { id: callId } = await asksForCall(to);
    const both = [confirmation["id"], callId];
    await until(() => sentFor(confirmation).length + placedTo(to).length === 2);
    clock.forward(11_000);
    for (const id of both) {
      // Not by its first attempt: nobody knew what had become of that.
      expect((await endsAs({ id }, "sent"))["attempts"]).toBeGreaterThan(1);
    }
    clock.forward(HOUR);
    const other = await agrees();
    await until(() => rowOf(other["id"])["state"] === "sent");
    expect([sentFor(confirmation).length, placedTo(to).length]).toEqual([1, 1]);
    expect(both.map((id) => rowOf(id)["provider_sid"])).toEqual([
      expect.stringMatching(/^SM/),
      expect.stringMatching(/^CA/),
    ]);
  });

  fault(44, async () => {
    twilio.state.down = 503;
    const to = someone();
    const confirmation = await agrees();
    const { id: callId } = await asksForCall(to);
    for (let minutes = 0; minutes < 60; minutes += 6) {
      await until(isQuiet);
      clock.forward(6 * MINUTE);
    }
    await until(isQuiet);
    expect(rowOf(confirmation["id"])["state"]).toMatch(/waiting|sending/);
    expect(Number(rowOf(confirmation["id"])["attempts"])).toBeGreaterThan(3);
    expect(await see("/metrics")).toMatch(/yesline_outgoing_oldest_seconds 3[5-9]\d\d/);
    const call = await endsAs({ id: callId }, "expired");
    await expectShown(call, "expired", /expired/i);
    twilio.state.down = null;
    clock.forward(11 * MINUTE);
    await endsAs(confirmation, "sent");
    expect([sentFor(confirmation).length, placedTo(to).length]).toEqual([1, 0]);

    twilio.state.down = 500;
    const late = await agrees();
    clock.forward(25 * HOUR);
    await expectShown(await endsAs(late, "expired"), "expired", /expired/i);
    twilio.state.down = null;
    clock.forward(HOUR);
    await endsAs(await agrees(), "sent");
    expect(sentFor(late)).toEqual([]);
  });

  fault(48, async () => {
    const consents = () => [server.rows("consent"), server.rows("entry")];
    const message = "Failed to send freeform message";
    twilio.state.faults = [{ status: 400, code: 63_016, message }];
    const refused = await agrees();
    const accepted = await agrees();
    const before = consents();
    await until(() => rowOf(refused["id"])["state"] === "failed");
    await expectShown(refused, "failed", /has not written within 24 hours/);
    await until(() => rowOf(accepted["id"])["state"] === "sent");
    const kept = server.rows("message").find((row) => row["id"] === accepted["id"]);
    const fate = { MessageSid: String(kept?.["sid"]), MessageStatus: "undelivered", ErrorCode: "63024" };
    const told = await webhooks.post(
      `/whatsapp/status?outgoing=${String(accepted["id"])}`,
      webhooks.messageFields({ From: "whatsapp:+14155550110", To: "whatsapp:+14155559999", ...fate }),
    );
    expect(told.status).toBe(204);
    const admin = browserOf(server);
    await admin.signIn(ADMIN);
    const page = await admin.get(`/console/subscribers/acme-dental/${String(accepted["subscriber_id"])}`);
    expect(page.text).toMatch(/not a WhatsApp user/i);
    expect(await see("/metrics")).toMatch(/statuses_total\{status="undelivered 63024".* 1/);
    expect(consents()).toEqual(before);
  });
});

describe("what waits in the queue", () => {
  fault(47, async () => {
    const [patient, hasty] = [someone(), someone()];
    // Five minutes before it is nine in the evening in New York.
    clock.moveTo(Date.UTC(2027, 0, 16, 1, 55));
    Object.assign(twilio.state, { down: 429, retryAfter: "600" });
    const held = await asksForCall(patient, { expiresInMinutes: 1_440 });
    const short = await asksForCall(hasty);
    expect([held.status, short.status]).toEqual([202, 202]);
    await until(() => rowOf(held.id)["attempts"] === 1 && rowOf(held.id)["state"] === "waiting");
    clock.forward(2_000);
    await until(() => rowOf(short.id)["attempts"] === 1 && rowOf(short.id)["state"] === "waiting");
    twilio.state.down = null;
    clock.forward(10 * MINUTE + 5_000);
    await until(() => /cancelled|expired/.test(String(rowOf(short.id)["state"])));
    clock.forward(2_000);
    const waiting = await until(
      () => Number(rowOf(held.id)["due_at"]) > clock.now() + HOUR && rowOf(held.id),
    );
    expect(waiting).toMatchObject({ state: "waiting" });
    expect([placedTo(patient), placedTo(hasty)]).toEqual([[], []]);
    // Eight in the morning in Honolulu has passed.
    clock.moveTo(Date.UTC(2027, 0, 16, 18, 20));
    await until(() => rowOf(held.id)["state"] === "sent");
    expect([placedTo(patient).length, placedTo(hasty).length]).toEqual([1, 0]);
  });
});

describe("all that was asked of Twilio meanwhile", () => {
  it("was asked as Twilio describes it", () => {
    expect(twilio.violations).toEqual([]);
  });
});
