import { clip } from "./attributes.ts";
import { compileVerbs } from "./compile.ts";
import { problem, type Problem } from "./problem.ts";
import type { Verb } from "./verbs.ts";
import { parseXml } from "./xml.ts";

/** What a service answered to a webhook. */
export type Answer = {
  status: number;
  contentType: string | undefined;
  body: string;
  /** The body went over Twilio's limit and was not read to its end. */
  tooLarge: boolean;
};

/** `verbs` is undefined when there is nothing that Twilio could play. */
export type Reading = { verbs: Verb[] | undefined; problems: Problem[] };

/** 64 kB, twilio.com/docs/api/errors/11750. */
export const maxAnswerBytes = 64 * 1024;

/**
 * Reads an answer as Twilio does: status, size, content type, XML, root element, verbs.
 * Besides TwiML, Twilio plays audio and speaks plain text (twilio.com/docs/voice/twiml, "MIME types").
 */
export function readAnswer(answer: Answer): Reading {
  if (answer.status >= 300 || answer.status < 200) return nothing(11_200, `Got HTTP ${answer.status}`);
  if (answer.tooLarge) return nothing(11_750, "the answer is larger than 64 kB");
  if (answer.body.trim() === "") return nothing(11_770, "the answer is empty");
  if (answer.contentType === undefined) return nothing(12_300, "the answer has no Content-Type");
  const mediaType = answer.contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (mediaType.startsWith("audio/")) {
    return { verbs: [{ verb: "Play", url: "", digits: undefined, times: 1 }], problems: [] };
  }
  switch (mediaType) {
    case "text/xml":
    case "application/xml":
    case "text/html":
      return readTwiml(answer.body);
    case "text/plain":
      return readTwiml(`<Response><Say>${escapeXml(answer.body)}</Say></Response>`);
    default:
      return nothing(12_300, `the Content-Type ${clip(answer.contentType)} is not TwiML`);
  }
}

export function readTwiml(twiml: string): Reading {
  const xml = parseXml(twiml);
  if (!xml.ok) {
    const place = xml.line === undefined ? "" : ` (line ${xml.line})`;
    return nothing(12_100, `the answer is not well-formed XML: ${clip(xml.message, 200)}${place}`);
  }
  const [root, second] = xml.roots;
  if (root === undefined || second !== undefined) return nothing(12_100, "a document has one root element");
  if (root.name !== "Response") return nothing(12_102, `the root element is <${root.name}>, not <Response>`);
  const problems: Problem[] = [];
  return { verbs: compileVerbs(root, problems), problems };
}

function nothing(code: Problem["code"], message: string): Reading {
  return { verbs: undefined, problems: [problem(code, message)] };
}

export function escapeXml(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return text
    .replace(/[&<>"']/gu, (character) => escapes[character] ?? character)
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\u{FFFD}");
}
