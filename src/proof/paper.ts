import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { sfntOf } from "./sfnt.ts";

/** A page of A4 for people: text of any script that we have letters for, tagged, so that it can be read aloud. */
export type Paper = {
  heading(text: string, level: 1 | 2): void;
  paragraph(text: string, options?: { readonly bold?: boolean; readonly small?: boolean }): void;
  /** Verbatim words in a language (BCP 47). */
  quote(text: string, lang: string): void;
  /** A term and what is said of it, a row each. */
  facts(rows: readonly (readonly [term: string, value: string])[]): void;
  /** A file inside of the file. */
  attach(name: string, content: string, description: string): void;
  /** Characters that none of the fonts has; each stands as [U+…]. */
  readonly missing: ReadonlySet<string>;
  /** The whole file: the same for the same words. */
  end(): Promise<Uint8Array>;
};

export type PaperOptions = {
  readonly title: string;
  readonly subject: string;
  readonly author: string;
  /** Milliseconds since 1970: the file's own time, so that the same words make the same bytes. */
  readonly at: number;
};

const MARGIN = 56;
/** So much of a page's end is kept for its foot. */
const FOOT = 30;
const TERM_WIDTH = 118;
const SIZES = { 1: 20, 2: 13, text: 10, small: 8 } as const;

/** From a line's top to where its letters stand, in sizes of the font: Noto Sans's own. */
const ASCENT = 1.069;

/** Fonts by what they can write; the first that has a character writes it. */
const SUBSETS = [
  "noto-sans/files/noto-sans-latin",
  "noto-sans/files/noto-sans-latin-ext",
  "noto-sans/files/noto-sans-vietnamese",
  "noto-sans/files/noto-sans-greek",
  "noto-sans/files/noto-sans-cyrillic",
  "noto-sans/files/noto-sans-cyrillic-ext",
  "noto-sans-devanagari/files/noto-sans-devanagari-devanagari",
] as const;
const WEIGHTS = { regular: 400, bold: 700 } as const;
type Weight = keyof typeof WEIGHTS;

/** The library is loaded here, and nowhere else, because it takes longer than a call may wait. */
export async function openPaper({ title, subject, author, at }: PaperOptions): Promise<Paper> {
  const { default: PDFDocument } = await import("pdfkit");
  const created = new Date(at);
  const document = new PDFDocument({
    size: "A4",
    margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: MARGIN + FOOT },
    pdfVersion: "1.7",
    lang: "en",
    tagged: true,
    displayTitle: true,
    bufferPages: true,
    info: {
      Title: title,
      Subject: subject,
      Author: author,
      Creator: "Yesline",
      CreationDate: created,
      ModDate: created,
    },
  });
  const chunks: Buffer[] = [];
  document.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<Uint8Array>((resolve, reject) => {
    document.on("end", () => resolve(Buffer.concat(chunks)));
    document.on("error", reject);
  });
  const whole = document.struct("Document");
  document.addStructure(whole);
  const write = writer(document);
  const width = document.page.width - 2 * MARGIN;

  /** One element of the text's structure, as whoever listens to it gets it. */
  function element(tag: string, act: () => void, options: object = {}, parent = whole): void {
    const made = document.struct(tag, options, act);
    parent.add(made);
    made.end();
  }

  /** Begins a page where so much would not fit on this one. */
  function reserve(height: number): void {
    if (document.y + height > document.page.maxY()) document.addPage();
  }

  return {
    missing: write.missing,
    heading(text, level) {
      reserve(4 * SIZES[level]);
      if (level === 2) document.moveDown(0.6);
      element(`H${level}`, () => write.text(text, { weight: "bold", size: SIZES[level], width }));
      document.moveDown(0.3);
    },
    paragraph(text, { bold = false, small = false } = {}) {
      const style = { weight: bold ? "bold" : "regular", size: small ? SIZES.small : SIZES.text } as const;
      element("P", () => write.text(text, { ...style, width }));
      document.moveDown(0.4);
    },
    quote(text, lang) {
      const indent = 12;
      element(
        "BlockQuote",
        () =>
          write.text(text, {
            weight: "regular",
            size: SIZES.text,
            width: width - indent,
            x: MARGIN + indent,
          }),
        { lang, ...readAs(text) },
      );
      document.moveDown(0.4);
    },
    facts(rows) {
      const table = document.struct("Table");
      whole.add(table);
      for (const [term, value] of rows) {
        const [left, right] = [TERM_WIDTH - 8, width - TERM_WIDTH];
        const termHeight = write.height(term, { weight: "bold", size: SIZES.text, width: left });
        const valueHeight = write.height(value, { weight: "regular", size: SIZES.text, width: right });
        reserve(Math.max(termHeight, Math.min(valueHeight, document.page.height / 2)));
        const row = document.struct("TR");
        table.add(row);
        const top = document.y;
        element(
          "TH",
          () => write.text(term, { weight: "bold", size: SIZES.text, width: left, y: top }),
          { scope: "Row" },
          row,
        );
        const afterTerm = document.y;
        element(
          "TD",
          () =>
            write.text(value, {
              weight: "regular",
              size: SIZES.text,
              width: right,
              x: MARGIN + TERM_WIDTH,
              y: top,
            }),
          readAs(value),
          row,
        );
        row.end();
        document.y = Math.max(document.y, top < document.y ? afterTerm : 0) + 3;
      }
      table.end();
      document.x = MARGIN;
      document.moveDown(0.3);
    },
    attach(name, content, description) {
      const dates = { creationDate: created, modifiedDate: created };
      const type = "application/json";
      document.file(Buffer.from(content), { name, type, description, ...dates });
    },
    end() {
      number(document, title, write);
      whole.end();
      document.end();
      return ended;
    },
  };
}

type PdfDocument = PDFKit.PDFDocument;
type Style = {
  readonly weight: Weight;
  readonly size: number;
  readonly width: number;
  readonly x?: number;
  readonly y?: number;
};
type Writer = ReturnType<typeof writer>;

/** Title and number of each page: decoration, which nobody who listens wants to hear. */
function number(document: PdfDocument, title: string, write: Writer): void {
  const { start, count } = document.bufferedPageRange();
  for (let page = start; page < start + count; page++) {
    document.switchToPage(page);
    // What stands below the margin would begin a page of its own.
    document.page.margins.bottom = MARGIN / 2;
    document.markContent("Artifact", { type: "Pagination" });
    const y = document.page.height - MARGIN;
    const width = document.page.width - 2 * MARGIN;
    write.text(`${title}, page ${page - start + 1} of ${count}`, {
      weight: "regular",
      size: SIZES.small,
      width,
      x: MARGIN,
      y,
    });
    document.endMarkedContent();
  }
}

/** Writes with whichever font has the letters. */
function writer(document: PdfDocument) {
  const require = createRequire(import.meta.url);
  const missing = new Set<string>();
  const registered = new Set<string>();

  /** The name of a font with these weights and letters; it is read when it is first needed. */
  function fontOf(subset: number, weight: Weight): string {
    const name = `${weight} ${subset}`;
    if (!registered.has(name)) {
      const file = require.resolve(
        `@fontsource/${SUBSETS[subset] ?? SUBSETS[0]}-${WEIGHTS[weight]}-normal.woff`,
      );
      document.registerFont(name, sfntOf(readFileSync(file)));
      registered.add(name);
    }
    return name;
  }

  const lettersOf = new Map<number, ReadonlySet<number>>();
  function canWrite(subset: number, character: string): boolean {
    let letters = lettersOf.get(subset);
    if (letters === undefined) {
      document.font(fontOf(subset, "regular"));
      // oxlint-disable-next-line no-underscore-dangle -- the library has no other way to ask which letters there are
      letters = new Set((document as unknown as { _font: { font: Fontkit } })._font.font.characterSet);
      lettersOf.set(subset, letters);
    }
    return letters.has(character.codePointAt(0) ?? 0);
  }

  /** Null where no font has it. A space or a joiner belongs to the letters before it, so these are asked first. */
  function subsetFor(character: string, before: number): number | null {
    if (canWrite(before, character)) return before;
    const found = SUBSETS.findIndex((_, subset) => canWrite(subset, character));
    return found === -1 ? null : found;
  }

  /** The text in pieces that one font can write each. */
  function runsOf(text: string): { subset: number; text: string }[] {
    const runs: { subset: number; text: string }[] = [];
    for (const character of text.normalize("NFC").replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")) {
      const last = runs.at(-1);
      const isBreak = character === "\n";
      const subset = isBreak ? (last?.subset ?? 0) : subsetFor(character, last?.subset ?? 0);
      if (subset === null) missing.add(character);
      const [shown, font] = subset === null ? [codeOf(character), 0] : [character, subset];
      if (last?.subset === font) last.text += shown;
      else runs.push({ subset: font, text: shown });
    }
    return runs.length === 0 ? [{ subset: 0, text: "–" }] : runs;
  }

  return {
    missing: missing as ReadonlySet<string>,
    text(text: string, { weight, size, width, x = MARGIN, y }: Style): void {
      const runs = runsOf(text);
      for (const [index, run] of runs.entries()) {
        document.font(fontOf(run.subset, weight)).fontSize(size);
        // The same for every font, so that letters of two scripts stand on one line.
        const baseline = -ASCENT * size;
        const options = { width, lineGap: 2, baseline, continued: index < runs.length - 1 };
        if (index === 0) document.text(run.text, x, y ?? document.y, options);
        else document.text(run.text, options);
      }
      document.x = MARGIN;
    },
    /** About so high will it be: whoever writes Devanagari needs a little more. */
    height(text: string, { weight, size, width }: Style): number {
      document.font(fontOf(0, weight)).fontSize(size);
      return document.heightOfString(text, { width, lineGap: 2 });
    },
  };
}

/** What we ask of a font that its types keep to themselves: the code points that it has letters for. */
type Fontkit = { readonly characterSet: readonly number[] };

/** Letters are joined and change places in Devanagari: whoever listens or copies gets them as they are written. */
function readAs(text: string): { actual?: string } {
  return /\p{Script=Devanagari}/u.test(text) ? { actual: text } : {};
}

function codeOf(character: string): string {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`;
}
