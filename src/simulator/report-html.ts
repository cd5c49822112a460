import type { StepResult } from "./actor.ts";
import type { CallEvent } from "./events.ts";
import type { ScenarioResult } from "./run.ts";
import { escapeXml } from "./twiml.ts";

/** One self-contained page, well-formed as XML too: no script, nothing fetched. */
export function reportHtml(results: readonly ScenarioResult[]): string {
  const failed = results.filter((result) => !result.ok).length;
  const verdict = failed === 0 ? "All passed" : `${failed} failed`;
  return `<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>${verdict}: ${results.length} scenarios</title>
<style>${stylesheet}</style>
</head>
<body>
<main>
<h1>${verdict}</h1>
<p>${results.length} scenarios, ${results.length - failed} passed, ${failed} failed.</p>
${results.map(scenarioSection).join("\n")}
</main>
</body>
</html>
`;
}

const stylesheet = `
:root { color-scheme: light dark; --good: light-dark(#1a6b38, #7ddba0); --bad: light-dark(#a3231b, #ff9b92); }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
details { border: 1px solid color-mix(in srgb, currentcolor 25%, transparent); border-radius: .5rem; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-top: 1px solid color-mix(in srgb, currentcolor 15%, transparent); overflow-wrap: anywhere; }
.passed { color: var(--good); } .failed { color: var(--bad); } .skipped { opacity: .75; }
`;

function scenarioSection(result: ScenarioResult): string {
  const word = result.ok ? "passed" : "failed";
  const place = `${result.file}:${result.line}`;
  const interrupted =
    result.interrupted === undefined ? "" : `<p class="failed">${escapeXml(result.interrupted)}</p>`;
  return `<details${result.ok ? "" : ' open="open"'}>
<summary><span class="${word}">${word}</span> ${escapeXml(result.name)}</summary>
<p>${escapeXml(place)}${calledSection(result)}</p>
${interrupted}
<table>
<thead><tr><th scope="col">Line</th><th scope="col">Step</th><th scope="col">Outcome</th></tr></thead>
<tbody>${result.steps.map(stepRow).join("\n")}</tbody>
</table>
<table>
<thead><tr><th scope="col">Second</th><th scope="col">What happened</th></tr></thead>
<tbody>${result.events.map(eventRow).join("\n")}</tbody>
</table>
${messagesSection(result)}
</details>`;
}

function calledSection({ callSid, callMs }: ScenarioResult): string {
  return callSid === null ? "" : `, call ${escapeXml(callSid)}, ${(callMs / 1_000).toFixed(1)} s long`;
}

function messagesSection({ messages }: ScenarioResult): string {
  if (messages.length === 0) return "";
  const rows = messages.map(({ direction, from, to, body, status, errorCode }) => {
    const way = direction === "inbound" ? `${from} writes` : `to ${to}`;
    const fate = errorCode === null ? status : `${status} ${errorCode}`;
    return `<tr><td>${escapeXml(way)}</td><td>${escapeXml(body)}</td><td>${escapeXml(fate)}</td></tr>`;
  });
  return `<table>
<thead><tr><th scope="col">WhatsApp</th><th scope="col">Message</th><th scope="col">Status</th></tr></thead>
<tbody>${rows.join("\n")}</tbody>
</table>`;
}

function stepRow(step: StepResult): string {
  const details = [
    step.message,
    step.expected === undefined ? undefined : `expected: ${step.expected}`,
    step.heard === undefined ? undefined : `heard: ${step.heard}`,
  ].filter((detail) => detail !== undefined);
  const outcome = [`<span class="${step.status}">${step.status}</span>`, ...details.map(escapeXml)].join(
    "<br />",
  );
  return `<tr><td>${step.line}</td><td>${escapeXml(step.step)}</td><td>${outcome}</td></tr>`;
}

function eventRow(event: CallEvent): string {
  const text = describeEvent(event);
  if (text === undefined) return "";
  const atMs = event.kind === "spoken" ? event.fromMs : event.atMs;
  return `<tr><td>${(atMs / 1_000).toFixed(1)}</td><td>${escapeXml(text)}</td></tr>`;
}

/** One line about an event; nothing for `speaking`, which `spoken` repeats. */
export function describeEvent(event: CallEvent): string | undefined {
  switch (event.kind) {
    case "webhook": {
      const problems = event.problems.map(({ code, message }) => ` [${code} ${message}]`).join("");
      const tries = event.tries > 1 ? `, ${event.tries} tries` : "";
      return `${event.method} ${event.url} → ${event.status ?? "no answer"} in ${event.ms.toFixed(1)} ms${tries}${problems}`;
    }
    case "speaking":
      return undefined;
    case "spoken":
      return `“${event.text}” (${event.language}${event.complete ? "" : ", cut short"})`;
    case "played":
      return `played ${event.digits ?? event.url}${event.complete ? "" : ", cut short"}`;
    case "listening":
      return `listening, ${event.timeoutSeconds} s`;
    case "pressed":
      return `pressed ${event.key}${event.heard ? "" : ", which nobody heard"}`;
    case "said":
      return `said “${event.text}”`;
    case "silence":
      return "silence";
    case "gathered":
      return `gathered ${event.digits === "" ? "speech" : event.digits} (${event.endedBy})`;
    case "recorded":
      return `recorded ${event.seconds.toFixed(1)} s`;
    case "dialed":
      return `dialed ${event.to}: ${event.status}, ${event.seconds} s`;
    case "ended":
      return `ended by ${event.by}: ${event.reason}`;
  }
}
