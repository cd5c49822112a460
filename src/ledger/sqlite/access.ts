import type { NumberVault } from "../numbers.ts";
import type { Access, AccessFilter, Note, Page, PageRequest, Reading } from "../reading.ts";
import { and, desc, eq, gt, gte, inArray, lt, min, sql, type SQL } from "./drizzle.ts";
import type { Connection } from "./connection.ts";
import type { Write } from "./group-commit.ts";
import { saltReader } from "./people.ts";
import { accessLog, note } from "./reading-schema.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** What the console writes: who did what, and notes about people. Both only ever grow. */
export function accessBook(
  { db, client }: Connection,
  { vault, write, newId }: { vault: NumberVault; write: Write; newId: () => string },
): Pick<Reading, "logAccess" | "accesses" | "accessNames" | "addNote"> & {
  notesOf(businessId: string, subscriberId: string): readonly Note[];
} {
  const salts = saltReader({ client }, vault);

  function saltOf(businessId: string, id: string): Buffer {
    const salt = salts(businessId, id);
    if (salt === null) throw new Error(`Subscriber ${id} is unknown or was erased.`);
    return salt;
  }

  return {
    logAccess: ({ actor, actorName, action, businessId, subject, detail, at }) =>
      write(() => {
        db.insert(accessLog).values({ actor, actorName, action, businessId, subject, detail, at }).run();
      }),

    async accesses(filter, page) {
      const bounds = period(db, filter);
      return pageOf(page, (backwards, from, limit) =>
        namedOnce(filter)
          .flatMap((named) =>
            db
              .select()
              .from(accessLog)
              .where(and(named, ...bounds, beyond(backwards, from)))
              .orderBy(backwards ? accessLog.seq : desc(accessLog.seq))
              .limit(limit)
              .all(),
          )
          .toSorted((one, other) => (backwards ? one.seq - other.seq : other.seq - one.seq))
          .slice(0, limit),
      );
    },

    async accessNames(column, prefix, limit) {
      const names: string[] = [];
      // Skips from one name to the next; a DISTINCT would walk through the whole log.
      for (let last: string | null = null; names.length < limit;) {
        const beyondLast: SQL = last === null ? gte(accessLog[column], prefix) : gt(accessLog[column], last);
        last =
          db
            .select({ name: min(accessLog[column]) })
            .from(accessLog)
            .where(beyondLast)
            .get()?.name ?? null;
        if (last === null || !last.startsWith(prefix)) break;
        names.push(last);
      }
      return names;
    },

    addNote: ({ businessId, subscriberId, author, text, at }) =>
      write(() => {
        const sealed = vault.seal(saltOf(businessId, subscriberId), text);
        db.insert(note).values({ id: newId(), businessId, subscriberId, author, text: sealed, at }).run();
      }),

    notesOf(businessId, subscriberId) {
      const salt = saltOf(businessId, subscriberId);
      return db
        .select()
        .from(note)
        .where(and(eq(note.businessId, businessId), eq(note.subscriberId, subscriberId)))
        .orderBy(note.seq)
        .all()
        .map(({ seq: _seq, text, ...rest }) => ({ ...rest, text: vault.unseal(salt, text) }));
    },
  };
}

function beyond(backwards: boolean, from: number | null): SQL | undefined {
  if (from === null) return undefined;
  return backwards ? gt(accessLog.seq, from) : lt(accessLog.seq, from);
}

/**
 * Each name has its rows in order in an index, so a list of names is as many short lists. Subjects are the rarer
 * ones; actors only narrow them then.
 */
function namedOnce({ actorNames, action, subjects }: AccessFilter): (SQL | undefined)[] {
  const acted = action === undefined ? undefined : eq(accessLog.action, action);
  if (subjects !== undefined) {
    const theirs =
      actorNames === undefined ? undefined : inArray(sql`+${accessLog.actorName}`, [...actorNames]);
    return subjects.map((each) => and(eq(accessLog.subject, each), theirs, acted));
  }
  return actorNames === undefined
    ? [acted]
    : actorNames.map((each) => and(eq(accessLog.actorName, each), acted));
}

/**
 * Order comes from `seq`; a period is looked up by time. A clock may jump, but not by a day: so the row a day outside
 * of the period bounds the walk, and the times themselves decide.
 */
function period(db: Connection["db"], { since, until }: AccessFilter): (SQL | undefined)[] {
  return [
    since === undefined ? undefined : gte(sql`+${accessLog.at}`, since),
    until === undefined ? undefined : lt(sql`+${accessLog.at}`, until),
    since === undefined ? undefined : gt(accessLog.seq, seqAt(db, lt(accessLog.at, since - DAY_MS), -1) ?? 0),
    until === undefined
      ? undefined
      : lt(accessLog.seq, seqAt(db, gte(accessLog.at, until + DAY_MS), 1) ?? Number.MAX_SAFE_INTEGER),
  ];
}

function seqAt(db: Connection["db"], where: SQL, direction: 1 | -1): number | undefined {
  return db
    .select({ seq: accessLog.seq })
    .from(accessLog)
    .where(where)
    .orderBy(direction === 1 ? accessLog.at : desc(accessLog.at))
    .limit(1)
    .get()?.seq;
}

/** Newest first; the cursor is the last row's place in the log. */
function pageOf(
  { cursor, limit, direction }: PageRequest,
  read: (backwards: boolean, from: number | null, limit: number) => readonly Access[],
): Page<Access> {
  const seq = /^\d{1,15}$/.test(cursor ?? "") ? Number(cursor) : null;
  const from = direction === "last" ? null : seq;
  const backwards = direction === "last" || (direction === "previous" && from !== null);
  const found = read(backwards, from, limit + 1);
  const more = found.length > limit;
  const rows = backwards ? found.slice(0, limit).toReversed() : found.slice(0, limit);
  const [first, last] = [cursorOf(rows.at(0)), cursorOf(rows.at(-1))];
  return backwards
    ? { rows, next: from === null ? null : last, previous: more ? first : null }
    : { rows, next: more ? last : null, previous: from === null ? null : first };
}

function cursorOf(access: Access | undefined): string | null {
  return access === undefined ? null : String(access.seq);
}
