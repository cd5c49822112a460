import { join } from "node:path";
import { between, seededRandom } from "../../src/simulator/random.ts";
import { diskIn } from "./disk.ts";
import { exchange, type Answer, type Delivery } from "./exchange.ts";
import { openHouse, type House, type Plant } from "./house.ts";
import { rememberedEntries } from "./laws.ts";
import { natureOf } from "./nature.ts";
import { callOracle } from "./oracle-calls.ts";
import { messageOracle } from "./oracle-messages.ts";
import { peopleOf } from "./people.ts";
import { provider } from "./provider.ts";
import type { Setting } from "./setting.ts";
import { listenerFor } from "./speech.ts";
import { systemsOf } from "./systems.ts";
import { witnessOf } from "./witness.ts";

const listen = listenerFor("2026-11-22");

/** Everybody and everything of one world, as they stand before its story begins. */
export type World = ReturnType<typeof worldOf>;

// It is long because it only introduces them to each other.
export function worldOf(setting: Setting, seed: number, plant: Plant) {
  const chance = seededRandom(`world ${seed}`);
  const startsAt = Date.UTC(2026, 10, 23) + between(chance, 0, 7 * 24 * 60) * 60_000;
  const nature = natureOf(seededRandom(`line ${seed}`), startsAt);
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

  return {
    chance,
    nature,
    disk,
    twilio,
    lines,
    people,
    systems,
    start,
    house: () => house,
    note,
    breach,
    /** What the laws are held against. */
    laws,
    calls,
    messages,
    entries,
    numbers,
    log: log as readonly string[],
    shipped: shipped as readonly string[],
    broken: broken as readonly string[],
    trace: trace as readonly string[],
    figures,
  };
}
