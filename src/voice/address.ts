import { z } from "zod";
import { MAX_ATTEMPTS, STEPS, type Question, type Step } from "../call/flow.ts";
import type { Locale } from "../call/business.ts";

/**
 * The address of an answer: `/voice/SCRIPT/LOCALE/STEP?try=N`. All that the next webhook must know stands in it, and
 * Twilio signs it; so there is no session, and a deploy in mid-call cannot mix scripts.
 */
export type Address = {
  readonly script: string;
  readonly locale: Locale;
  readonly step: Step;
  readonly attempt: number;
  readonly topic: string | null;
  readonly agreed: readonly string[];
  /** Law 10: the other number's subscriber id, for a number never stands in a URL. */
  readonly subscriberId: string | null;
  readonly change: boolean;
  /** Of an agent's call, whose line is not the business's. */
  readonly businessId: string | null;
};

const query = z.object({
  try: z.coerce.number().int().min(1).max(MAX_ATTEMPTS).default(1),
  topic: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/)
    .optional(),
  agreed: z
    .string()
    .regex(/^[a-z0-9-]+(?:,[a-z0-9-]+)*$/)
    .optional(),
  number: z.uuid().optional(),
  change: z.literal("yes").optional(),
  business: z.string().max(63).optional(),
});

/** Path and query of the address at which the question's answer is awaited. */
export function addressOf(
  script: string,
  locale: Locale,
  question: Question,
  subscriberId: string | null,
  businessId: string | null,
): string {
  const parameters = new URLSearchParams({ try: String(question.attempt) });
  if (question.step === "topic") {
    parameters.set("topic", question.topic);
    if (question.agreed.length > 0) parameters.set("agreed", question.agreed.join(","));
  }
  if ("change" in question && question.change) parameters.set("change", "yes");
  if (subscriberId !== null) parameters.set("number", subscriberId);
  if (businessId !== null) parameters.set("business", businessId);
  return `/voice/${script}/${locale}/${question.step}?${parameters.toString()}`;
}

/** The question that is answered there, as `nameOf` names it, also where it cannot be asked any more. */
export function askedAt({ step, topic, subscriberId, attempt }: Address): { step: string; attempt: number } {
  const named =
    step === "topic" ? `topic:${topic ?? ""}${subscriberId === null ? "" : ":other-number"}` : step;
  return { step: named, attempt };
}

/** Reads an address. @returns null where it is none of ours */
export function parseAddress(
  path: { readonly script: string; readonly locale: string; readonly step: string },
  parameters: Readonly<Record<string, string>>,
): Address | null {
  const step = STEPS.find((name) => name === path.step);
  const parsed = query.safeParse(parameters);
  if (step === undefined || !parsed.success) return null;
  const { try: attempt, topic, agreed, number, change, business } = parsed.data;
  return {
    script: path.script,
    locale: path.locale as Locale,
    step,
    attempt,
    topic: topic ?? null,
    agreed: agreed?.split(",") ?? [],
    subscriberId: number ?? null,
    change: change === "yes",
    businessId: business ?? null,
  };
}
