import { parseForm, type Fields } from "../../src/twilio/fields.ts";

/** The fields of every webhook of a call, as Twilio sends them. */
export const CALL: Readonly<Record<string, string>> = {
  AccountSid: `AC${"0123456789abcdef".repeat(2)}`,
  ApiVersion: "2010-04-01",
  CallSid: `CA${"0123456789abcdef".repeat(2)}`,
  CallStatus: "in-progress",
  Direction: "inbound",
  From: "+14155550123",
  To: "+14155550100",
};

/** Form-urlencoded, as a body. */
export function body(fields: Readonly<Record<string, string>> | string): string {
  return typeof fields === "string" ? fields : new URLSearchParams(fields).toString();
}

/** A form as its fields; an undefined value leaves a field of CALL out. */
export function form(changes: Readonly<Record<string, string | undefined>> = {}): Fields {
  const all = Object.entries({ ...CALL, ...changes }).filter(([, value]) => value !== undefined);
  const fields = parseForm(body(Object.fromEntries(all) as Record<string, string>));
  if (fields === null) throw new Error("The form is not well-formed.");
  return fields;
}
