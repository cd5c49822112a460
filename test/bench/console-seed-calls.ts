import type { E164 } from "../../src/call/phone-number.ts";
import type { CallOutcome } from "../../src/ledger/reading.ts";

/** One invented call, before it is written down. */
export type Invented = {
  readonly business: SeededBusiness;
  readonly person: number;
  readonly callSid: string;
  readonly outcome: CallOutcome;
  readonly locale: string;
  readonly direction: "inbound" | "outbound";
  readonly attestation: string;
  readonly simulated: boolean;
  readonly begunAt: number;
  readonly durationSeconds: number;
};

export type SeededBusiness = {
  readonly id: string;
  readonly line: E164;
  readonly locales: readonly string[];
  readonly jurisdiction: string;
  readonly topics: readonly string[];
};

/** The demo's businesses, so that the console shows a seeded file as its own. */
export const BUSINESSES: readonly SeededBusiness[] = [
  {
    id: "acme-dental",
    line: "+14155550100",
    locales: ["en-US"],
    jurisdiction: "US",
    topics: ["appointment-reminders", "policy-updates"],
  },
  {
    id: "hotel-miramar",
    line: "+34915550100",
    locales: ["es-ES", "en-US", "fr-FR", "de-DE"],
    jurisdiction: "EU",
    topics: ["reservation-updates", "offers"],
  },
];

const OUTCOMES: Weighted<CallOutcome> = [
  ["granted", 62],
  ["refused", 12],
  ["hung-up", 11],
  ["no-answer", 5],
  ["unchanged", 4],
  ["pending", 3],
  ["revoked", 2],
  ["agent", 1],
];
const ATTESTATIONS: Weighted<string> = [
  ["passed-A", 60],
  ["unverified", 25],
  ["passed-B", 8],
  ["passed-C", 4],
  ["failed", 2],
  ["failed-A", 1],
];
const SIMULATED_OF_100 = 3;
const OUTBOUND_OF_100 = 10;

type Weighted<T> = readonly (readonly [T, number])[];
export type Random = () => number;

/** The same calls for the same seed (mulberry32). */
export function randomness(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function inventNumber(business: SeededBusiness, person: number, random: Random): E164 {
  return business.id === "acme-dental"
    ? `+1415${String(2_000_000 + person).padStart(7, "0")}`
    : `+346${String(Math.floor(random() * 10)).padStart(1, "0")}${String(person).padStart(7, "0")}`;
}

export function inventCall(random: Random, people: number, begunAt: number): Invented {
  const business = pick(random, [
    [BUSINESSES[0] as SeededBusiness, 60],
    [BUSINESSES[1] as SeededBusiness, 40],
  ]);
  return {
    business,
    person: Math.floor(random() * people),
    callSid: `CA${hex(random, 32)}`,
    outcome: pick(random, OUTCOMES),
    locale: pick(
      random,
      business.locales.map((locale, index) => [locale, index === 0 ? 6 : 2]),
    ),
    direction: random() * 100 < OUTBOUND_OF_100 ? "outbound" : "inbound",
    attestation: pick(random, ATTESTATIONS),
    simulated: random() * 100 < SIMULATED_OF_100,
    begunAt,
    durationSeconds: 15 + Math.floor(random() ** 3 * 300),
  };
}

function pick<T>(random: Random, choices: Weighted<T>): T {
  let left = random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [choice, weight] of choices) {
    left -= weight;
    if (left < 0) return choice;
  }
  return (choices[0] as readonly [T, number])[0];
}

function hex(random: Random, length: number): string {
  let text = "";
  while (text.length < length)
    text += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return text.slice(0, length);
}
