import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { VERBS } from "../../src/twilio/verbs.ts";

const typings = readFileSync(
  createRequire(import.meta.url).resolve("twilio/lib/twiml/VoiceResponse.d.ts"),
  "utf8",
);

/** The attributes that the SDK's typings give a verb. */
function inTypings(verb: string): Set<string> {
  const [, block = ""] = new RegExp(`interface ${verb}Attributes \\{([^}]*)\\}`).exec(typings) ?? [];
  return new Set([...block.matchAll(/^\s*"?(\w+)"?\?:/gm)].map(([, name = ""]) => name));
}

describe("a prompt may use what Twilio knows and nothing else:", () => {
  it.each([...VERBS.keys()].filter((verb) => verb !== "Hangup"))("the attributes of <%s>", (verb) => {
    const known = inTypings(verb);
    expect(known.size).toBeGreaterThan(0);
    expect(VERBS.get(verb)?.attributes).toEqual(known);
  });

  it("<Hangup> has no attributes", () => {
    expect(VERBS.get("Hangup")?.attributes).toEqual(new Set());
  });

  it("the verbs inside a <Gather> are those for which the SDK's Gather has a method", () => {
    const [, gather = ""] = /class Gather extends TwiML \{([\s\S]*?)\n {4}\}/.exec(typings) ?? [];
    const methods = new Set([...gather.matchAll(/^ {8}(\w+)\(/gm)].map(([, name = ""]) => name));
    const holds = [...VERBS.keys()].filter((verb) => methods.has(verb.toLowerCase()));
    expect(holds.length).toBeGreaterThan(0);
    expect(VERBS.get("Gather")?.children).toEqual(new Set(holds));
  });

  it("every verb is one for which the SDK's response has a method", () => {
    for (const verb of VERBS.keys()) {
      expect(typings).toMatch(new RegExp(`^ {4}${verb.toLowerCase()}\\(`, "m"));
    }
  });
});
