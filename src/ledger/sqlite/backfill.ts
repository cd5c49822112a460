import { setImmediate } from "node:timers/promises";
import type { NumberVault } from "../numbers.ts";
import { referenceOf } from "../reference.ts";
import type { Connection } from "./connection.ts";
import { facetBook, outcomeOf, unheard } from "./facets.ts";
import type { Write } from "./group-commit.ts";
import type { CallIdentity } from "../ledger.ts";
import type { Jurisdiction, Locale } from "../../call/business.ts";

/** Rows a transaction fills; calls that come meanwhile wait some milliseconds. */
const FILLED_AT_ONCE = 200;

type OldCall = Omit<CallIdentity, "caller" | "at" | "accountSid" | "line" | "simulated"> & {
  readonly simulated: 0 | 1;
  readonly endedAt: number | null;
};
type OldSubscriber = { readonly businessId: string; readonly id: string; readonly number: Buffer };

/**
 * Gives calls and subscribers from before there was a console what the log finds them by, when somebody first looks.
 *
 * @returns resolves when all are filled; once they are, it costs nothing
 */
export function backfill(
  connection: Connection,
  { vault, write }: { vault: NumberVault; write: Write },
): () => Promise<void> {
  const fillers = [callFiller(connection), subscriberFiller(connection, vault)];
  let filling: Promise<void> | undefined;

  async function fillAll(): Promise<void> {
    for (const { isDone, fill } of fillers) {
      while (!isDone()) {
        await write(fill);
        await setImmediate();
      }
    }
  }

  return () => {
    filling ??= fillAll().catch((error: unknown) => {
      // The disk may take the write when somebody looks again.
      filling = undefined;
      throw error;
    });
    return filling;
  };
}

type Filler = { readonly isDone: () => boolean; readonly fill: () => void };

function callFiller(connection: Connection): Filler {
  const { client } = connection;
  const facets = facetBook(connection);
  const update = client.prepare<[number, string, string, string]>(
    "UPDATE call SET facet_id = ?, reference = ? WHERE business_id = ? AND call_sid = ?",
  );
  const unfilled = client.prepare<[], OldCall>(
    `SELECT business_id AS businessId, call_sid AS callSid, direction, attestation, simulated, ended_at AS endedAt
     FROM call INDEXED BY call_by_facet WHERE facet_id IS NULL LIMIT ${FILLED_AT_ONCE}`,
  );
  const lastServed = client.prepare<
    [string, string],
    { step: string; locale: Locale; action: string | null }
  >(
    `SELECT step, locale, action FROM call_event
     WHERE business_id = ? AND call_sid = ? AND kind = 'served' ORDER BY seq DESC LIMIT 1`,
  );
  const entryOf = client.prepare<[string, string], { jurisdiction: Jurisdiction; script: string }>(
    "SELECT jurisdiction, script FROM entry WHERE business_id = ? AND source_id = ? LIMIT 1",
  );

  function fill(): void {
    for (const call of unfilled.all()) {
      const { businessId, callSid } = call;
      const served = lastServed.get(businessId, callSid);
      const made = entryOf.get(businessId, callSid);
      const before = {
        ...unheard({ ...call, simulated: call.simulated === 1 }),
        ...(served === undefined ? {} : { progress: "reached" as const, locale: served.locale }),
        ...made,
      };
      const spoken = served?.action === null ? outcomeOf(served.step) : null;
      const outcome = spoken ?? (call.endedAt === null ? null : "hung-up");
      const facet = outcome === null ? before : facets.ended(before, call, outcome);
      update.run(facets.idOf(facet), referenceOf(callSid), businessId, callSid);
    }
  }

  return { isDone: () => unfilled.get() === undefined, fill };
}

function subscriberFiller({ client }: Connection, vault: NumberVault): Filler {
  const unfilled = client.prepare<[], OldSubscriber>(
    `SELECT business_id AS businessId, id, number FROM subscriber INDEXED BY subscriber_unfilled WHERE last_four_index IS NULL
     LIMIT ${FILLED_AT_ONCE}`,
  );
  const update = client.prepare<[string, string, string]>(
    "UPDATE subscriber SET last_four_index = ? WHERE business_id = ? AND id = ?",
  );
  function fill(): void {
    for (const { businessId, id, number } of unfilled.all()) {
      update.run(vault.lastFourIndex(businessId, vault.decrypt(id, number)), businessId, id);
    }
  }

  return { isDone: () => unfilled.get() === undefined, fill };
}
