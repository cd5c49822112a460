// Shows an answer's XML with its structure.

/** @typedef {(name: string, text: string) => HTMLElement} Piece */

/** @type {Piece} */
function piece(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}

/**
 * One line of the document for each element, deeper ones further in; what is not XML is shown as it came.
 * @param {string} source
 * @returns {DocumentFragment}
 */
export function prettyTwiml(source) {
  const shown = document.createDocumentFragment();
  const xml = new DOMParser().parseFromString(source, "text/xml");
  if (xml.querySelector("parsererror") !== null) {
    shown.append(lineAt(0, document.createTextNode(source)));
    return shown;
  }
  for (const node of xml.childNodes) showNode(node, 0, shown);
  return shown;
}

/**
 * @param {Node} node
 * @param {number} depth
 * @param {DocumentFragment} shown
 */
function showNode(node, depth, shown) {
  if (node.nodeType === Node.COMMENT_NODE)
    shown.append(lineAt(depth, piece("x-dim", `<!--${node.nodeValue}-->`)));
  const text = node.nodeType === Node.ELEMENT_NODE ? "" : (node.nodeValue ?? "").trim();
  if (node.nodeType === Node.TEXT_NODE || node.nodeType === Node.CDATA_SECTION_NODE) {
    if (text !== "") shown.append(lineAt(depth, piece("x-text", text)));
  }
  if (!(node instanceof Element)) return;
  const children = [...node.childNodes].filter((child) => (child.nodeValue ?? "x").trim() !== "");
  const [only] = children;
  if (only === undefined) {
    shown.append(lineAt(depth, ...opening(node, "/>")));
  } else if (children.length === 1 && only.nodeType === Node.TEXT_NODE) {
    const words = (only.nodeValue ?? "").trim();
    shown.append(lineAt(depth, ...opening(node, ">"), piece("x-text", words), ...closing(node)));
  } else {
    shown.append(lineAt(depth, ...opening(node, ">")));
    for (const child of children) showNode(child, depth + 1, shown);
    shown.append(lineAt(depth, ...closing(node)));
  }
}

/** @param {Element} element @param {string} end */
function opening(element, end) {
  const attributes = [...element.attributes].flatMap(({ name, value }) => [
    piece("x-name", ` ${name}=`),
    piece("x-value", `"${value}"`),
  ]);
  return [piece("x-dim", "<"), piece("x-tag", element.tagName), ...attributes, piece("x-dim", end)];
}

/** @param {Element} element */
function closing(element) {
  return [piece("x-dim", "</"), piece("x-tag", element.tagName), piece("x-dim", ">")];
}

/** @param {number} depth @param {...Node} pieces */
function lineAt(depth, ...pieces) {
  const line = document.createElement("span");
  line.className = "x-line";
  line.style.setProperty("--depth", String(depth));
  line.append(...pieces);
  return line;
}
