import { between, pick } from "../../src/simulator/random.ts";
import type { Mishap } from "./disk.ts";
import type { Delivery } from "./exchange.ts";
import { MOODS } from "./provider.ts";
import type { World } from "./world.ts";

/** What happens in one world, before all is well again. */
const EVENTS = 150;
/**
 * A queue that is not done after this is never done: three days are the longest that anything may wait. What then expires
 * has news of its own, which are tried in the hours that come last.
 */
const AFTERMATH_MS = [
  1, 10, 60, 120, 600, 3_600, 3_600, 7_200, 36_000, 36_000, 86_400, 86_400, 86_400, 7_200, 7_200, 7_200,
  7_200,
].map((seconds) => seconds * 1_000);
/** Each of these times goes by in so many steps: what is sent in one of them is answered in the next. */
const ROUNDS = 4;
const MAX_SETTLING = 5_000;
const A_WHILE_MS = 1_000;
const MISHAPS: readonly [Mishap, ...Mishap[]] = ["killed", "killed-after", "io-error", "io-error-after"];

/** What happens in a world: first anything, in any order, and then nothing but good. */
export function storyOf(world: World) {
  const { chance, nature, disk, twilio, lines, people, systems, broken, house, start, note, breach } = world;

  /** SIGTERM, and whatever its end waits for. */
  async function stop(): Promise<void> {
    const asked = house();
    if (asked === null) return;
    note("is asked to stop");
    void asked.stop();
    disk.unlock();
    for (let round = 0; house() !== null && round < MAX_SETTLING; round++) await step();
    if (house() !== null) breach("8", "it never stops");
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
    [0.6, () => void (twilio.state.mood = pick(chance, MOODS))],
    [0.15, () => fillDisk()],
    [0.3, () => lockDisk()],
    [0.08, () => void disk.meet(pick(chance, MISHAPS))],
    [0.06, () => kill()],
    [0.05, () => stop()],
    [0.1, () => nature.setSkew(between(chance, -25_000, 25_000))],
  ];
  const weights = doings.reduce((sum, [weight]) => sum + weight, 0);

  async function event(): Promise<void> {
    if (house() === null && chance() < 0.3) start();
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
    if (house() === null) return;
    note("the disk is full");
    disk.fill();
    nature.after(between(chance, 100, 30_000), () => disk.empty());
  }

  function lockDisk(): void {
    if (house() === null || disk.isLocked()) return;
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
    const running = house();
    if (running === null) return;
    note("is killed");
    if (chance() < 0.3) disk.freeze(Buffer.from(Array.from({ length: 200 }, () => between(chance, 0, 255))));
    running.die();
  }

  /** All is well again, and everything has the time that it may take. */
  async function aftermath(): Promise<void> {
    twilio.state.mood = "well";
    nature.setSkew(0);
    disk.empty();
    disk.unlock();
    if (house() === null) start();
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
        if (house() === null) start();
      }
    }
  }

  return {
    async tell(): Promise<void> {
      start();
      await nature.settle();
      const first = house();
      if (first !== null) void systems.introduce(first);
      await pass(10);
      for (let happened = 0; happened < EVENTS && broken.length === 0; happened++) await event();
      if (broken.length === 0) await aftermath();
    },
  };
}
