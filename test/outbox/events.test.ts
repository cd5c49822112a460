import { randomBytes } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { postOutside, refusalOf } from "../../src/outbox/post.ts";
import { agree, callOf, openMemory, withdrawalOf, type Memory } from "../support/memory.ts";
import { eventWorker } from "./event-worker.ts";

const HOUR_MS = 60 * 60_000;
const SECRET = `whsec_${randomBytes(24).toString("base64")}`;
const ENDPOINT = "01a20640-be81-73e4-9d40-ec4ea8502155";

/** Another system: a real server that verifies what it gets with the library that its makers would use. */
type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };

let memory: Memory;
let received: Received[];
let answer: { status: number; headers?: Record<string, string> };
let server: Server;
let url: string;
let tick: (now: number) => Promise<number>;

beforeEach(async () => {
  memory = openMemory();
  // Signatures are as old as they say: the receiver's clock is the real one.
  memory.clock.now = Date.now();
  received = [];
  answer = { status: 204 };
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(answer.status, answer.headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  tick = (now) => eventWorker(memory).tick(now);
  await memory.endpoints.add(
    {
      businessId: "acme-dental",
      id: ENDPOINT,
      url,
      description: "CRM",
      kinds: ["granted", "revoked"],
      createdAt: memory.clock.now,
      createdBy: "admin",
    },
    SECRET,
  );
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await memory.close();
});

async function agrees() {
  const caller = "+14155550123" as const;
  await agree(memory.ledger, callOf({ caller, at: memory.clock.now }));
  return caller;
}

const events = () => memory.outgoing.list({ kind: "event", limit: 10 });

describe("another system that is told of consents", () => {
  it("gets each yes and each withdrawal once, and can verify who says so", async () => {
    const caller = await agrees();
    await memory.ledger.revoke({ ...withdrawalOf(caller), at: memory.clock.now });
    await tick(memory.clock.now);
    await tick(memory.clock.now);
    expect(received).toHaveLength(2);
    const told = received.map(({ body, headers }) =>
      new Webhook(SECRET).verify(body, headers as Record<string, string>),
    );
    const [job] = (await events()).toReversed();
    expect(received[0]?.headers["webhook-id"]).toBe(job?.id);
    expect(told).toMatchObject([
      {
        type: "consent.granted",
        timestamp: new Date(memory.clock.now).toISOString(),
        data: {
          id: job?.entryId,
          business: "acme-dental",
          subscriber: job?.subscriberId,
          topics: ["appointment-reminders", "policy-updates"],
          source: "call",
          simulated: false,
        },
      },
      { type: "consent.revoked" },
    ]);
  });

  it("never gets a number", async () => {
    const caller = await agrees();
    await tick(memory.clock.now);
    const all = JSON.stringify(received);
    expect(all).not.toContain(caller.slice(1));
    expect(all).not.toContain(caller.slice(-4));
  });

  it("is not fooled by a body that somebody changed", async () => {
    await agrees();
    await tick(memory.clock.now);
    const [{ body, headers } = { body: "", headers: {} }] = received;
    const forged = body.replace("granted", "revoked");
    expect(() => new Webhook(SECRET).verify(forged, headers as Record<string, string>)).toThrow(/signature/);
  });

  it("that is down gets it later, under the same id, by which it knows a repeated one", async () => {
    answer = { status: 503 };
    await agrees();
    await tick(memory.clock.now);
    expect(await events()).toMatchObject([{ state: "waiting", errorCode: "503" }]);
    answer = { status: 200 };
    await tick(memory.clock.now + HOUR_MS);
    expect(received.map(({ headers }) => headers["webhook-id"])).toEqual(
      Array(2).fill((await events())[0]?.id),
    );
    expect(await events()).toMatchObject([{ state: "sent", attempts: 2 }]);
  });

  it("that stays down for three days has it expire, visibly, and gets it when somebody retries", async () => {
    answer = { status: 500 };
    await agrees();
    let { now } = memory.clock;
    for (const end = now + 73 * HOUR_MS; now < end; now += HOUR_MS) await tick(now);
    const [expired] = await events();
    expect(expired).toMatchObject({ state: "expired", errorCode: "500" });
    answer = { status: 200 };
    await memory.outgoing.retry(expired?.id ?? "", now, now + HOUR_MS);
    await tick(now);
    expect(await events()).toMatchObject([{ state: "sent" }]);
  });

  it("that lost what it was told gets it replayed", async () => {
    await agrees();
    await tick(memory.clock.now);
    const [job] = await events();
    expect(await memory.outgoing.replay(job?.id ?? "", memory.clock.now)).not.toBeNull();
    await tick(memory.clock.now);
    const ids = received.map(({ body }) => (JSON.parse(body) as { data: { id: string } }).data.id);
    expect(ids).toEqual([job?.entryId, job?.entryId]);
  });

  it("that says it is gone is asked no more", async () => {
    answer = { status: 410 };
    const caller = await agrees();
    await tick(memory.clock.now);
    expect(await memory.endpoints.list()).toMatchObject([{ disabledAt: memory.clock.now }]);
    await memory.ledger.revoke({ ...withdrawalOf(caller), at: memory.clock.now });
    await tick(memory.clock.now);
    expect(received).toHaveLength(1);
    expect(await events()).toMatchObject([{ state: "failed", errorCode: "410" }]);
  });

  it("that sends us elsewhere is not followed", async () => {
    answer = { status: 307, headers: { location: `${url}/elsewhere` } };
    await agrees();
    await tick(memory.clock.now);
    expect(received).toHaveLength(1);
    expect(await events()).toMatchObject([{ state: "waiting", errorCode: "307" }]);
  });
});

describe("an address inside the house", () => {
  it.each([
    "https://10.0.0.1/x",
    "https://192.168.1.1/x",
    "https://172.31.255.255/x",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/x",
    "https://0.0.0.0/x",
    "https://127.0.0.1/x",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://localhost/x",
    "https://[::1]/x",
    "https://[::]/x",
    "https://[fd00::1]/x",
    "https://[fe80::1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://[64:ff9b::a00:1]/x",
    "https://[2002:a00:1::]/x",
  ])("%s gets nothing", async (address) => {
    const post = postOutside({ allowLoopback: false });
    expect(await post(address, "{}", {})).toEqual({
      kind: "failed",
      reason: "The address is inside a private network.",
    });
  });

  it.each([["10.0.0.5"], ["93.184.216.34", "169.254.169.254"], ["::1"]])(
    "gets nothing under a name that leads to %s %s either",
    async (...addresses) => {
      const resolve = async () =>
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      const post = postOutside({ allowLoopback: false, resolve });
      expect(await post("https://hooks.example/x", "{}", {})).toEqual({
        kind: "failed",
        reason: "The address is inside a private network.",
      });
    },
  );

  it.each([
    ["http://hooks.example/x", "The address is not https."],
    ["https://user:word@hooks.example/x", "The address holds a password."],
    ["hooks.example", "The address is not a URL."],
    ["file:///etc/passwd", "The address is not https."],
  ])("and %s is refused: %s", (address, reason) => {
    expect(refusalOf(address, true)).toBe(reason);
  });

  it.each(["https://hooks.example/x", "https://93.184.216.34/x", "https://[2606:2800:220:1::1]/x"])(
    "%s may be told",
    (address) => expect(refusalOf(address, false)).toBeNull(),
  );
});
