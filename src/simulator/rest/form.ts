import type { Context } from "hono";
import { refusal, refusalBody, type Refusal } from "./refusal.ts";

/** The fields of a POST as Twilio takes them; null for what is no form. */
export async function formOf(c: Context): Promise<URLSearchParams | null> {
  const type = c.req.header("Content-Type") ?? "";
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/iu.test(type)) return null;
  return new URLSearchParams(await c.req.text());
}

export const NO_FORM: Refusal = refusal(415, 20_415, "Send application/x-www-form-urlencoded");
export const NOT_FOUND: Refusal = refusal(404, 20_404, "The requested resource was not found");

export function refuse(c: Context, refused: Refusal): Response {
  const headers: Record<string, string> = refused.status === 429 ? { "Retry-After": "1" } : {};
  return c.json(refusalBody(refused), { status: refused.status as 400, headers });
}

/** E.164, as Twilio checks it before it sends anything. */
export function isNumber(text: string): boolean {
  return /^\+[1-9]\d{6,14}$/u.test(text);
}

/** Twilio's address of a number on WhatsApp. */
export function isWhatsApp(text: string): boolean {
  return text.startsWith("whatsapp:") && isNumber(text.slice("whatsapp:".length));
}
