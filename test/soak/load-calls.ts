import { pick, type Random } from "../../src/simulator/random.ts";
import type { Yesline } from "../bench/yesline.ts";
import { caller } from "../support/caller.ts";

/** What people do when they are asked; "" is silence. Most of them agree. */
const HABITS = [
  ["1"],
  ["1"],
  ["1"],
  ["1"],
  ["2"],
  ["7", "1"],
  ["9", "1"],
  ["", "", ""],
  ["", "1"],
  [],
] as const;
/** Of a hundred callers so many have called before. */
const RETURNING = 0.2;
const MAX_STEPS = 8;

/** People who call the line, over real HTTP, each in a way of their own. */
export function callers({ url, account }: Yesline, random: Random) {
  const send = (request: Request) => fetch(request);
  const milliseconds: number[] = [];
  let [known, begun] = [0, 0];

  const numberOf = (person: number) => `+1415${2_000_000 + person}`;
  const someone = () => Math.floor(random() * Math.max(1, known));

  async function timed(what: string, act: () => Promise<{ readonly status: number }>, expected = 200) {
    const at = performance.now();
    const { status } = await act();
    milliseconds.push(performance.now() - at);
    if (status !== expected) throw new Error(`${what} was answered ${status}`);
  }

  return {
    /** One whole call, until it is over and Twilio has told so. */
    async one(): Promise<void> {
      const person = random() < RETURNING ? someone() : known++;
      const call = caller(send, { publicUrl: url, ...account, from: numberOf(person) });
      const habit = pick<readonly string[]>(random, HABITS);
      await timed("the beginning", () => call.begin());
      begun += 1;
      for (const keys of habit.slice(0, MAX_STEPS)) {
        if (call.action() === "") break;
        await timed("an answer", async () => {
          const answer = await call.press(keys);
          // The apology says that nothing was saved.
          return answer.words.includes("Nothing was saved") ? { status: 500 } : answer;
        });
      }
      const over = { CallStatus: "completed", CallDuration: "31", SequenceNumber: "2" };
      await timed("the status", () => call.post("/voice/status", over), 204);
    },
    someNumber: () => numberOf(someone()),
    begun: () => begun,
    webhooks: () => milliseconds.length,
    p99Ms: () =>
      milliseconds.toSorted((one, other) => one - other)[Math.floor(milliseconds.length * 0.99)] ?? 0,
  };
}
