import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LedgerUnavailable } from "../../src/ledger/ledger.ts";
import { groupCommit, type Write } from "../../src/ledger/sqlite/group-commit.ts";
import { agree, answers, begins, callOf, entryOf, openMemory, type Memory } from "../support/memory.ts";

let memory: Memory;
let commits: number[];
let fatal: Error[];
let refused: number[];
let clock: { monotonic: number };
let group: ReturnType<typeof groupCommit>;

beforeEach(() => {
  memory = openMemory();
  memory.connection.client.exec("CREATE TABLE tried (what TEXT UNIQUE)");
  commits = [];
  fatal = [];
  refused = [];
  clock = { monotonic: 0 };
  group = groupCommit(memory.connection.client, {
    onCommit: (jobs) => commits.push(jobs),
    onFatal: (error) => fatal.push(error),
    onTurnedAway: (jobs) => refused.push(jobs),
    monotonicMs: () => clock.monotonic,
  });
});
afterEach(() => memory.close());

const write: Write = (job) => group.write(job);
const put = (what: string) => () =>
  memory.connection.client.prepare("INSERT INTO tried VALUES (?)").run(what).changes;
const tried = () => memory.rows("tried").map((row) => row["what"]);

describe("all that one turn of the event loop brings", () => {
  it("shares one commit", async () => {
    await Promise.all(["a", "b", "c", "d"].map((what) => write(put(what))));
    expect(commits).toEqual([4]);
    expect(tried()).toEqual(["a", "b", "c", "d"]);
  });

  it("shares one commit when a hundred callers press a key at once", async () => {
    const calls = Array.from({ length: 100 }, () => callOf());
    await Promise.all(calls.map((call) => memory.ledger.record(begins(call))));
    await Promise.all(calls.map((call) => memory.ledger.record(answers(call, [entryOf()]))));
    expect(memory.commits).toEqual([100, 100]);
    expect(memory.count("entry")).toBe(100);
  });

  it("is cut into commits of 512", async () => {
    await Promise.all(Array.from({ length: 1_100 }, (_, index) => write(() => index)));
    expect(commits).toEqual([512, 512, 76]);
  });

  it("does not wait for the next turn's", async () => {
    await write(put("a"));
    await write(put("b"));
    expect(commits).toEqual([1, 1]);
  });

  it("is answered to each with what its own job returned, in order", async () => {
    const order: string[] = [];
    const jobs = ["a", "b", "c"].map((what) => write(() => what).then((value) => order.push(value)));
    await Promise.all(jobs);
    expect(order).toEqual(["a", "b", "c"]);
  });
});

describe("a job that fails", () => {
  it("fails alone, leaves nothing behind, and its neighbours are committed", async () => {
    const poison = () => {
      put("poison")();
      throw new Error("no such caller");
    };
    const outcomes = await Promise.allSettled([write(put("a")), write(poison), write(put("b"))]);
    expect(outcomes.map((each) => each.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { message: "no such caller" } });
    expect(tried()).toEqual(["a", "b"]);
  });

  it("by breaking a constraint of the database fails alone too", async () => {
    const outcomes = await Promise.allSettled(["a", "a", "b"].map((what) => write(put(what))));
    expect(outcomes.map((each) => each.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(tried()).toEqual(["a", "b"]);
  });

  it("fails alone also where another process writes before its neighbours are begun anew", async () => {
    const { client } = memory.connection;
    const other = new Database(memory.file);
    let failures = 0;
    const prepare = (sql: string) => {
      const statement = client.prepare(sql);
      if (sql !== "ROLLBACK") return statement;
      return {
        run() {
          statement.run();
          if (failures === 1) other.exec("BEGIN IMMEDIATE; INSERT INTO tried VALUES ('theirs')");
        },
      };
    };
    const met = new Proxy(client, {
      get: (target, name) => (name === "prepare" ? prepare : Reflect.get(target, name, target)),
    });
    group = groupCommit(met, { onCommit: () => {}, onFatal: () => {}, monotonicMs: () => clock.monotonic });
    const poison = () => {
      failures += 1;
      throw new Error("no such caller");
    };
    const writing = Promise.allSettled([write(put("a")), write(poison), write(put("b"))]);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect([failures, other.inTransaction]).toEqual([1, true]);
    other.exec("COMMIT");
    expect((await writing).map((each) => each.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(tried()).toEqual(["theirs", "a", "b"]);
    other.close();
  });

  it("does not cost the caller beside it an entry", async () => {
    const [good, bad] = [callOf(), callOf()];
    await memory.ledger.record(begins(good));
    await memory.ledger.record(begins(bad, { step: "language" }));
    const outcomes = await Promise.allSettled(
      [bad, good].map((call) => memory.ledger.record(answers(call, [entryOf()]))),
    );
    expect(outcomes.map((each) => each.status)).toEqual(["rejected", "fulfilled"]);
    expect(memory.rows("entry").map((row) => row["call_sid"])).toEqual([good.callSid]);
  });

  it("at the commit itself takes the whole batch, and nobody is told that anything was recorded", async () => {
    const late = () => {
      memory.connection.client.pragma("defer_foreign_keys = ON");
      return memory.connection.client
        .prepare(
          "INSERT INTO call_event (business_id, call_sid, step, attempt, kind, locale, at) VALUES ('b', 'CAnone', 's', 1, 'key', 'und', 0)",
        )
        .run().changes;
    };
    const outcomes = await Promise.allSettled([write(put("a")), write(late)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(LedgerUnavailable) });
    }
    expect([tried(), memory.rows("call_event"), commits]).toEqual([[], [], []]);
    await write(put("b"));
    expect(tried()).toEqual(["b"]);
  });
});

describe("more writes than the disk can take", () => {
  it("are turned away at once, and those who wait are served", async () => {
    const waiting = Array.from({ length: 10_000 }, (_, index) => write(() => index));
    await expect(write(() => "one too many")).rejects.toThrow(LedgerUnavailable);
    expect(await Promise.all(waiting)).toHaveLength(10_000);
    expect(await write(() => "room again")).toBe("room again");
  });
});

describe("a disk that does not follow", () => {
  /** A commit that takes so long. */
  const slow = (milliseconds: number) => write(() => (clock.monotonic += milliseconds));

  it("turns away at once who would wait for more than two seconds, but never who would be first", async () => {
    await slow(2_001);
    await slow(2_001);
    const outcomes = await Promise.allSettled([write(put("a")), write(put("b")), write(put("c"))]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(outcomes[1]).toMatchObject({
      reason: { message: "The disk is too slow: a write would wait 2001 ms." },
    });
    // The first one was written in no time: so will the others be.
    await Promise.all([write(put("d")), write(put("e"))]);
    expect([tried(), refused]).toEqual([
      ["a", "d", "e"],
      [1, 1],
    ]);
  });

  it("takes in who came during one long commit: the next may be as fast as ever", async () => {
    await slow(5_000);
    await Promise.all([write(put("a")), write(put("b")), write(put("c"))]);
    expect([tried(), refused]).toEqual([["a", "b", "c"], []]);
  });

  it("turns away who came during a commit so long that after another one Twilio would have given up", async () => {
    await slow(5_001);
    const outcomes = await Promise.allSettled([write(put("a")), write(put("b"))]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  it("that becomes slow while many wait writes nothing for who has waited more than two seconds", async () => {
    const first = Array.from({ length: 512 }, (_, n) =>
      write(n === 0 ? () => (clock.monotonic += 2_001) : () => n),
    );
    const outcomes = await Promise.allSettled([...first, write(put("late")), write(put("late too"))]);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(512);
    expect(outcomes.slice(512)).toMatchObject([
      { reason: { message: "The disk is too slow: a write has waited for more than 2000 ms." } },
      { status: "rejected", reason: expect.any(LedgerUnavailable) },
    ]);
    expect([tried(), refused]).toEqual([[], [2]]);
    await write(put("b"));
    expect(tried()).toEqual(["b"]);
  });

  it("counts everybody who waits: at half a second a commit, three batches of 512 and no more", async () => {
    await slow(501);
    await slow(501);
    const outcomes = await Promise.allSettled(Array.from({ length: 2_000 }, (_, n) => write(() => n)));
    const written = outcomes.filter(({ status }) => status === "fulfilled");
    expect([written.length, commits]).toEqual([1_536, [1, 1, 512, 512, 512]]);
  });
});

describe("while another process holds the lock", () => {
  const lock = () => {
    const other = new Database(memory.file);
    other.exec("BEGIN IMMEDIATE");
    return { release: () => other.exec("COMMIT"), close: () => other.close() };
  };
  const turns = async (count: number) => {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  };

  it("the event loop lives, and what waits is written once the lock is free", async () => {
    const other = lock();
    let settled = false;
    const writing = write(put("a")).finally(() => (settled = true));
    // A statement that waited would block these turns, and the release after them.
    await turns(50);
    expect(settled).toBe(false);
    other.release();
    await writing;
    expect(tried()).toEqual(["a"]);
    other.close();
  });

  it("a caller's entry waits, and is recorded once the lock is free", async () => {
    const call = callOf();
    await memory.ledger.record(begins(call));
    const other = lock();
    const recording = memory.ledger.record(answers(call, [entryOf()]));
    await turns(20);
    expect(memory.rows("entry")).toEqual([]);
    other.release();
    expect(await recording).toMatchObject({ kind: "answered", repeated: false });
    other.close();
  });

  it("nobody waits longer than two seconds: then the answer is that nothing was recorded", async () => {
    const other = lock();
    const writing = Promise.allSettled([write(put("a"))]);
    await turns(5);
    clock.monotonic = 2_000;
    await turns(20);
    const patient = write(put("b"));
    clock.monotonic = 2_001;
    expect(await writing).toMatchObject([{ status: "rejected", reason: expect.any(LedgerUnavailable) }]);
    other.release();
    await patient;
    expect(tried()).toEqual(["b"]);
    other.close();
  });

  it("whoever comes once somebody has waited in vain hears so at once; one finds out when it is over", async () => {
    const other = lock();
    const first = Promise.allSettled([write(put("a"))]);
    clock.monotonic = 2_001;
    await first;
    const finder = write(put("b"));
    const turnedAway = await Promise.allSettled([write(put("c")), write(put("d"))]);
    expect(turnedAway).toMatchObject([
      { status: "rejected", reason: { message: "Another process holds the database's lock." } },
      { status: "rejected" },
    ]);
    other.release();
    await finder;
    await Promise.all([write(put("e")), write(put("f"))]);
    expect([tried(), refused]).toEqual([
      ["b", "e", "f"],
      [1, 1, 1],
    ]);
    other.close();
  });

  it("a server that stops waits for what is under way", async () => {
    const other = lock();
    const writing = write(put("a"));
    const draining = group.drain();
    await turns(5);
    other.release();
    await draining;
    expect(tried()).toEqual(["a"]);
    expect(await writing).toBe(1);
    other.close();
  });
});

describe("a disk", () => {
  it.each(["SQLITE_IOERR_FSYNC", "SQLITE_IOERR_WRITE", "SQLITE_CORRUPT", "SQLITE_NOTADB"])(
    "that answers %s is not trusted any more: the process is told to stop, nothing is acknowledged",
    async (code) => {
      const broken = () => {
        throw new Database.SqliteError("the disk broke", code);
      };
      const outcomes = await Promise.allSettled([write(put("a")), write(broken), write(put("b"))]);
      expect(outcomes.map((each) => each.status)).toEqual(["rejected", "rejected", "rejected"]);
      expect(outcomes[0]).toMatchObject({ reason: expect.any(LedgerUnavailable) });
      expect(fatal).toMatchObject([{ code }]);
      expect([tried(), commits]).toEqual([[], []]);
    },
  );

  it("that is damaged for real stops the process and acknowledges nothing", async () => {
    const { client } = memory.connection;
    const schema = client.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'probe'");
    const root = schema.pluck().get() as number;
    client.unsafeMode(true);
    client.pragma("writable_schema = ON");
    client.prepare("UPDATE sqlite_schema SET rootpage = ? WHERE name = 'probe'").run(root + 100_000);
    client.pragma("writable_schema = RESET");
    await expect(memory.ledger.probe()).rejects.toThrow(LedgerUnavailable);
    expect(memory.fatal).toMatchObject([{ code: expect.stringMatching(/^SQLITE_CORRUPT/) }]);
  });

  it("that is full refuses with a reason, keeps what was acknowledged, and serves again when there is room", async () => {
    const { client } = memory.connection;
    const first = callOf();
    await agree(memory.ledger, first);
    const full = client.pragma("page_count", { simple: true }) as number;
    client.pragma(`max_page_count = ${full}`);
    const crowd = Array.from({ length: 200 }, () => callOf());
    const outcomes = await Promise.allSettled(crowd.map((call) => memory.ledger.record(begins(call))));
    const failures = outcomes.filter((each) => each.status === "rejected");
    expect(failures.length).toBeGreaterThan(0);
    for (const { reason } of failures) expect(reason).toBeInstanceOf(LedgerUnavailable);
    expect(memory.count("call")).toBe(1 + outcomes.length - failures.length);
    expect(memory.fatal).toEqual([]);
    client.pragma("max_page_count = 1000000");
    await expect(memory.ledger.probe()).resolves.toBeUndefined();
    expect(await memory.ledger.granted(first.businessId, "+14155550123", false)).toHaveLength(2);
  });
});
