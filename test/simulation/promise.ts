import type { Business } from "../../src/call/business.ts";
import type { EntryKind } from "../../src/call/consent.ts";

/**
 * What one key must bring about, told from the address of the question and from the business file: the README's account
 * of a call, written a second time and apart from the line's own.
 */
export type Promised = {
  readonly kind: EntryKind;
  /** Null: some of them, whatever stood. */
  readonly topics: readonly string[] | null;
  /** The caller's own number, or the one that was keyed in. */
  readonly who: "caller" | "other";
};

/** Several outcomes where it depends on what stood at that moment. */
export type Outcomes = readonly (readonly Promised[])[];

export type Pressed = {
  readonly business: Business;
  /** Of the question. */
  readonly path: string;
  readonly digits: string;
  readonly isWithheld: boolean;
  /** The number that was read back is the caller's own. */
  readonly isOwnNumber: boolean;
};

const NOTHING: Outcomes = [[]];

export function promisedBy({ business, path, digits, isWithheld, isOwnNumber }: Pressed): Outcomes {
  const { step, change, topic } = questionAt(path);
  const all = business.topics.map(({ id }) => id);
  const forOther = isOwnNumber
    ? ({ kind: "granted", who: "caller" } as const)
    : ({ kind: "pending", who: "other" } as const);
  switch (`${step} ${digits}`) {
    case "choice 1":
      return [[{ kind: "granted", topics: all, who: "caller" }]];
    case "choice 2":
      return [[{ kind: "refused", topics: all, who: "caller" }]];
    case "topic 1":
      return isAboutOther(path)
        ? [[{ ...forOther, topics: [topic] }]]
        : [[{ kind: "granted", topics: [topic], who: "caller" }]];
    case "topic 2":
      return isAboutOther(path) && !isOwnNumber
        ? NOTHING
        : [[{ kind: "refused", topics: [topic], who: "caller" }]];
    case "other-number 2":
      return change || isWithheld ? NOTHING : [[{ kind: "refused", topics: all, who: "caller" }]];
    case "confirm-number 1":
      if (!change) return business.ask === "each" ? NOTHING : [[{ ...forOther, topics: all }]];
      return isOwnNumber
        ? NOTHING
        : [
            [],
            [
              { kind: "revoked", topics: null, who: "caller" },
              { kind: "pending", topics: null, who: "other" },
            ],
          ];
    case "welcome-back 2":
      return [[{ kind: "revoked", topics: null, who: "caller" }]];
    default:
      return NOTHING;
  }
}

/** The question that waits at an address, and the name under which its answer is kept. */
export function questionAt(path: string) {
  const url = new URL(path, "https://line.test");
  const step = url.pathname.split("/")[4] ?? "begin";
  const topic = url.searchParams.get("topic") ?? "";
  const name = step === "topic" ? `topic:${topic}${isAboutOther(path) ? ":other-number" : ""}` : step;
  const attempt = Number(url.searchParams.get("try") ?? "1");
  return { step, topic, name, attempt, change: url.searchParams.get("change") === "yes" };
}

export function isAboutOther(path: string): boolean {
  return path.includes("number=");
}
