import { randomUUIDv7 } from "node:crypto";
import { answering, given } from "../asking-thread.ts";
import { carried } from "../carried-error.ts";
import { numberVault } from "../numbers.ts";
import { checkSecret, lockForServer, migrate, open, START_LOCK_WAIT_MS } from "./connection.ts";
import { lastWritten } from "./last-written.ts";
import type { House, MemoryAsked, MemoryData, MemoryTold, Methods, Stores } from "./memory-beside.ts";
import { sqliteMemory } from "./memory.ts";
import { hasOperators, operatorQueries } from "./operators.ts";
import { operatorKey } from "./sealed-keys.ts";
import { standing } from "./standing.ts";

const { file, litestream, secret, olderSecrets, businesses } = given() as MemoryData;

/** The thread that has the file: it alone writes there. See `memoryBeside`. */
const tell: (told: MemoryTold) => void = answering(({ store, method, args }: MemoryAsked) => {
  const asked = (store === "house" ? house : stores?.[store]) as Record<string, unknown> | undefined;
  const act = asked?.[method];
  if (typeof act !== "function") throw new Error(`Nobody answers ${store}.${method} here.`);
  return (act as (...given: readonly unknown[]) => unknown)(...args);
}, "line");

let stores: Stores | null = null;
let unlock: (() => void) | null = null;
let opened: ReturnType<typeof open> | null = null;

const house: House = {
  async open() {
    unlock = lockForServer(file, START_LOCK_WAIT_MS);
    opened = open(file, { busyTimeoutMs: 0, litestream });
  },
  async begin() {
    if (opened === null) throw new Error("The file is not open.");
    const connection = opened;
    migrate(connection);
    const lastWrittenAt = lastWritten(connection);
    const vault = numberVault(secret, olderSecrets);
    checkSecret(connection, vault, true);
    const look = standing(connection);
    stores = {
      ...sqliteMemory(connection, {
        vault,
        businesses,
        newId: randomUUIDv7,
        now: Date.now,
        monotonicMs: () => performance.now(),
        onCommit: (jobs) => tell({ kind: "committed", jobs }),
        onTurnedAway: (jobs) => tell({ kind: "turned-away", jobs }),
        onDropped: (webhooks, reason) => tell({ kind: "dropped", webhooks, reason: carried(reason) }),
        // Uncaught, it ends this thread, and with it the line: nothing that waits is answered.
        onFatal(error) {
          throw error;
        },
      }),
      operators: {
        query: operatorQueries(connection),
        key: async () => operatorKey(connection, { secret, olderSecrets }),
      },
      file: {
        async standing() {
          const error = look();
          if (error !== null) throw error;
        },
      },
    };
    return { lastWrittenAt, hasOperators: hasOperators(connection), methods: methodsOf(stores) };
  },
  async close() {
    await stores?.ledger.close();
    unlock?.();
  },
};

function methodsOf(all: Stores): Methods {
  return Object.fromEntries(Object.entries(all).map(([store, methods]) => [store, Object.keys(methods)]));
}
