import { mask } from "../call/phone-number.ts";
import type { CallRow } from "./reading.ts";
import type { recordOf } from "./record.ts";

/**
 * Lists as CSV (RFC 4180: CRLF, quotes doubled), safe to open in a spreadsheet: a cell that a program could take for
 * a formula gets an apostrophe in front (OWASP ASVS 5.0, 1.2.10; every E.164 number is such a cell).
 */
export type Column<Row> = {
  readonly name: string;
  readonly value: (row: Row) => string | number | boolean | null;
};

export type CsvOptions = {
  /** Numbers in clear; the reader's right to them was checked, and the export stands in the access log. */
  readonly revealed?: boolean;
};

/** What spreadsheets take for the start of a formula, also where blanks stand before it. */
const FORMULA = /^[\s\0]*[=+\-@\t\r\0]/;
const NEEDS_QUOTES = /[",\r\n]/;

/** Call rows, a line each, after a header. */
export function callsCsv(
  rows: AsyncIterable<CallRow>,
  { revealed = false }: CsvOptions = {},
): AsyncGenerator<string> {
  return csv(rows, callColumns(revealed));
}

/** Records as outsiders get them, a line each, after a header; their numbers are masked already. */
export function recordsCsv(rows: AsyncIterable<ConsentRecord>): AsyncGenerator<string> {
  return csv(rows, RECORD_COLUMNS);
}

export async function* csv<Row>(
  rows: AsyncIterable<Row>,
  columns: readonly Column<Row>[],
): AsyncGenerator<string> {
  yield lineOf(columns.map(({ name }) => name));
  for await (const row of rows) yield lineOf(columns.map(({ value }) => value(row)));
}

/** One cell, neutralised and quoted as far as it needs to be. Numbers and truth values are what they are. */
export function cell(value: string | number | boolean | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

type ConsentRecord = ReturnType<typeof recordOf>;

function lineOf(values: readonly (string | number | boolean | null)[]): string {
  return `${values.map(cell).join(",")}\r\n`;
}

function callColumns(revealed: boolean): readonly Column<CallRow>[] {
  return [
    { name: "begun", value: ({ begunAt }) => iso(begunAt) },
    { name: "ended", value: ({ endedAt }) => (endedAt === null ? null : iso(endedAt)) },
    { name: "duration_seconds", value: ({ durationSeconds }) => durationSeconds },
    { name: "business", value: ({ businessId }) => businessId },
    { name: "reference", value: ({ reference }) => reference },
    { name: "call_sid", value: ({ callSid }) => callSid },
    { name: "caller", value: ({ caller }) => (caller === null || revealed ? caller : mask(caller)) },
    { name: "subscriber", value: ({ subscriberId }) => subscriberId },
    { name: "outcome", value: ({ outcome }) => outcome },
    { name: "status", value: ({ status }) => status },
    { name: "direction", value: ({ direction }) => direction },
    { name: "attestation", value: ({ attestation }) => attestation },
    { name: "locale", value: ({ locale }) => locale },
    { name: "jurisdiction", value: ({ jurisdiction }) => jurisdiction },
    { name: "script", value: ({ script }) => script },
    { name: "simulated", value: ({ simulated }) => simulated },
  ];
}

const RECORD_COLUMNS: readonly Column<ConsentRecord>[] = [
  { name: "sequence", value: ({ sequence }) => sequence },
  { name: "record", value: ({ recordId }) => recordId },
  { name: "kind", value: ({ kind }) => kind },
  { name: "state", value: ({ eventState }) => eventState },
  { name: "time", value: ({ eventTime }) => eventTime },
  { name: "business", value: ({ controller }) => controller.id },
  { name: "subscriber", value: ({ subject }) => subject.pseudonym },
  { name: "number", value: ({ subject }) => subject.number },
  { name: "topics", value: ({ topics }) => topics.map(({ id }) => id).join(" ") },
  { name: "jurisdiction", value: ({ jurisdiction }) => jurisdiction },
  { name: "locale", value: ({ locale }) => locale },
  { name: "script", value: ({ script }) => script },
  { name: "notice_sha256", value: ({ notice }) => notice?.sha256 ?? null },
  { name: "notice_served", value: ({ notice }) => notice?.servedAt ?? null },
  { name: "method", value: ({ collectionMethod }) => collectionMethod },
  { name: "call_sid", value: ({ call }) => call?.sid ?? null },
  { name: "attestation", value: ({ attestation }) => attestation },
  { name: "key", value: ({ key }) => key?.pressed ?? null },
  { name: "reason", value: ({ reason }) => reason },
  { name: "commitment", value: ({ subject }) => subject.commitment },
  { name: "simulated", value: ({ simulated }) => simulated },
];

function iso(at: number): string {
  return new Date(at).toISOString();
}
