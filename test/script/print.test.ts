import { describe, expect, it } from "vitest";
import { LOCALES, type Locale } from "../../src/call/business.ts";
import { TWIML_FOLDER } from "../../src/config.ts";
import { loadScript, PROMPTS } from "../../src/script/load.ts";
import { printScript } from "../../src/script/print.ts";
import { elements, parseTwiml } from "../../src/script/twiml.ts";
import { acme, VERSION } from "./copy.ts";

const script = loadScript(TWIML_FOLDER, VERSION);

/** The pages that counsel gets of one language: asked together and one by one, recorded and not, with a person to speak with. */
const pages = (locale: Locale) =>
  (["together", "each"] as const)
    .map((ask) =>
      printScript(
        script,
        acme({
          ask,
          locales: [locale, locale === "en-US" ? "es-ES" : "en-US"],
          jurisdiction: "caller",
          recording: ask === "each",
        }),
        locale,
      ),
    )
    .map(({ text }) => text)
    .join("\n");

/** What a document says between its slots. */
function fragments(source: string): string[] {
  const says = [...elements(parseTwiml(source))].filter(({ name }) => name === "Say");
  return says
    .flatMap(({ text }) => text.split(/\{\{[^}]*\}\}/))
    .map((part) => part.trim())
    .filter((part) => /\p{L}{2}/u.test(part));
}

describe("counsel reads, before anybody hears it,", () => {
  const documents = LOCALES.flatMap((locale) => [
    ...PROMPTS.map((prompt) => ({ locale, name: prompt as string })),
    ...[...(script.locales.get(locale)?.law.keys() ?? [])].map((law) => ({ locale, name: `law/${law}` })),
  ]);
  const printed = new Map(LOCALES.map((locale) => [locale, pages(locale)]));

  it.each(documents)("every word of $name in $locale", ({ locale, name }) => {
    const about = script.locales.get(locale);
    const document = [...(about?.prompts ?? []), ...(about?.law ?? [])].find(
      ([key]) => key === name || `law/${key}` === name,
    )?.[1];
    const own = fragments(document?.source ?? "");
    expect(own.length).toBeGreaterThan(0);
    for (const fragment of own) expect(printed.get(locale)).toContain(fragment);
  });

  it("the business, the language, the script and the voice, at the top", () => {
    const { text, business, locale } = printScript(script, acme(), "en-US");
    expect({ business, locale }).toEqual({ business: "acme", locale: "en-US" });
    const [head = ""] = text.split("\n");
    for (const part of ["Acme Dental", "en-US", VERSION, script.locales.get("en-US")?.voice ?? "no voice"]) {
      expect(head).toContain(part);
    }
  });

  it("the keys of each question and what they mean", () => {
    const { text } = printScript(script, acme(), "en-US");
    expect(text).toContain("QUESTION, choice [1 agree · 2 refuse · 9 again · 3 other · 0 agent]");
    expect(text).toContain("QUESTION, welcome-back [1 keep · 2 stop · 3 change]");
  });

  it("the notice under every law that a caller may fall under", () => {
    const { text } = printScript(script, acme({ jurisdiction: "caller" }), "en-US");
    for (const law of script.locales.get("en-US")?.law.keys() ?? [])
      expect(text).toContain(`NOTICE, ${law} `);
  });

  it("nothing of a person that the business does not have", () => {
    expect(printScript(script, acme(), "en-US").text).toContain("ENDING, agent");
    expect(printScript(script, acme({ agent: null }), "en-US").text).not.toContain("agent");
  });

  it("no slot left open", () => {
    for (const locale of LOCALES) expect(pages(locale)).not.toContain("{{");
  });

  it("which script is missing, where there is none", () => {
    expect(() => printScript(undefined, acme(), "en-US")).toThrow(`twiml/${VERSION} is missing`);
  });
});
