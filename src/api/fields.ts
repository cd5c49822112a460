import { z } from "@hono/zod-openapi";
import { holdsNumber } from "../call/phone-number.ts";

/** What stands in requests and in answers alike. */

const E164_FORM = /^\+[1-9]\d{6,14}$/;
/** As the business file has it. */
const ID_FORM = /^[a-z0-9][a-z0-9-]{0,62}$/;

const ID_FAULT = "must be lower-case letters, digits and hyphens";

export const number = z
  .string()
  .regex(E164_FORM, { error: "must be E.164: +, country code, number", abort: true })
  .openapi({ description: "A telephone number in E.164.", example: "+14155550123" });

export const businessId = z
  .string()
  .regex(ID_FORM, ID_FAULT)
  .openapi({ description: "The id of a business, as in the business file.", example: "acme-dental" });

export const topicId = z
  .string()
  .regex(ID_FORM, { error: ID_FAULT, abort: true })
  // It is kept, also where it is no topic of ours.
  .refine((text) => !holdsNumber(text), "is not a topic's id")
  .openapi({ description: "The id of a topic of the business.", example: "appointment-reminders" });

export const entryId = z
  .uuid()
  .openapi({ description: "An entry's id.", example: "019ab2c0-7d1e-7c3a-9a51-3c2f6d0f9b11" });

export const time = z.iso
  .datetime({ offset: true })
  .openapi({ description: "RFC 3339.", example: "2026-11-23T09:00:00Z" });
