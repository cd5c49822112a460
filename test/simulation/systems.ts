import { hash } from "node:crypto";
import type { E164 } from "../../src/call/phone-number.ts";
import { SCOPES } from "../../src/ledger/integration.ts";
import { hex, pick, type Random } from "../../src/simulator/random.ts";
import type { House } from "./house.ts";
import type { Nature } from "./nature.ts";
import { PUBLIC_URL, type Setting } from "./setting.ts";
import type { Witness } from "./witness.ts";

export type SystemsParts = {
  readonly setting: Setting;
  readonly nature: Nature;
  readonly chance: Random;
  readonly witness: Witness;
  readonly house: () => House | null;
  readonly numbers: readonly string[];
  readonly breach: (law: string, what: string) => void;
  readonly trace: (line: string) => void;
};

type Asking = {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly name: string;
};
type Told = { readonly status: number; readonly text: string; readonly at: number };

const KEY = `yl_${"k".repeat(43)}`;
const KEY_ID = "0190a000-0000-7000-8000-000000000001";
const MAX_KEPT = 20;
/** Answers are kept for a day; less the minute that our clock may be wrong by. */
const A_DAY_MS = (24 * 60 - 1) * 60_000;

/** Other systems with a key, and operators with a command line. */
export function systemsOf(parts: SystemsParts) {
  const { setting, nature, chance, witness, house, numbers, breach, trace } = parts;
  const { businesses } = setting.config;
  const asked: Asking[] = [];
  const answers = new Map<string, Told>();
  /** What is kept of a person goes with the person, answers included. */
  let erasedAt = Number.NEGATIVE_INFINITY;

  /** The key, and where events go: both are there before anybody comes. */
  async function introduce({ memory }: House): Promise<void> {
    const named = { id: KEY_ID, name: "world", prefix: KEY.slice(0, 10), createdBy: "cli" };
    const terms = { scopes: SCOPES, businesses: null, createdAt: nature.now(), expiresAt: null };
    await memory.keys.add({ ...named, ...terms }, hash("sha256", KEY));
    for (const { id: businessId } of businesses.slice(0, 2)) {
      const kinds = ["granted", "confirmed", "revoked", "refused"] as const;
      const about = { businessId, id: nature.newId(), kinds, description: "", createdBy: "cli" };
      const secret = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
      await memory.endpoints.add({ ...about, url: "https://hooks.test/", createdAt: nature.now() }, secret);
    }
  }

  async function ask(asking: Asking): Promise<void> {
    const asker = house();
    if (asker === null || !asker.answers()) return;
    const from = witness.lastSeq();
    const at = nature.trueNow();
    const { method, path, body, name } = asking;
    const headers = {
      Authorization: `Bearer ${KEY}`,
      ...(method === "POST" ? { "Content-Type": "application/json", "Idempotency-Key": name } : {}),
    };
    const request = new Request(PUBLIC_URL + path, {
      method,
      headers,
      ...(method === "POST" ? { body } : {}),
    });
    const response = await asker.request(request);
    const told = { status: response.status, text: await response.text(), at };
    if (!asker.isAlive()) return;
    trace(`${name} ${method} ${path.replaceAll(/\+?\d{7,}/g, "N")} ${told.status} ${told.text}`);
    if (method === "POST") hold(asking, told, from);
  }

  function hold({ path, body, name }: Asking, told: Told, from: number): void {
    if (told.status >= 400) return;
    const kept = answers.get(name);
    const stands = kept !== undefined && told.at - kept.at < A_DAY_MS && kept.at > erasedAt;
    const first = stands ? kept : undefined;
    answers.set(name, first ?? told);
    if (first !== undefined && first.text !== told.text)
      breach("4", `the request ${name} is answered otherwise the second time`);
    if (path.endsWith("/revocations")) holdRevocation(told);
    if (path.endsWith("/permissions") && first === undefined) holdPermission(body, told, from);
  }

  function holdRevocation({ text }: Told): void {
    const { entries } = JSON.parse(text) as { entries: { id: string }[] };
    for (const { id } of entries) {
      if (witness.one("SELECT 1 FROM entry WHERE id = ? AND kind = 'revoked'", id) === undefined)
        breach("2", `a withdrawal was answered, and ${id} is not on the disk`);
    }
  }

  /** Nothing may be sent but on consent that stood while it was asked. */
  function holdPermission(body: string, { text }: Told, from: number): void {
    const { allowed, decision } = JSON.parse(text) as { allowed: boolean; decision: string };
    const { business, topic, simulated } = JSON.parse(body) as Asked;
    const row = witness.one("SELECT * FROM decision WHERE id = ?", decision);
    if (row === undefined) breach("2", `permission ${decision} was answered, and is not on the disk`);
    if (!allowed || row === undefined) return;
    const subscriberId = String(row["subscriber_id"]);
    const states = witness.statesSince({ businessId: business, subscriberId, simulated }, topic, from);
    if (!states.includes("granted"))
      breach("1", `permission ${decision} was given where ${topic} is ${states.join(", then ")}`);
  }

  function newAsking(): Asking {
    const business = pick(chance, businesses as [(typeof businesses)[number]]);
    const number = pick(chance, numbers as [string]);
    const topic = pick(chance, business.topics).id;
    const simulated = chance() < 0.2;
    const name = hex(chance, 16);
    const post = (path: string, body: object) => ({
      method: "POST",
      path: `/api/v1${path}`,
      body: JSON.stringify(body),
      name,
    });
    const luck = chance();
    if (luck < 0.45) return post("/permissions", { business: business.id, to: number, topic, simulated });
    if (luck < 0.65) {
      const topics = chance() < 0.5 ? { topics: [topic] } : {};
      return post(`/consents/${number}/revocations`, { business: business.id, simulated, ...topics });
    }
    if (luck < 0.8) return post("/calls", { business: business.id, to: number, simulated });
    if (luck < 0.9) {
      const to = pick(chance, numbers as [string]);
      return post(`/consents/${number}/changes`, { business: business.id, to, simulated });
    }
    return { method: "GET", path: `/api/v1/consents/${number}`, body: "", name };
  }

  return {
    introduce,
    /** Another system asks something, or once more what it has asked before. */
    act(): void {
      const again = asked.length > 0 && chance() < 0.25;
      const asking = again ? pick(chance, asked as [Asking]) : newAsking();
      if (!again) asked.push(asking);
      if (asked.length > MAX_KEPT) asked.shift();
      void ask(asking);
    },
    /** Somebody asks to be forgotten. */
    erase(): void {
      const asker = house();
      if (asker !== null && asker.answers()) void forget(asker);
    },
  };

  async function forget(asker: House): Promise<void> {
    const businessId = pick(chance, businesses as [(typeof businesses)[number]]).id;
    const number = pick(chance, numbers as [string]) as E164;
    const order = { businessId, who: { number }, by: "cli", byName: "cli", at: nature.now() };
    try {
      const { id, subscriberId } = await asker.memory.privacy.erase({
        ...order,
        keepSuppression: chance() < 0.5,
      });
      if (!asker.isAlive()) return;
      erasedAt = nature.trueNow();
      const left = "SELECT 1 FROM subscriber WHERE business_id = ? AND id = ?";
      if (subscriberId !== null && witness.one(left, businessId, subscriberId) !== undefined)
        breach("5", `erasure ${id} was confirmed, and the person is still there`);
      trace(`erased ${id}`);
    } catch (error) {
      // The disk did not let it: nothing was confirmed.
      trace(`not erased: ${error instanceof Error ? error.name : "?"}`);
    }
  }
}

type Asked = { readonly business: string; readonly topic: string; readonly simulated: boolean };
