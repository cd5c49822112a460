import type { recordOf } from "./record.ts";

/**
 * Lists as CSV (RFC 4180: CRLF, quotes doubled), safe to open in a spreadsheet: a cell that a program could take for
 * a formula gets an apostrophe in front (OWASP ASVS 5.0, 1.2.10; every E.164 number is such a cell).
 */
export type Column<Row> = { readonly name: string; readonly value: (row: Row) => Value };
export type Value = string | number | boolean | null;

/** What spreadsheets take for the start of a formula, also where blanks stand before it. */
const FORMULA = /^[\s\0]*[=+\-@＝＋－＠\t\r\0]/u;

/** Records as outsiders get them, a line each, after a header; their numbers are masked already. */
export function recordsCsv(rows: AsyncIterable<ConsentRecord>): AsyncGenerator<string> {
  return csv(rows, RECORD_COLUMNS);
}

export async function* csv<Row>(
  rows: AsyncIterable<Row>,
  columns: readonly Column<Row>[],
): AsyncGenerator<string> {
  yield csvLine(columns.map(({ name }) => name));
  for await (const row of rows) yield csvLine(columns.map(({ value }) => value(row)));
}

/** One line of cells. */
export function csvLine(values: readonly Value[]): string {
  return `${values.map(cell).join(",")}\r\n`;
}

/** Text in quotes, always: a program that parts cells at a semicolon must not find a formula behind one. */
export function cell(value: Value): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return `"${safe.replaceAll('"', '""')}"`;
}

type ConsentRecord = ReturnType<typeof recordOf>;

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
