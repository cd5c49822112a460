import { Counter, Gauge, type Registry } from "prom-client";
import type { KeepingStatus } from "./keeping.ts";
import type { ErasureTally } from "./ledger/privacy.ts";

export type PrivacyStatus = {
  readonly tally: () => Promise<ErasureTally>;
  readonly keeping: () => KeepingStatus;
};

/** What was promised to people, and whether it is kept: erasures, the daily round, the list for restores. */
export function watchPrivacy(registry: Registry, { tally, keeping }: PrivacyStatus): void {
  registry.registerMetric(
    new Counter({
      name: "yesline_erasures_total",
      help: "People who were forgotten, since ever: on request, or because their retention had ended.",
      labelNames: ["cause"],
      registers: [],
      async collect() {
        const { request, retention } = await tally();
        this.reset();
        this.inc({ cause: "request" }, request);
        this.inc({ cause: "retention" }, retention);
      },
    }),
  );
  function gauge(name: string, help: string, value: () => number | null | Promise<number>): void {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          // Not a number until there is one: a zero would be an alarm.
          this.set((await value()) ?? Number.NaN);
        },
      }),
    );
  }
  gauge(
    "yesline_erasures_unfinished",
    "Erasures whose old pages may be left in the write-ahead log; none after a minute, if all is well.",
    async () => (await tally()).unfinished,
  );
  gauge(
    "yesline_retention_timestamp_seconds",
    "When the last daily round ended that forgot whose retention had ended, in all businesses.",
    () => {
      const last = keeping().retention;
      return last?.ok === true ? last.at / 1000 : null;
    },
  );
  gauge(
    "yesline_retention_forgotten",
    "How many the last daily round forgot.",
    () => keeping().retention?.forgotten ?? null,
  );
  gauge(
    "yesline_erasure_list_kept",
    "1: every erasure stands in the list outside the database; 0: a restored backup could bring people back.",
    () => {
      const last = keeping().list;
      return last === null ? null : Number(last.ok);
    },
  );
}
