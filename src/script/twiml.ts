import { XMLParser, XMLValidator } from "fast-xml-parser";

/** A TwiML element. Words stand in `text`; an element has either words or children. */
export type Element = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
};

/** Twilio's bound on an answer's body. */
export const MAX_DOCUMENT_BYTES = 64 * 1024;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: true,
  htmlEntities: true,
  trimValues: true,
});

/** Reads a document. @throws with the reason, where it is not well-formed or its root is not Response */
export function parseTwiml(document: string): Element {
  if (/<!DOCTYPE/i.test(document)) throw new Error("a document type declaration is not allowed");
  const valid = XMLValidator.validate(document);
  if (valid !== true) throw new Error(`line ${valid.err.line}: ${valid.err.msg}`);
  const roots = (parser.parse(document) as Node[]).map(toElement).filter((node) => node.name !== "?xml");
  const [root] = roots;
  if (root === undefined || roots.length > 1 || root.name !== "Response") {
    throw new Error("the root element is not <Response>");
  }
  return root;
}

/** Every element, depth first. */
export function* elements(root: Element): Generator<Element> {
  yield root;
  for (const child of root.children) yield* elements(child);
}

/** The words that a voice speaks, one Say a line, or those of a message. */
export function wordsOf(root: Element): string {
  const said = [...elements(root)].filter(({ name }) => name === "Say" || name === WRITTEN);
  return said.map((say) => say.text).join("\n");
}

type Node = Readonly<Record<string, unknown>>;

function toElement(node: Node): Element {
  const name = Object.keys(node).find((key) => key !== ":@") ?? "";
  const content = node[name];
  const inner = Array.isArray(content) ? (content as Node[]) : [];
  const texts = inner.filter((child) => "#text" in child).map((child) => String(child["#text"]));
  return {
    name,
    attributes: (node[":@"] ?? {}) as Readonly<Record<string, string>>,
    children: inner.filter((child) => !("#text" in child)).map(toElement),
    text: name === WRITTEN ? linesOf(texts.join("")) : compact(texts.join("")),
  };
}

/** A message's lines are its own. */
const WRITTEN = "Message";

function linesOf(text: string): string {
  const lines = text.split(/\r?\n/).map(compact);
  return lines.filter((line) => line !== "").join("\n");
}

function compact(text: string): string {
  return text.replaceAll(/[ \t\r\n]+/g, " ").trim();
}
