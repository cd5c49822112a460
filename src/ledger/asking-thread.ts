import { parentPort, Worker, workerData } from "node:worker_threads";
import { carried, errorFrom, type CarriedError } from "./carried-error.ts";
import { giveWay } from "./giving-way.ts";
import { handover, handoverPlaces, take, type Handover } from "./handover.ts";

/** A thread that answers questions beside the line. */
export type AskingThread<Question> = {
  /** Begins before the first question. */
  readonly start: () => void;
  readonly ask: (question: Question) => Promise<unknown>;
  /** A question that nobody waits for: what the thread does not come to is lost. */
  readonly tell: (question: Question) => void;
  /** How many questions wait for their answer. */
  readonly waiting: () => number;
  readonly end: () => Promise<void>;
};

export type AskingOptions<Told> = {
  /** Plain data that the thread begins with; see `given`. */
  readonly data?: object;
  /** The thread is gone. @returns what those are told who waited; null: it ended by itself, or was ended */
  readonly lost: (error: Error | null) => Error;
  /** What the thread tells of its own. */
  readonly onTold?: (told: Told) => void;
  /** Absent: however long a question waits for the thread to look at it, it waits. */
  readonly patience?: Patience;
};

/**
 * A thread that hangs looks at nothing. What it has not looked at yet is taken back in time, and what comes later is
 * refused at once, as long as it hangs; what it has begun with waits for its answer, for that may yet be done.
 */
export type Patience = {
  readonly milliseconds: number;
  readonly monotonicMs: () => number;
  /** What those are told whose question was not looked at, or not handed over. */
  readonly refusal: () => Error;
  readonly onRefused: (questions: number) => void;
};

/** `id` 0: nobody waits for an answer. */
type Asked<Question> = { readonly id: number; readonly question: Question };
type Batch<Question> = { readonly place: number; readonly asked: readonly Asked<Question>[] };
type Answer = { readonly id: number } & ({ readonly answer: unknown } | { readonly failed: CarriedError });
type Said<Told> = { readonly answers: readonly Answer[]; readonly told: readonly Told[] };
type Given = { readonly places: Int32Array; readonly data: unknown };

/**
 * The thread begins with the first question; one that ends is followed by another. Questions and answers are plain data.
 * What one turn of the event loop asks crosses together, and so do the answers.
 */
export function askingThread<Question, Told = never>(
  file: URL,
  { data, lost, onTold, patience }: AskingOptions<Told>,
): AskingThread<Question> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const monotonicMs = patience?.monotonicMs ?? (() => 0);
  let handed: Handover<readonly Asked<Question>[]> | null = null;
  let thread: Worker | null = null;
  /** When it last said something; before it begins to, nothing is late. */
  let heardAt: number | null = null;
  let gathered: Asked<Question>[] = [];
  let lastId = 0;
  let watch: NodeJS.Timeout | undefined;

  function start(): Worker {
    const places = handoverPlaces();
    const started = new Worker(file, { workerData: { places, data } satisfies Given });
    handed = handover(places, monotonicMs);
    started.on("message", ({ answers, told }: Said<Told>) => {
      heardAt = monotonicMs();
      for (const each of told) onTold?.(each);
      for (const each of answers) settle(each.id, each);
    });
    const gone = (error: Error | null) => {
      if (thread !== started) return;
      thread = null;
      handed = null;
      heardAt = null;
      const reason = lost(error);
      for (const { reject } of waiting.values()) reject(reason);
      waiting.clear();
      gathered = [];
    };
    started.once("error", (error: unknown) =>
      gone(error instanceof Error ? error : new Error(String(error))),
    );
    started.once("exit", () => gone(null));
    // Only now: whoever listens to a thread holds the process.
    started.unref();
    return started;
  }

  function settle(id: number, said: { readonly answer: unknown } | { readonly failed: CarriedError }): void {
    const asker = waiting.get(id);
    if (!waiting.delete(id) || asker === undefined) return;
    // It holds the process as long as somebody waits, and no longer.
    if (waiting.size === 0) thread?.unref();
    if ("answer" in said) asker.resolve(said.answer);
    else asker.reject(errorFrom(said.failed));
  }

  function gather(asked: Asked<Question>): void {
    gathered.push(asked);
    if (gathered.length === 1) setImmediate(handOver);
  }

  function handOver(): void {
    if (gathered.length === 0) return;
    const asked = gathered;
    gathered = [];
    const to = (thread ??= start());
    const place = handed?.place(asked) ?? null;
    if (place === null) {
      refuse(asked);
      return;
    }
    try {
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      to.postMessage({ place, asked } satisfies Batch<Question>);
    } catch (error) {
      // No plain data: nothing of it has crossed.
      handed?.takeBackLast();
      for (const { id } of asked) settle(id, { failed: carried(error) });
    }
    if (patience !== undefined) watch ??= setTimeout(lookWhoWaits, patience.milliseconds).unref();
  }

  function lookWhoWaits(): void {
    watch = undefined;
    if (patience === undefined || handed === null || handed.waitingMs() === 0) return;
    if (heardAt !== null) for (const asked of handed.takeBack(patience.milliseconds)) refuse(asked);
    watch = setTimeout(lookWhoWaits, LOOK_EVERY_MS).unref();
  }

  function hangs({ milliseconds }: Patience): boolean {
    if (handed === null || heardAt === null || handed.waitingMs() <= milliseconds) return false;
    // What it has just said may be the end of it: then it looks at what lies there next.
    return monotonicMs() - heardAt > milliseconds;
  }

  function refuse(asked: readonly Asked<Question>[]): void {
    if (patience === undefined) throw new Error("More questions lie before a thread than may.");
    const failed = carried(patience.refusal());
    patience.onRefused(asked.length);
    for (const { id } of asked) settle(id, { failed });
  }

  return {
    start: () => void (thread ??= start()),
    ask(question) {
      if (patience !== undefined && hangs(patience)) {
        patience.onRefused(1);
        return Promise.reject(patience.refusal());
      }
      thread ??= start();
      if (waiting.size === 0) thread.ref();
      const answer = Promise.withResolvers<unknown>();
      const id = (lastId += 1);
      waiting.set(id, answer);
      gather({ id, question });
      return answer.promise;
    },
    tell: (question) => gather({ id: 0, question }),
    waiting: () => waiting.size,
    async end() {
      clearTimeout(watch);
      await thread?.terminate();
    },
  };
}

/** While somebody waits for longer than they should, and nobody knows for how long. */
const LOOK_EVERY_MS = 100;

/** What the thread begins with. */
export function given(): unknown {
  return (workerData as Given).data;
}

/**
 * The other end, in the thread: it answers each question as soon as it can.
 *
 * @param urgency "background": it gives way to callers
 * @returns tells the line something of its own, with the next answers
 */
export function answering(
  answer: (question: never) => unknown,
  urgency: "background" | "line" = "background",
): (told: unknown) => void {
  if (urgency === "background") giveWay();
  const { places } = workerData as Given;
  let answers: Answer[] = [];
  let told: unknown[] = [];

  // After all that is ready now: what one commit brought is answered together.
  function sayLater(): void {
    if (answers.length + told.length === 1) process.nextTick(say);
  }
  function say(): void {
    const said: Said<unknown> = { answers, told };
    [answers, told] = [[], []];
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
    parentPort?.postMessage(said);
  }
  function put(each: Answer): void {
    answers.push(each);
    sayLater();
  }

  async function reply({ id, question }: Asked<never>): Promise<void> {
    try {
      put({ id, answer: await answer(question) });
    } catch (error) {
      put({ id, failed: carried(error) });
    }
  }

  parentPort?.on("message", ({ place, asked }: Batch<never>) => {
    if (!take(places, place)) return;
    for (const each of asked) {
      if (each.id === 0) answer(each.question);
      else void reply(each);
    }
  });

  return (each) => {
    told.push(each);
    sayLater();
  };
}
