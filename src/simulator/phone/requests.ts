import { z } from "zod";
import { keys } from "../caller.ts";

/** What the page may ask of the phone, as JSON. What is wrong is said in one sentence. */

/** What a carrier says of the caller's number, and how Twilio writes it in StirVerstat. */
export const attestations = {
  A: "TN-Validation-Passed-A",
  B: "TN-Validation-Passed-B",
  C: "TN-Validation-Passed-C",
  failed: "TN-Validation-Failed",
  none: undefined,
} as const;

/** Call seconds for each real second; at `instant` only listening waits for the person. */
export const paces = { "1": 1, "4": 4, instant: Infinity } as const;
export type Pace = keyof typeof paces;

const attestation = z.enum(Object.keys(attestations) as (keyof typeof attestations)[], {
  error: `attestation is one of ${Object.keys(attestations).join(", ")}`,
});
const pace = z.enum(Object.keys(paces) as Pace[], {
  error: `pace is one of ${Object.keys(paces).join(", ")}`,
});

/** Anything that a carrier may send, so that odd numbers can be tried too; but printable, and short. */
const caller = z
  .string({ error: "caller is a number, such as +14155550123, or withheld" })
  .transform((text) => text.replace(/[ \u00A0().-]/gu, ""))
  .pipe(
    z
      .string()
      .regex(/^[+\w@:;]{1,40}$/u, "caller is a number, such as +14155550123, or withheld; 40 characters"),
  );

export type PlacingRequest = z.output<ReturnType<typeof placingRequest>>;

export function placingRequest(lines: readonly string[]) {
  return z.strictObject({
    line: z
      .string()
      .refine((line) => lines.includes(line), "line is none of the lines that this phone can call"),
    caller,
    attestation,
    pace,
  });
}

export type ActionRequest = z.output<typeof actionRequest>;

export const actionRequest = z.discriminatedUnion(
  "do",
  [
    z.strictObject({ do: z.literal("press"), key: z.enum(keys, { error: "key is one of 0-9, * and #" }) }),
    z.strictObject({ do: z.literal("silence") }),
    z.strictObject({ do: z.literal("skip") }),
    z.strictObject({ do: z.literal("hang-up") }),
    z.strictObject({ do: z.literal("pace"), pace }),
  ],
  { error: "do is one of press, silence, skip, hang-up, pace" },
);
