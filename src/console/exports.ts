import { mask } from "../call/phone-number.ts";
import type { CallRow } from "../ledger/reading.ts";

/** Forms in which a list leaves the console. Numbers are masked in both: a file has no access log of its own. */
export const FORMATS = ["csv", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  ndjson: "application/x-ndjson; charset=utf-8",
};

/** Rows in one piece of the stream; between pieces, webhooks have their turn. */
const ROWS_A_PIECE = 200;

const COLUMNS = [
  "begun_at",
  "business",
  "call_sid",
  "reference",
  "outcome",
  "caller",
  "subscriber",
  "direction",
  "status",
  "duration_seconds",
  "locale",
  "jurisdiction",
  "attestation",
  "script",
  "simulated",
] as const;

/** The rows as a stream that is read no faster than it is sent, so that memory stays flat. */
export function exportStream(rows: AsyncIterable<CallRow>, format: Format): ReadableStream<Uint8Array> {
  const pieces = piecesOf(rows, format);
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve));
        const { done, value } = await pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 1 },
  );
}

/**
 * A cell that a spreadsheet will not run (OWASP ASVS 1.2.10): always in quotes, and what could begin a formula has an
 * apostrophe before it.
 */
export function cell(value: string | number | boolean | null): string {
  const text = String(value ?? "").replaceAll("\0", "");
  const safe = /^[=+\-@\t\r\n＝＋－＠]/u.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

async function* piecesOf(
  rows: AsyncIterable<CallRow>,
  format: Format,
): AsyncGenerator<string, void, undefined> {
  let piece = format === "csv" ? `${COLUMNS.map(cell).join(",")}\r\n` : "";
  let count = 0;
  for await (const row of rows) {
    const values = valuesOf(row);
    piece +=
      format === "csv"
        ? `${COLUMNS.map((column) => cell(values[column])).join(",")}\r\n`
        : `${JSON.stringify(values)}\n`;
    if (++count % ROWS_A_PIECE > 0) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

function valuesOf(row: CallRow): Record<(typeof COLUMNS)[number], string | number | boolean | null> {
  return {
    begun_at: new Date(row.begunAt).toISOString(),
    business: row.businessId,
    call_sid: row.callSid,
    reference: row.reference,
    outcome: row.outcome,
    caller: row.caller === null ? null : mask(row.caller),
    subscriber: row.subscriberId,
    direction: row.direction,
    status: row.status,
    duration_seconds: row.durationSeconds,
    locale: row.locale,
    jurisdiction: row.jurisdiction,
    attestation: row.attestation,
    script: row.script,
    simulated: row.simulated,
  };
}
