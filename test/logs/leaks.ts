/** Something in a log that must be in none. */
export type Leak = { readonly what: string; readonly line: string };

/** What is secret by its looks, whoever made it. */
const SHAPES: readonly (readonly [string, RegExp])[] = [
  ["a number", /\+[1-9]\d{7,14}(?!\d)/],
  // Without its plus, as WhatsApp's ids and people write it; longer digits are times, and shorter ones counts.
  ["a number", /(?<![\w.-])(?:1[2-9]\d{9}|34[6-9]\d{8})(?![\w.-])/],
  ["an API key", /\byl_[A-Za-z0-9_-]{16,}/],
  ["a webhook's secret", /\bwhsec_[A-Za-z0-9+/=]{16,}/],
  ["a key in an Authorization header", /\b(?:Bearer|Basic) +[A-Za-z0-9+/=._-]{16,}/],
  ["a session", /session_token=[^\s"]{16,}/],
  ["a private key", /BEGIN [A-Z ]*PRIVATE KEY/],
];

/** A business's own numbers are on its website; complaints name them, and one number as an example. */
const PUBLIC =
  /\+(?:14155550100|14155550110|14155550190|34915550100|34915550110)(?!\d)|such as "?\+14155550123/g;

/** Shorter ones would be found in anything. */
const MIN_SECRET = 8;

/** Each line of a log in which a number, a token, a key, a secret or a password stands. */
export function leaksIn(log: string, secrets: Iterable<string>): readonly Leak[] {
  const values = [...new Set(secrets)].filter((value) => value.length >= MIN_SECRET);
  // Hundreds of secrets in a hundred thousand lines: each is looked up by its longest word.
  const byWord = Map.groupBy(
    values,
    (value) => wordsOf(value).toSorted((a, b) => b.length - a.length)[0] ?? "",
  );
  return log.split("\n").flatMap((line): Leak[] => {
    const personal = line.replaceAll(PUBLIC, "");
    const shape = SHAPES.find(([, pattern]) => pattern.test(personal));
    if (shape !== undefined) return [{ what: shape[0], line }];
    const near = wordsOf(line).flatMap((word) => byWord.get(word) ?? []);
    return near.some((value) => line.includes(value)) ? [{ what: "a secret of a test", line }] : [];
  });
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[A-Za-z0-9]{4,}/g) ?? [];
}
