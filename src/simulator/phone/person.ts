import type { Act, Caller, Key, Moment } from "../caller.ts";
import { keypad } from "../keypad.ts";

/** Somebody at the page. Each act says whether it was taken: on a telephone, most moments take nothing. */
export type Person = {
  caller: Caller;
  press(key: Key): boolean;
  /** Lets the present question pass unanswered; during a prompt, the question that follows it. */
  silence(): boolean;
  /** Goes to the end of the present prompt. */
  skip(): boolean;
  hangUp(): void;
  /** The pace has changed: the present moment begins anew with what is left of it. */
  wake(): void;
};

export type PersonOptions = { instant: () => boolean; onMoment: (moment: Moment) => void };

export function person({ instant, onMoment }: PersonOptions): Person {
  const phone = keypad({ instant });
  let present: Moment | undefined;
  let wakeUp: () => void = () => undefined;
  let silent = false;

  const caller: Caller = async (moment, over) => {
    if (waits(moment) && silent) {
      silent = false;
      return { do: "skip", afterMs: 0 };
    }
    onMoment(moment);
    const woken = Promise.withResolvers<Act>();
    wakeUp = () => woken.resolve({ do: "wake", afterMs: 0 });
    present = moment;
    const act = await Promise.race([phone.caller(moment, over), woken.promise]);
    present = undefined;
    return act;
  };

  return {
    caller,
    press(key) {
      if (present === undefined) return false;
      silent = false;
      phone.press(key);
      return true;
    },
    silence() {
      if (present === undefined) return false;
      if (waits(present)) phone.silence();
      else silent = true;
      return true;
    },
    skip() {
      if (present === undefined || waits(present)) return false;
      phone.skip();
      return true;
    },
    hangUp() {
      silent = false;
      phone.hangUp();
    },
    wake: () => wakeUp(),
  };
}

function waits({ kind }: Moment): boolean {
  return kind === "listening" || kind === "recording";
}
