import { XMLParser, XMLValidator } from "fast-xml-parser";

export type XmlElement = {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: readonly XmlNode[];
};
export type XmlNode = XmlElement | string;

export type XmlResult =
  | { ok: true; roots: XmlElement[] }
  /** `line` counts from 1. */
  | { ok: false; message: string; line?: number };

/** TwiML is three deep, SSML inside a Say a few more; nothing honest comes near this. */
const maxDepth = 32;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  cdataPropName: "#cdata",
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  maxNestedTags: maxDepth,
});

/**
 * Reads XML without trusting it: no DOCTYPE, no entities but the five predefined and the numeric ones,
 * bounded depth. Comments are left out; processing instructions and the declaration too.
 */
export function parseXml(text: string): XmlResult {
  const xml = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const valid = XMLValidator.validate(xml.trimStart());
  if (valid !== true) return { ok: false, message: valid.err.msg, line: valid.err.line };
  if (declaresDoctype(xml)) return { ok: false, message: "a DOCTYPE is not allowed" };
  try {
    return { ok: true, roots: elementsOf(toNodes(parser.parse(xml.trimStart()))) };
  } catch (error) {
    if (error instanceof Error) return { ok: false, message: error.message };
    throw error;
  }
}

export function elementsOf(nodes: readonly XmlNode[]): XmlElement[] {
  return nodes.filter((node) => typeof node !== "string");
}

function declaresDoctype(xml: string): boolean {
  return xml.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/gu, "").includes("<!DOCTYPE");
}

/** The shape of fast-xml-parser's `preserveOrder`: one key names the tag, ":@" holds the attributes. */
type OrderedNode = { ":@"?: Record<string, string> } & Record<string, unknown>;

function toNodes(ordered: unknown): XmlNode[] {
  if (!Array.isArray(ordered)) return [];
  return ordered.flatMap((node: OrderedNode) => toNode(node));
}

function toNode(node: OrderedNode): XmlNode[] {
  const name = Object.keys(node).find((key) => key !== ":@");
  if (name === undefined || name.startsWith("?")) return [];
  if (name === "#text") return [decodeEntities(String(node[name]))];
  if (name === "#cdata") return [textOfCdata(node[name])];
  const attributes = new Map<string, string>();
  for (const [key, value] of Object.entries(node[":@"] ?? {})) attributes.set(key, decodeEntities(value));
  return [{ name, attributes, children: toNodes(node[name]) }];
}

function textOfCdata(content: unknown): string {
  if (!Array.isArray(content)) return "";
  return content.map((node: { "#text"?: string }) => node["#text"] ?? "").join("");
}

const predefined: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/giu, (_, name: string) => {
    if (!name.startsWith("#")) return entityNamed(name);
    const code = /^#x/iu.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
    if (!isXmlCharacter(code)) throw new Error(`the character reference &${name}; is not a character`);
    return String.fromCodePoint(code);
  });
}

function entityNamed(name: string): string {
  const character = Object.hasOwn(predefined, name) ? predefined[name] : undefined;
  if (character === undefined) throw new Error(`the entity &${name}; is not defined`);
  return character;
}

/** XML 1.0, section 2.2. */
function isXmlCharacter(code: number): boolean {
  return (
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}
