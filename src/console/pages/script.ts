import { html } from "hono/html";
import type { Business, Locale } from "../../call/business.ts";
import { printScript } from "../../script/print.ts";
import type { ConsoleParts } from "../parts.ts";
import { badge, icon, NOTHING, option, type Html } from "./bits.ts";
import { heading } from "./layout.ts";
import { languageName } from "./words.ts";

/** Every prompt of a business in one language, as it will be spoken. */
export function scriptPage(parts: ConsoleParts, business: Business, locale: Locale): Html {
  const script = parts.scripts.get(business.script);
  const { head, prompts } = printedParts(printScript(script, business, locale).text);
  const findings = parts.findings();
  return html`${heading("Script", "", head)}
    <form class="filters open" method="get" action="/console/script">
      <div class="field">
        <label for="s-business">Business</label
        ><select id="s-business" name="business">
          ${parts.businesses.map(({ id, name }) => option(id, name, business.id))}
        </select>
      </div>
      <div class="field">
        <label for="s-locale">Language</label
        ><select id="s-locale" name="locale">
          ${business.locales.map((each) => option(each, languageName(each), locale))}
        </select>
      </div>
      <div class="field acts"><button type="submit" class="primary">Show</button></div>
    </form>
    <section class="card" aria-labelledby="checks-title">
      <h2 id="checks-title">
        Checks
        ${findings.length === 0 ? badge("granted", "Nothing wrong") : badge("refused", `${findings.length} wrong`)}
      </h2>
      ${
        findings.length === 0
          ? html`<p class="soft">
              Well-formed; every statement that makes consent valid is there; every key is spoken; each prompt
              is short enough; approved and unchanged.
            </p>`
          : html`<ul class="bullets">
              ${findings.map(({ place, message }) => html`<li><code>${place}</code>: ${message}</li>`)}
            </ul>`
      }
      ${script === undefined ? NOTHING : html`<p class="digest soft">Version ${script.version}, SHA-256 <code class="break">${script.digest}</code></p>`}
    </section>
    <div class="prompts">${prompts.map((prompt) => promptCard(prompt, locale, business))}</div>`;
}

type Prompt = { readonly title: string; readonly about: string; readonly lines: readonly string[] };

function promptCard({ title, about, lines }: Prompt, locale: Locale, business: Business): Html {
  const offers = title.startsWith("QUESTION, language");
  const each = Math.max(1, Math.floor(lines.length / business.locales.length));
  return html`<section class="card prompt">
    <div class="title-row">
      <h2>${titleWords(title)} <span class="soft small">${about}</span></h2>
      <button type="button" class="quiet speak" data-speak hidden>
        ${icon("speak")}<span>Read aloud</span>
      </button>
    </div>
    <blockquote lang="${locale}">
      ${lines.map((line, index) => {
        const offered = business.locales[Math.floor(index / each)] ?? locale;
        return offers ? html`<p lang="${offered}">${line}</p>` : html`<p>${line}</p>`;
      })}
    </blockquote>
  </section>`;
}

/** `QUESTION, choice [1 agree · 2 refuse]` as a sentence begins. */
function titleWords(title: string): string {
  return title.charAt(0) + title.slice(1).replace(/^[A-Z-]+/u, (word) => word.toLowerCase());
}

/** The printed call, taken apart again: blocks with a title and indented words. */
function printedParts(text: string): { head: string; prompts: readonly Prompt[] } {
  const [head = "", ...blocks] = text.split("\n\n");
  const prompts = blocks.map((block) => {
    const [first = "", ...lines] = block.split("\n");
    const [, title = first, about = ""] = /^(.*) \((about [^)]*)\)$/u.exec(first) ?? [];
    return { title, about, lines: lines.map((line) => line.trim()) };
  });
  return { head, prompts };
}
