import type { Answer, Delivery } from "./exchange.ts";
import type { Nature } from "./nature.ts";
import type { Call } from "./people.ts";
import { isAboutOther, promisedBy, questionAt, type Outcomes, type Promised } from "./promise.ts";
import type { Spoken } from "./speech.ts";
import type { EntryRow, Row, Witness } from "./witness.ts";

/** One key, as the person pressed it, and what the line said to it. */
type Press = {
  readonly call: Call;
  readonly delivery: Delivery;
  readonly outcomes: Outcomes;
  /** What had been heard when it was pressed. */
  readonly heard: ReadonlySet<string>;
};

export type OracleParts = {
  readonly nature: Nature;
  readonly witness: Witness;
  readonly listen: (twiml: string) => Spoken;
  readonly breach: (law: string, what: string) => void;
};

const SAYS_RECORDED: ReadonlySet<string | null> = new Set([
  "granted",
  "refused",
  "pending",
  "changed",
  "revoked",
]);

/** Twilio ends a call then, and the line does so by itself. */
const LONGEST_CALL_MS = 4 * 60 * 60 * 1000;
const A_MINUTE_MS = 60_000;

/** Remembers every key and every answer, and holds the ledger against them. */
export function callOracle({ nature, witness, listen, breach }: OracleParts) {
  const presses = new Map<Delivery, Press>();
  const firstAnswers = new Map<Delivery, Answer>();
  const saidSorry = new Set<Delivery>();
  /** What stood on the disk when the key was answered first, and stands there for good. */
  const settled = new Map<Delivery, string>();

  /** Laws 1 and 3: no entry but by this key, at this question, after the notice in this language. */
  function entriesOf({ call, delivery }: Press): readonly EntryRow[] {
    const { name, attempt } = questionAt(delivery.path);
    return witness.entriesOf(call.business.id, call.sid, name, attempt);
  }

  function agrees(press: Press, entries: readonly EntryRow[], outcome: readonly Promised[]): boolean {
    const { call, delivery } = press;
    const other = new URL(delivery.path, "https://line.test").searchParams.get("number");
    const row: Row | undefined = witness.one("SELECT * FROM call WHERE call_sid = ?", call.sid);
    return (
      entries.length === outcome.length &&
      outcome.every(({ kind, topics, who }, place) => {
        const entry = entries[place];
        if (entry === undefined || entry.kind !== kind || entry.topics.length === 0) return false;
        const known = topics ?? call.business.topics.map(({ id }) => id);
        const same = topics === null || entry.topics.length === topics.length;
        const whose = who === "other" && isAboutOther(delivery.path) ? other : row?.["subscriber_id"];
        return same && entry.topics.every((topic) => known.includes(topic)) && entry.subscriberId === whose;
      })
    );
  }

  function tell(press: Press, entries: readonly EntryRow[]): string {
    const { call, delivery } = press;
    const kinds = entries.map(({ kind, topics }) => `${kind} ${topics.join("+")}`).join(", ") || "nothing";
    const wanted = press.outcomes.map((outcome) => outcome.map(({ kind }) => kind).join("+") || "nothing");
    return `${call.sid} at ${delivery.path}, key ${delivery.fields["Digits"]}: ${kinds}, not ${wanted.join(" or ")}`;
  }

  return {
    pressed(call: Call, delivery: Delivery): void {
      const { business, isWithheld, number, person } = call;
      const digits = delivery.fields["CallStatus"] === "completed" ? "" : (delivery.fields["Digits"] ?? "");
      const isOwnNumber = !isWithheld && number === person.number;
      const outcomes = promisedBy({ business, path: delivery.path, digits, isWithheld, isOwnNumber });
      presses.set(delivery, {
        call,
        delivery,
        outcomes,
        heard: new Set(call.heard),
      });
    },

    /** The line has answered: what it says is so must be on the disk by now. */
    answered(delivery: Delivery, answer: Answer): void {
      if (delivery.kind !== "voice") return;
      if (answer.status !== 200) breach("2", `a webhook of a call is answered with HTTP ${answer.status}`);
      const { ending, notices } = listen(answer.body);
      if (ending === "sorry") {
        saidSorry.add(delivery);
        return;
      }
      const first = firstAnswers.get(delivery);
      if (first === undefined) firstAnswers.set(delivery, answer);
      else if (first.body !== answer.body)
        breach("4", `a repeated webhook is answered otherwise at ${delivery.path}`);
      const press = presses.get(delivery);
      if (press === undefined) {
        if (SAYS_RECORDED.has(ending)) breach("2", `a call that begins hears "${ending}"`);
        return;
      }
      const entries = entriesOf(press);
      if (SAYS_RECORDED.has(ending) && entries.length === 0 && !isLateEnding(press))
        breach("2", `"${ending}" is said, and nothing is on the disk: ${tell(press, entries)}`);
      if (first === undefined) settled.set(delivery, idsOf(entries));
      const outcomes = mayBeOver(press.call) ? [...press.outcomes, []] : press.outcomes;
      if (!outcomes.some((outcome) => agrees(press, entries, outcome)))
        breach("2", `what was answered is not what is on the disk: ${tell(press, entries)}`);
      if (notices.length > 1) breach("3", `the notice is spoken in ${notices.join(" and ")}`);
    },

    /** At the end, when nothing is under way any more. */
    check(entries: readonly EntryRow[]): void {
      const pressed = new Map<string, Press>();
      for (const press of presses.values()) {
        const { name, attempt } = questionAt(press.delivery.path);
        pressed.set(`${press.call.sid} ${name} ${attempt}`, press);
        checkPress(press);
      }
      for (const entry of entries) {
        if (entry.source !== "call") continue;
        const press = pressed.get(`${entry.sourceId} ${entry.step} ${entry.attempt}`);
        if (press === undefined) {
          breach("1", `${entry.kind} of ${entry.sourceId} at ${entry.step}: nobody pressed a key there`);
          continue;
        }
        const isAsked = entry.kind === "granted" || entry.kind === "pending";
        if (isAsked && !press.heard.has(entry.locale))
          breach("3", `${entry.kind} of ${entry.sourceId}: the notice was not heard in ${entry.locale}`);
        if (isAsked && entry.key !== "1") breach("1", `${entry.kind} by the key ${entry.key}`);
        if (entry.simulated !== (press.call.world === "simulated"))
          breach("6", `an entry of ${entry.sourceId} is in the other world`);
      }
    },
  };

  function checkPress(press: Press): void {
    const { delivery, outcomes } = press;
    const entries = entriesOf(press);
    const answered = settled.get(delivery);
    if (answered !== undefined && answered !== idsOf(entries))
      breach("5", `what was answered is no longer there, or there is more: ${tell(press, entries)}`);
    if (![...outcomes, []].some((outcome) => agrees(press, entries, outcome)))
      breach("1", `nobody was answered, and there is ${tell(press, entries)}`);
    if (saidSorry.has(delivery) && delivery.sent === 1 && entries.length > 0)
      breach("2", `"Nothing was saved" is said, and it was: ${tell(press, entries)}`);
  }

  /** The word that the call is over may have come first, or the line's sweep: then the key brings nothing. */
  function mayBeOver({ isOver, begunAt }: Call): boolean {
    return isOver || nature.trueNow() - begunAt > LONGEST_CALL_MS - A_MINUTE_MS;
  }

  /** Three silences after a yes end in the words for what was agreed to before. */
  function isLateEnding({ delivery }: Press): boolean {
    return delivery.path.includes("agreed=");
  }
}

function idsOf(entries: readonly EntryRow[]): string {
  return entries.map(({ id }) => id).join(" ");
}
