import { sid } from "../support/line.ts";
import type { Server } from "../support/server.ts";

/** A caller whose key is answered: told that it is recorded. */
export type Told = { readonly callSid: string; readonly key: string };

/** A caller whose key got no answer: Twilio sends it again. */
export type Unanswered = Told & { readonly from: string; readonly action: string };

export type Crowd = {
  readonly told: readonly Told[];
  readonly unanswered: readonly Unanswered[];
  /** Resolves once somebody has been told; at the latest when it is over. */
  readonly begun: Promise<void>;
  /** Resolves when the line has fallen silent for everyone. */
  readonly over: Promise<void>;
  /** Nobody presses a key until all of them are about to. @returns lets them, all at once */
  readonly gather: () => Promise<() => void>;
};

const isRecorded = (words: string) => /\breference\b/i.test(words);

/** So many callers at once, one call after another, until the line falls silent. */
export function crowd(server: Pick<Server, "call">, callers: number, random: () => number): Crowd {
  const told: Told[] = [];
  const unanswered: Unanswered[] = [];
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  let gate = Promise.resolve();
  let waiting = 0;
  let allWait: () => void = () => undefined;

  /** @returns false where nobody answers any more */
  async function oneCall(): Promise<boolean> {
    const from = `+1415${2_220_000 + Math.floor(random() * 7_000_000)}`;
    const callSid = sid("CA");
    const call = server.call({ from, callSid });
    const begins = await reached(call.begin());
    if (begins === null) return false;
    // Somebody who is known already is asked something else.
    if (!call.action().includes("/choice?")) return true;
    const key = random() < 0.5 ? "1" : "2";
    const action = call.action();
    waiting += 1;
    if (waiting === callers) allWait();
    await gate;
    waiting -= 1;
    const answer = await reached(call.press(key));
    if (answer === null) unanswered.push({ callSid, key, from, action });
    else if (answer.status === 200 && isRecorded(answer.words)) told.push({ callSid, key });
    if (told.length > 0) resolve();
    return answer !== null;
  }

  const everyone = Array.from({ length: callers }, async () => {
    while (await oneCall());
  });
  const over = Promise.all(everyone).then(() => undefined);

  async function gather(): Promise<() => void> {
    const opening = Promise.withResolvers<void>();
    const everyoneWaits = Promise.withResolvers<void>();
    gate = opening.promise;
    allWait = everyoneWaits.resolve;
    await Promise.race([everyoneWaits.promise, over]);
    return opening.resolve;
  }
  return { told, unanswered, begun: Promise.race([begun, over]), over, gather };
}

/** Twilio tries again what had no answer. @returns those who were not told then that it is recorded */
export async function tryAgain(server: Pick<Server, "call">, unanswered: readonly Unanswered[]) {
  const refused: Unanswered[] = [];
  for (const each of unanswered) {
    const { callSid, from, action, key } = each;
    const answer = await server
      .call({ callSid, from })
      .post(action, { CallStatus: "in-progress", Digits: key });
    if (answer.status !== 200 || !isRecorded(answer.words)) refused.push(each);
  }
  return refused;
}

async function reached<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    // "fetch failed": the connection broke, or nobody takes one.
    if (error instanceof TypeError) return null;
    throw error;
  }
}
