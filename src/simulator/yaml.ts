import { isScalar, parseAllDocuments, visit } from "yaml";
import type { Alias, Document, LineCounter, Node } from "yaml";

/** Bounds: more than this is a mistake, or worse. */
const MAX_CHARACTERS = 1_000_000;
const MAX_ALIASES = 50;
const MAX_MESSAGE = 300;

/** What cannot be read, and where it stands; `offset` counts characters. */
export type YamlFault = { readonly offset: number; readonly message: string };

/**
 * Reads YAML without trusting it, each document into plain values: bounded size, nesting and aliases, no tags, no key
 * twice. What is wrong is told and not thrown.
 */
export function readYaml(
  text: string,
  lines: LineCounter,
  each: (document: Document, value: unknown) => void,
): YamlFault[] {
  if (text.length > MAX_CHARACTERS)
    return [{ offset: 0, message: `the file has more than ${MAX_CHARACTERS} characters: split it` }];
  const faults: YamlFault[] = [];
  try {
    const documents = parseAllDocuments(text, { ...OPTIONS, lineCounter: lines });
    for (const document of Array.isArray(documents) ? documents : []) {
      const wrong = faultsOf(document);
      if (wrong.length > 0) faults.push(...wrong);
      else if (document.contents !== null) each(document, document.toJS({ maxAliasCount: MAX_ALIASES }));
    }
  } catch (error) {
    // The reader of YAML calls itself for each level of nesting, and so does what looks at the result.
    if (!(error instanceof RangeError)) throw error;
    faults.push({ offset: 0, message: TOO_DEEP });
  }
  return faults;
}

const TOO_DEEP = "the file is nested too deeply";

/** Its own `uniqueKeys` would compare each key with every other one. */
const OPTIONS = {
  prettyErrors: false,
  uniqueKeys: false,
  resolveKnownTags: false,
  logLevel: "error",
} as const;

function faultsOf(document: Document): YamlFault[] {
  if (document.errors.length > 0)
    return document.errors.map(({ pos: [offset], message }) => ({ offset, message: inWords(message) }));
  const repeated = repeatedKey(document);
  if (repeated !== null) return [faultAt(repeated, "the key stands twice")];
  try {
    document.toJS({ maxAliasCount: MAX_ALIASES });
    return [];
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return [faultAt(faultyAlias(document), error.message)];
  }
}

/** It catches some of its own overflows, and tells them as they are. */
function inWords(message: string): string {
  return message.startsWith("Maximum call stack") ? TOO_DEEP : message.slice(0, MAX_MESSAGE);
}

function faultAt(node: Node | undefined, message: string): YamlFault {
  return { offset: node?.range?.[0] ?? 0, message };
}

/** The second one, where a key stands twice in one mapping. */
function repeatedKey(document: Document): Node | null {
  let repeated: Node | null = null;
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) repeated = key;
        seen.add(key.value);
      }
      return repeated === null ? undefined : visit.BREAK;
    },
  });
  return repeated;
}

/** The one that names nothing; else there are too many, and it is the first. */
function faultyAlias(document: Document): Alias | undefined {
  const aliases: Alias[] = [];
  visit(document, { Alias: (_, alias) => void aliases.push(alias) });
  const some = aliases.slice(0, MAX_ALIASES);
  return some.find((alias) => alias.resolve(document) === undefined) ?? aliases[0];
}
