import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { USUAL_MESSAGES_PER_SECOND, USUAL_RULES, type Business } from "../../src/call/business.ts";
import { TWIML_FOLDER } from "../../src/config.ts";
import { inspectScripts } from "../../src/script/boot.ts";
import { digestOf } from "../../src/script/load.ts";
import { VERBS } from "../../src/twilio/verbs.ts";

export const VERSION = "2026-11-22";
/** A day on which every approval is in effect. */
export const LATE = "2999-01-01";

/** A copy of twiml/ in which something may be broken. */
export function copyOfWords() {
  const folder = mkdtempSync(join(tmpdir(), "yesline-words-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(TWIML_FOLDER, folder, { recursive: true });

  const pathOf = (file: string) => join(folder, VERSION, file);
  const approvals = join(folder, "approved.json");

  return {
    folder,
    read: (file: string) => readFileSync(pathOf(file), "utf8"),
    write: (file: string, text: string) => writeFileSync(pathOf(file), text),
    /** @throws where the change changes nothing, for then the test would show nothing */
    edit(file: string, change: (text: string) => string) {
      const before = readFileSync(pathOf(file), "utf8");
      const after = change(before);
      if (after === before) throw new Error(`${file} has nothing to break in that way.`);
      writeFileSync(pathOf(file), after);
    },
    remove: (file: string) => rmSync(pathOf(file), { recursive: true }),
    approvals,
    /** Approves what stands there, so that nothing but what was broken is found. */
    approve(effective = VERSION) {
      const approval = { digest: digestOf(folder, VERSION), effective, approver: "Test" };
      writeFileSync(approvals, JSON.stringify({ [VERSION]: approval }));
    },
    /** What is wrong, for a business that asks together and one that asks one by one: `place: message`. */
    findings(businesses: readonly Business[] = [acme(), acme({ ask: "each" })], today = LATE): string[] {
      return inspectScripts({ folder, businesses, verbs: VERBS, today }).findings.map(
        ({ place, message }) => `${place}: ${message}`,
      );
    },
  };
}

/** One business for the tests of what is spoken. */
export function acme(changes: Partial<Business> = {}): Business {
  return {
    ...USUAL_RULES,
    id: "acme",
    name: "Acme Dental",
    legalName: "Acme Dental Limited",
    contact: { email: "a@acme.example", postalAddress: "Main Street", privacyUrl: "https://acme.example" },
    lines: ["+14155550100"],
    whatsapp: { sender: "+14155550110", templates: {}, messagesPerSecond: USUAL_MESSAGES_PER_SECOND },
    script: VERSION,
    locales: ["en-US"],
    voices: {},
    jurisdiction: "US",
    topics: [
      { id: "visits", category: "utility", names: names("visits") },
      { id: "offers", category: "marketing", names: names("bargains") },
    ],
    ask: "together",
    agent: "+14155550190",
    retention: "P5Y",
    ...changes,
  };
}

function names(name: string): Business["topics"][0]["names"] {
  return {
    "en-US": name,
    "es-ES": name,
    "pt-BR": name,
    "de-DE": name,
    "fr-FR": name,
    "nl-NL": name,
    "hi-IN": name,
  };
}
