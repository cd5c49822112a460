import { inflateSync } from "node:zlib";

/** A PDF as whoever opens it gets it: as far as ours go, and no further. */
export type ReadPdf = {
  readonly pages: number;
  /** Letters in the order in which they are drawn. */
  readonly text: string;
  /** What whoever listens is told instead of letters that change places. */
  readonly actualTexts: readonly string[];
  /** Kinds of elements of the structure. */
  readonly tags: ReadonlySet<string>;
  /** How many glyphs a font draws. */
  readonly glyphs: (font: RegExp) => number;
  readonly attachments: readonly string[];
  /** The whole file without its packed streams. */
  readonly source: string;
};

export function readPdf(bytes: Uint8Array): ReadPdf {
  const file = Buffer.from(bytes).toString("latin1");
  const objects = new Map<number, { readonly head: string; readonly stream: Buffer | null }>();
  for (const [, id, body = ""] of file.matchAll(/(?:^|\n)(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) {
    const [head = "", packed] = body.split(/\nstream\n/);
    const raw = packed === undefined ? null : Buffer.from(packed.replace(/\nendstream$/, ""), "latin1");
    const stream = raw !== null && head.includes("/FlateDecode") ? inflateSync(raw) : raw;
    objects.set(Number(id), { head, stream });
  }
  const of = (reference: string | undefined) => objects.get(Number.parseInt(reference ?? "", 10));
  const heads = [...objects.values()].map(({ head }) => head);
  const pages = [...objects.values()].filter(({ head }) => /\/Type \/Page\n/.test(head));
  const fonts = new Map<string, { readonly name: string; readonly letters: ReadonlyMap<string, string> }>();
  for (const head of heads) {
    for (const [, key = "", id] of head.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const font = of(id)?.head ?? "";
      const name = /\/BaseFont \/(\S+)/.exec(font)?.[1] ?? "";
      const map = of(/\/ToUnicode (\d+) 0 R/.exec(font)?.[1])?.stream?.toString("latin1") ?? "";
      fonts.set(key, { name, letters: lettersIn(map) });
    }
  }
  const drawn = pages.flatMap(({ head }) => {
    const content = of(/\/Contents (\d+) 0 R/.exec(head)?.[1])?.stream?.toString("latin1") ?? "";
    return glyphsIn(content);
  });
  return {
    pages: pages.length,
    text: drawn
      .map(({ font, glyph }) => (glyph === "\n" ? "\n" : (fonts.get(font)?.letters.get(glyph) ?? "\uFFFD")))
      .join("")
      .replaceAll(/\n+/g, " "),
    actualTexts: heads.flatMap((head) =>
      [...head.matchAll(/\/ActualText \(((?:\\.|[^\\)])*)\)/gs)].map(([, text = ""]) => textIn(text)),
    ),
    tags: new Set(heads.flatMap((head) => /\/S \/(\w+)/.exec(head)?.[1] ?? [])),
    glyphs: (name) =>
      drawn.filter(({ font, glyph }) => glyph !== "\n" && name.test(fonts.get(font)?.name ?? "")).length,
    attachments: [...objects.values()].flatMap(({ head, stream }) =>
      head.includes("/Type /EmbeddedFile") && stream !== null ? [stream.toString("utf8")] : [],
    ),
    source: heads.join("\n"),
  };
}

/** A ToUnicode map: `bfrange <from> <to> [<letters> …]`, as the library writes it. */
function lettersIn(map: string): ReadonlyMap<string, string> {
  const letters = new Map<string, string>();
  for (const [, from = "", , all = ""] of map.matchAll(/<([0-9a-f]+)> <([0-9a-f]+)> \[([^\]]*)\]/gi)) {
    for (const [index, [, hex = ""]] of [...all.matchAll(/<([0-9a-f ]*)>/gi)].entries()) {
      const glyph = (Number.parseInt(from, 16) + index).toString(16).padStart(4, "0");
      letters.set(glyph, Buffer.from(hex.replaceAll(" ", ""), "hex").swap16().toString("utf16le"));
    }
  }
  return letters;
}

/** Every glyph with its font; a new position is a new line, as far as reading goes. */
function glyphsIn(content: string): { font: string; glyph: string }[] {
  let font = "";
  return [...content.matchAll(/\/(F\d+) [\d.]+ Tf|\[([^\]]*)\] TJ|\bTm\b/g)].flatMap(
    ([whole, name, shown]) => {
      if (name !== undefined) font = name;
      if (whole === "Tm") return [{ font, glyph: "\n" }];
      return [...(shown ?? "").matchAll(/<([0-9a-f]+)>/gi)].flatMap(([, hex = ""]) =>
        (hex.match(/.{4}/g) ?? []).map((glyph) => ({ font, glyph: glyph.toLowerCase() })),
      );
    },
  );
}

/** A text string: UTF-16 with a mark, or Latin letters. */
function textIn(escaped: string): string {
  const bytes = Buffer.from(
    escaped.replaceAll(/\\([nrtbf()\\])/g, (_, code: string) => ESCAPES[code] ?? code),
    "latin1",
  );
  return bytes[0] === 0xfe ? bytes.subarray(2).swap16().toString("utf16le") : bytes.toString("latin1");
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
