import { MAX_ADDRESS, mistakesInWords, type Mistake } from "../address.ts";
import { CONTENT_TYPES, exportStream, FORMATS, type Columns } from "../exports.ts";
import { readForm } from "../form.ts";
import { page, type Place } from "../pages/layout.ts";
import { problemPage } from "../pages/problem.ts";
import { logAccess, type ConsoleContext, type ConsoleParts } from "../parts.ts";

/** A list that may leave as a file, as its page shows it. */
export type ExportedList<Row> = {
  /** What the file and the access log call it. */
  readonly name: string;
  readonly place: Place;
  readonly columns: Columns<Row>;
  /** Of the address; where there are any, nothing leaves. */
  readonly mistakes: readonly Mistake[];
  /** What the address asks for, as the access log keeps it. */
  readonly address: string;
  readonly businessId: string | undefined;
  readonly rows: () => AsyncIterable<Row>;
};

/** Answers with the whole list, page by page, in the format that the path names. It is on record before it leaves. */
export async function exportList<Row>(
  c: ConsoleContext,
  parts: ConsoleParts,
  { name, place, columns, mistakes, address, businessId, rows }: ExportedList<Row>,
): Promise<Response> {
  const format = FORMATS.find((each) => each === c.req.param("format"));
  if (format === undefined) return c.notFound();
  if (mistakes.length > 0) {
    const body = problemPage("Nothing was exported", mistakesInWords(mistakes));
    return c.html(page(c, parts, { title: "Export", place, body }), 400);
  }
  await logAccess(parts, c, {
    action: "exported",
    detail: `${name} as ${format}${address === "" ? "" : `, ${address}`}`,
    businessId: businessId ?? null,
  });
  const day = new Date(parts.now()).toISOString().slice(0, 10);
  return c.body(exportStream(rows(), columns, format), 200, {
    "Content-Type": CONTENT_TYPES[format],
    "Content-Disposition": `attachment; filename="${name}-${day}.${format}"`,
  });
}

/** The address that a list's form carries along; one character too many, where it is too long. */
export async function carriedQuery(c: ConsoleContext): Promise<string> {
  return (await readForm(c)).text("query", MAX_ADDRESS + 1);
}
