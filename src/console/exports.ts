import { csvLine, type Value } from "../ledger/export-csv.ts";

/** Forms in which a list leaves the console. Numbers are masked in both: a file has no access log of its own. */
export const FORMATS = ["csv", "ndjson"] as const;
export type Format = (typeof FORMATS)[number];

export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  ndjson: "application/x-ndjson; charset=utf-8",
};

/** What a list says of each row, by name, in order. */
export type Columns<Row> = Readonly<Record<string, (row: Row) => Value>>;

/** Rows in one piece of the stream; between pieces, webhooks have their turn. */
const ROWS_A_PIECE = 200;

/** The rows as a stream that is read no faster than it is sent, so that memory stays flat. */
export function exportStream<Row>(
  rows: AsyncIterable<Row>,
  columns: Columns<Row>,
  format: Format,
): ReadableStream<Uint8Array> {
  const pieces = piecesOf(rows, columns, format);
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

/** Every row of a list that comes in pages; a page is read when the ones before it are sent. */
export async function* allRows<Row, Place>(
  read: (from: Place | null) => Promise<{ readonly rows: readonly Row[]; readonly next: Place | null }>,
): AsyncGenerator<Row, void, undefined> {
  let from: Place | null = null;
  do {
    const page = await read(from);
    yield* page.rows;
    from = page.next;
  } while (from !== null);
}

async function* piecesOf<Row>(
  rows: AsyncIterable<Row>,
  columns: Columns<Row>,
  format: Format,
): AsyncGenerator<string, void, undefined> {
  const named = Object.entries(columns);
  let piece = format === "csv" ? csvLine(named.map(([name]) => name)) : "";
  let count = 0;
  for await (const row of rows) {
    const values = named.map(([name, valueOf]) => [name, valueOf(row)] as const);
    piece +=
      format === "csv"
        ? csvLine(values.map(([, value]) => value))
        : `${JSON.stringify(Object.fromEntries(values))}\n`;
    if (++count % ROWS_A_PIECE > 0) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}
