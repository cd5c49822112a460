import { randomUUIDv7 } from "node:crypto";
import { join } from "node:path";
import { agree, callOf, ledgerOn } from "../../support/memory.ts";
import { migrate, open } from "../../../src/ledger/sqlite/connection.ts";
import { daytime, knownNumber, numbersOf, type PermissionChains } from "../chains/permissions.ts";
import type { Bench, Chapter, Part } from "../part.ts";
import { profileIn } from "../profile.ts";
import { startProgram } from "../programs.ts";
import { figuresOf, interleaved, ratioOf, type Contender } from "../rounds.ts";
import { addKey, databaseIn, SECRET, startYesline } from "../yesline.ts";

const CONNECTIONS = 64;
/** What was promised: so many a second, or at least this share of the bare route. */
const PER_SECOND = 5_000;
const SHARE = 0.5;
const DAY_MS = 24 * 60 * 60 * 1000;

const BARE = "bare route, one indexed read";
const KEEPING = "bare route, one read, one durable row";
const YESLINE = "yesline";

export const permissions: Part = {
  name: "permissions",
  question: "How often a second can systems ask whether they may send something?",
  run,
};

async function run(bench: Bench): Promise<Chapter> {
  const { short, rounds, folder, drive, progress } = bench;
  const people = short ? 100 : 10_000;
  const requests = short ? 300 : 20_000;
  const yeslineFolder = join(folder, "yesline");
  progress(`${people} callers agree`);
  await seedConsents(yeslineFolder, people);
  const key = await addKey(yeslineFolder);
  const bare = (name: string, ...args: string[]) =>
    startProgram({
      args: [
        "test/bench/contenders/bare-hono.ts",
        `--file=${join(folder, name)}`,
        `--people=${people}`,
        ...args,
      ],
      folder: join(folder, `${name}-logs`),
    });
  const yesline = await startYesline({ folder: yeslineFolder });
  const reading = await bare("bare.db");
  const keeping = await bare("keeping.db", "--keep");
  const load = (url: string, path: string) => () => {
    const numbers = numbersOf(people, Math.min(people, requests));
    const options: PermissionChains = { path, key, requests, numbers, at: daytime() };
    return drive({ url, connections: CONNECTIONS, chains: "permissions", options });
  };
  const contenders: Contender[] = [
    { name: YESLINE, program: yesline, load: load(yesline.url, "/api/v1/permissions") },
    { name: BARE, program: reading, load: load(reading.url, "/permissions") },
    { name: KEEPING, program: keeping, load: load(keeping.url, "/permissions") },
  ];
  const results = await interleaved(contenders, rounds, progress);
  await Promise.all(contenders.map(({ program }) => program.stop()));
  const share = ratioOf(results, [YESLINE, BARE], ({ perSecond }) => perSecond);
  const [own = { name: "", unit: "per second", values: [] }, ...others] = figuresOf(results);
  return {
    figures: [
      { ...own, atLeast: PER_SECOND },
      ...others,
      { name: `${YESLINE} over ${BARE}: requests`, unit: "times", values: share },
      {
        name: `${YESLINE} over ${KEEPING}: requests`,
        unit: "times",
        values: ratioOf(results, [YESLINE, KEEPING], ({ perSecond }) => perSecond),
      },
      {
        name: `${BARE} over ${YESLINE}: CPU for a request`,
        unit: "times",
        values: ratioOf(results, [BARE, YESLINE], ({ cpuMicroseconds }) => cpuMicroseconds),
      },
    ],
    notes: [
      `${CONNECTIONS} connections, ${requests} requests a round, ${people} people with consent, database on disk.`,
      `Promised: ${PER_SECOND} a second, or ${SHARE} times the bare route. Yesline checks a key and an allowance, decides, and keeps each answer durably before it gives it.`,
    ],
    ...(bench.profile ? { profile: await profiled(yeslineFolder, load) } : {}),
  };

  async function profiled(where: string, loadOf: typeof load) {
    progress("where the time goes");
    const server = await startYesline({ folder: where, profile: true });
    await loadOf(server.url, "/api/v1/permissions")();
    await server.stop();
    return profileIn(where);
  }
}

/** Callers agree, as the line writes it down, but without a line: nobody waits for them. */
async function seedConsents(folder: string, people: number): Promise<void> {
  const connection = open(databaseIn(folder), { busyTimeoutMs: 0 });
  migrate(connection);
  // The rows need to be there, not to survive a power cut.
  connection.client.pragma("synchronous = OFF");
  const { ledger } = ledgerOn(connection, SECRET);
  const at = Date.now() - DAY_MS;
  for (let from = 0; from < people; from += SEEDED_TOGETHER) {
    const some = Array.from({ length: Math.min(SEEDED_TOGETHER, people - from) }, (_, n) => from + n);
    await Promise.all(
      some.map((person) => {
        const callSid = `CA${randomUUIDv7().replaceAll("-", "")}`;
        return agree(ledger, callOf({ caller: knownNumber(person), callSid, at }));
      }),
    );
  }
  // A worker that goes through thousands of confirmations would be what is measured.
  connection.client.exec("DELETE FROM outbox");
  await ledger.close();
}

const SEEDED_TOGETHER = 500;
