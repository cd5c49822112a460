import { createHash } from "node:crypto";
import { join } from "node:path";
import { between, pick, seededRandom } from "../../src/simulator/random.ts";
import { diskIn, type Mishap } from "./disk.ts";
import { exchange, type Answer, type Delivery } from "./exchange.ts";
import { openHouse, type House, type Plant } from "./house.ts";
import { checkFile, checkLog, checkPrivacy, checkProjection, checkQueue, rememberedEntries } from "./laws.ts";
import { natureOf } from "./nature.ts";
import { callOracle } from "./oracle-calls.ts";
import { messageOracle } from "./oracle-messages.ts";
import { peopleOf } from "./people.ts";
import { MOODS, provider } from "./provider.ts";
import type { Setting } from "./setting.ts";
import { listenerFor } from "./speech.ts";
import { systemsOf } from "./systems.ts";
import { witnessOf } from "./witness.ts";

export type Outcome = {
  readonly seed: number;
  /** Laws that were broken, each with what broke it; empty: none. */
  readonly broken: readonly string[];
  /** Of everything that happened, and of what is left on the disk: the same seed has the same. */
  readonly digest: string;
  readonly figures: Figures;
  readonly trace: readonly string[];
};

export type Figures = Readonly<Record<"entries" | "webhooks" | "sent" | "deaths" | "sorries", number>>;

/** What happens in one world, before all is well again. */
const EVENTS = 220;
/** A queue that is not done after this is never done: three days are the longest that anything may wait. */
const AFTERMATH_MS = [1, 10, 60, 120, 600, 3_600, 3_600, 7_200, 36_000, 36_000, 86_400, 86_400, 86_400].map(
  (seconds) => seconds * 1_000,
);
/** Each of these times goes by in so many steps: what is sent in one of them is answered in the next. */
const ROUNDS = 4;
const MAX_SETTLING = 5_000;
const A_WHILE_MS = 1_000;
const MISHAPS: readonly [Mishap, ...Mishap[]] = ["killed", "killed-after", "io-error", "io-error-after"];

const listen = listenerFor("2026-11-22");

/** Plays one world from its seed, and holds what comes of it against the laws. */
export async function play(setting: Setting, seed: number, plant: Plant): Promise<Outcome> {
  const chance = seededRandom(`world ${seed}`);
  const startsAt = Date.UTC(2026, 10, 23) + between(chance, 0, 7 * 24 * 60) * 60_000;
  const nature = natureOf(seededRandom(`line ${seed}`), startsAt);
  const release = nature.rule();
  const realFetch = globalThis.fetch;
  const disk = diskIn(join(setting.folder, `seed-${seed}`), setting.template);
  const broken: string[] = [];
  const trace: string[] = [];
  const log: string[] = [];
  const shipped: string[] = [];
  const figures = { entries: 0, webhooks: 0, sent: 0, deaths: 0, sorries: 0 };
  const note = (line: string) => void trace.push(`${nature.trueNow() - startsAt} ${line}`);
  const breach = (law: string, what: string) => {
    broken.push(`law ${law}: ${what}`);
    note(`BROKEN law ${law}: ${what}`);
  };
  let house: House | null = null;
  let process = 0;

  const witness = witnessOf(disk);
  const laws = { setting, witness, breach };
  const calls = callOracle({ nature, witness, listen, breach });
  const messages = messageOracle({ setting, witness, nature, breach });
  const entries = rememberedEntries(laws);
  const twilio = provider({
    nature,
    chance,
    processOf: () => process,
    onRequest(kind, world, fields) {
      note(`leaves: ${kind} ${world} ${fields.get("StatusCallback")}`);
      if (kind === "Messages") messages.leaves(world, fields);
    },
    onAccepted(accepted) {
      figures.sent += 1;
      note(`accepted: ${accepted.sid} ${accepted.fields.get("StatusCallback")}`);
      messages.accepts(accepted);
      if (accepted.kind === "Calls") people.rings(accepted);
      else people.arrives(accepted);
    },
  });
  const lines = exchange({
    setting,
    nature,
    chance,
    house: () => house,
    asking(delivery) {
      figures.webhooks += 1;
      note(`asks: ${delivery.path} ${JSON.stringify(delivery.fields)}`);
      if (delivery.kind === "message") messages.wrote(delivery);
    },
    answered(delivery: Delivery, answer: Answer) {
      note(`answers: ${delivery.path} ${answer.status} ${answer.body}`);
      if (answer.body !== "" && listen(answer.body).ending === "sorry") figures.sorries += 1;
      calls.answered(delivery, answer);
      messages.answered(delivery, answer);
    },
  });
  const { businesses } = setting.config;
  const people = peopleOf({
    now: nature.trueNow,
    chance,
    businesses: businesses as [(typeof businesses)[number]],
    post: lines.post,
    listen,
    presses: (call, delivery) => calls.pressed(call, delivery),
  });
  const numbers = people.people.map(({ number }) => number);
  const systems = systemsOf({
    setting,
    nature,
    chance,
    witness,
    house: () => house,
    numbers,
    breach,
    trace: note,
  });

  function start(): void {
    process += 1;
    note("starts");
    house = openHouse({
      setting,
      nature,
      disk,
      post: async () =>
        chance() < 0.8
          ? { kind: "answered", status: 200 }
          : { kind: "failed", reason: "The endpoint is not reached." },
      plant: (memory) => plant(messages.watch(memory)),
      log: (line) => void log.push(line),
      shipped: (text) => void shipped.push(text),
      onDeath() {
        note("ends");
        figures.deaths += 1;
        process += 1;
        house = null;
        disk.unlock();
        lines.hungUpOn();
      },
    });
    entries.look();
  }

  /** SIGTERM, and whatever its end waits for. */
  async function stop(): Promise<void> {
    if (house === null) return;
    note("is asked to stop");
    let isDone = false;
    void house.stop().finally(() => (isDone = true));
    disk.unlock();
    for (let round = 0; !isDone && house !== null && round < MAX_SETTLING; round++) await step();
    if (!isDone && house !== null) breach("8", "it never stops");
  }

  /** The next thing that waits, however long for. */
  async function step(): Promise<void> {
    if (nature.turnsWaiting() > 0) nature.takeTurn();
    else {
      nature.elapse(nature.untilNext() ?? 1);
      nature.runDue();
    }
    await nature.settle();
  }

  /** Time goes by, and whatever comes due is done before anything else happens. */
  async function pass(milliseconds: number): Promise<void> {
    note(`${milliseconds} ms go by`);
    nature.elapse(milliseconds);
    for (let round = 0; round < MAX_SETTLING; round++) {
      await nature.settle();
      if (nature.turnsWaiting() > 0) nature.takeTurn();
      else if (!nature.runDue()) return;
    }
    breach("8", "it never comes to rest");
  }

  const doings: readonly (readonly [weight: number, act: () => void | Promise<void>])[] = [
    [9, () => nature.takeTurn()],
    [9, () => sendOne()],
    [5, () => people.act()],
    [1.2, () => systems.act()],
    [0.15, () => systems.erase()],
    [2.5, () => shortly(between(chance, 1, 400))],
    [1.5, () => shortly(between(chance, 400, 20_000))],
    [0.5, () => pass(between(chance, 30_000, 3_600_000))],
    [0.12, () => pass(between(chance, 3_600_000, 40 * 3_600_000))],
    [0.9, () => repeatOne()],
    [0.25, () => void (twilio.state.mood = pick(chance, MOODS))],
    [0.15, () => fillDisk()],
    [0.3, () => lockDisk()],
    [0.08, () => void disk.meet(pick(chance, MISHAPS))],
    [0.06, () => kill()],
    [0.05, () => stop()],
    [0.1, () => nature.setSkew(between(chance, -25_000, 25_000))],
  ];
  const weights = doings.reduce((sum, [weight]) => sum + weight, 0);

  async function event(): Promise<void> {
    if (house === null && chance() < 0.3) start();
    let luck = chance() * weights;
    for (const [weight, act] of doings) {
      luck -= weight;
      if (luck > 0) continue;
      await act();
      break;
    }
    await nature.settle();
  }

  function fillDisk(): void {
    if (house === null) return;
    note("the disk is full");
    disk.fill();
    nature.after(between(chance, 100, 30_000), () => disk.empty());
  }

  function lockDisk(): void {
    if (house === null || disk.isLocked()) return;
    note("the file is locked");
    disk.lock();
    nature.after(chance() < 0.9 ? between(chance, 5, 900) : 9_000, () => disk.unlock());
  }

  /** Less than a pause: what waits for the next turn goes on waiting. */
  function shortly(milliseconds: number): void {
    nature.elapse(milliseconds);
    nature.runDue();
  }

  function sendOne(): void {
    const ready = lines.ready();
    if (ready.length > 0) lines.send(pick(chance, ready as [Delivery]));
  }

  function repeatOne(): void {
    const known = lines.known();
    if (known.length > 0) lines.repeat(pick(chance, known as [Delivery]));
  }

  function kill(): void {
    if (house === null) return;
    note("is killed");
    if (chance() < 0.3) disk.freeze(Buffer.from(Array.from({ length: 200 }, () => between(chance, 0, 255))));
    house.die();
  }

  /** All is well again, and everything has the time that it may take. */
  async function aftermath(): Promise<void> {
    twilio.state.mood = "well";
    nature.setSkew(0);
    disk.empty();
    disk.unlock();
    if (house === null) start();
    for (let round = 0; round < MAX_SETTLING && broken.length === 0 && !lines.isQuiet(); round++) {
      await pass(Math.min(lines.untilReady(), A_WHILE_MS));
      sendOne();
      await pass(0);
    }
    people.hangUpAll();
    for (const milliseconds of AFTERMATH_MS) {
      for (let round = 0; round < ROUNDS && broken.length === 0; round++) {
        await pass(Math.round(milliseconds / ROUNDS));
        while (lines.ready().length > 0) sendOne();
        if (house === null) start();
      }
    }
  }

  /** All laws, when everything is over. */
  async function judge(): Promise<void> {
    entries.look();
    entries.check();
    const all = witness.entries();
    figures.entries = all.length;
    calls.check(all);
    messages.check(all);
    checkProjection(laws, all);
    checkQueue(laws, twilio.accepted);
    checkPrivacy(laws, disk, log, numbers);
    checkFile(laws);
    if (house === null) breach("8", "it does not stay up");
    else await checkLog(laws, house, shipped);
  }

  function digest(): string {
    const left = ["entry", "consent", "outbox", "message", "call_event", "checkpoint", "subscriber"];
    const tables = left.map((table) => JSON.stringify(witness.all(`SELECT * FROM ${table}`)));
    return createHash("sha256")
      .update([...trace, ...tables].join("\n"))
      .digest("hex");
  }

  try {
    globalThis.fetch = ((address: string, init: RequestInit) => twilio.fetch(address, init)) as typeof fetch;
    start();
    await nature.settle();
    if (house !== null) void systems.introduce(house);
    await pass(10);
    for (let happened = 0; happened < EVENTS && broken.length === 0; happened++) await event();
    if (broken.length === 0) await aftermath();
    if (broken.length === 0) await judge();
    return { seed, broken, digest: digest(), figures, trace };
  } finally {
    nature.endProcess();
    await nature.settle();
    release();
    globalThis.fetch = realFetch;
    disk.remove();
  }
}
