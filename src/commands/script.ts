import { Command } from "commander";
import { NotSo, UsageError, type CliParts } from "./command.ts";
import { LOCALES, type Locale } from "../call/business.ts";
import { TWIML_FOLDER } from "../config.ts";
import { approve } from "../script/approval.ts";
import { inspectScripts } from "../script/boot.ts";
import { digestOf, VERSION_PATTERN } from "../script/load.ts";
import { printMessages } from "../script/print-messages.ts";
import { printScript } from "../script/print.ts";
import { specimens } from "../script/specimens.ts";
import { VERBS } from "../twilio/verbs.ts";

/** `yesline script …`: the words. */
export function scriptCommand({ loadConfig, out, err }: CliParts): Command {
  const command = new Command("script").description("check, print and approve the words in twiml/");

  command
    .command("check")
    .description("prove for every business, locale and jurisdiction that the words are fit to be spoken")
    .option("--json", "print JSON")
    .action(({ json }: { json?: true }) => {
      const { businesses } = loadConfig();
      const { scripts, findings } = inspectScripts({
        folder: TWIML_FOLDER,
        businesses,
        verbs: VERBS,
        today: today(),
        specimens: specimens(TWIML_FOLDER),
      });
      if (json === true) out(`${JSON.stringify({ ok: findings.length === 0, findings })}\n`);
      else for (const { place, message } of findings) out(`${place}: ${message}\n`);
      if (findings.length > 0) throw new NotSo();
      const locales = new Set([...scripts.values()].flatMap((script) => [...script.locales.keys()]));
      err(
        `${scripts.size} script(s), ${locales.size} locales, ${businesses.length} businesses: nothing wrong\n`,
      );
    });

  command
    .command("print")
    .description("write a whole call as plain text, for counsel")
    .option("--business <id>", "only this business")
    .option("--locale <locale>", "only this locale")
    .option("--whatsapp", "the messages instead, as they are submitted to WhatsApp as templates")
    .option("--json", "print JSON")
    .action((options: { business?: string; locale?: string; whatsapp?: true; json?: true }) => {
      const { businesses } = loadConfig();
      const chosen = businesses.filter(
        (each) => options.business === undefined || each.id === options.business,
      );
      if (chosen.length === 0)
        throw new UsageError(
          `No business is called ${options.business}: use one of ${businesses.map((each) => each.id).join(", ")}.`,
        );
      if (options.locale !== undefined && !LOCALES.includes(options.locale as Locale)) {
        throw new UsageError(`No script has the locale ${options.locale}: use one of ${LOCALES.join(", ")}.`);
      }
      const { scripts } = inspectScripts({
        folder: TWIML_FOLDER,
        businesses: chosen,
        verbs: VERBS,
        today: today(),
      });
      const print = options.whatsapp === true ? printMessages : printScript;
      const pages = chosen.flatMap((business) =>
        business.locales
          .filter((locale) => options.locale === undefined || locale === options.locale)
          .map((locale) => print(scripts.get(business.script), business, locale)),
      );
      if (pages.length === 0) throw new UsageError(`${options.business} does not speak ${options.locale}.`);
      out(
        options.json === true
          ? `${JSON.stringify(pages)}\n`
          : `${pages.map((page) => page.text).join("\n\n")}\n`,
      );
    });

  command
    .command("approve <version>")
    .description("write a version's digest into twiml/approved.json; from then on its files never change")
    .requiredOption("--by <name>", "who approves")
    .option("--effective <date>", "from when on it may be spoken (YYYY-MM-DD)")
    .option("--json", "print JSON")
    .action((version: string, options: { by: string; effective?: string; json?: true }) => {
      if (!VERSION_PATTERN.test(version))
        throw new UsageError(`${version} is not a version: use a date, such as 2026-11-22.`);
      const approval = {
        digest: digestOf(TWIML_FOLDER, version),
        effective: options.effective ?? version,
        approver: options.by,
      };
      approve(TWIML_FOLDER, version, approval);
      out(
        options.json === true
          ? `${JSON.stringify({ version, ...approval })}\n`
          : `${version} ${approval.digest}\n`,
      );
    });

  return command;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
