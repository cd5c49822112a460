import type { Act, Caller, Key } from "./caller.ts";

/** A caller who is a person: what they do comes from outside, at any time. */
export type Keypad = {
  caller: Caller;
  press(key: Key): void;
  speak(text: string): void;
  /** Lets the present listening pass at once, without waiting for its time-out. */
  silence(): void;
  /** Goes to the end of the present prompt or pause. */
  skip(): void;
  hangUp(): void;
};

export type KeypadOptions = {
  /** True while prompts pass at once (a clock at infinite speed), so that only listening waits for the person. */
  instant?: () => boolean;
};

/**
 * Joins a person to a call: give `caller` to `placeCall`, with a `pacedClock` whose speed the person may
 * change. What is done while the service thinks is lost, as on a telephone, except hanging up.
 */
export function keypad(options: KeypadOptions = {}): Keypad {
  const instant = options.instant ?? (() => false);
  let answer: ((act: Act | undefined) => void) | undefined;
  let gone = false;

  const act = (what: Act | undefined): void => {
    const waiting = answer;
    answer = undefined;
    waiting?.(what);
  };

  return {
    caller(moment, over) {
      if (gone) return Promise.resolve({ do: "hang-up", afterMs: 0 });
      const waits = moment.kind === "listening" || moment.kind === "recording";
      if (instant() && !waits) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        answer = resolve;
        over.addEventListener("abort", () => act(undefined), { once: true });
      });
    },
    press: (key) => act({ do: "press", key, afterMs: 0 }),
    speak: (text) => act({ do: "speak", text, afterMs: 0 }),
    silence: () => act({ do: "skip", afterMs: 0 }),
    skip: () => act({ do: "skip", afterMs: 0 }),
    hangUp() {
      gone = true;
      act({ do: "hang-up", afterMs: 0 });
    },
  };
}
