import { html } from "hono/html";
import { WORLD, type Mistake, type WORLDS } from "../address.ts";
import { attribute, NOTHING, option, type Html } from "./bits.ts";

/** Names every field that cannot be read, what was typed, and what to do; `rest` is the address without them. */
export function mistakesBox(mistakes: readonly Mistake[], rest: string): Html {
  if (mistakes.length === 0) return NOTHING;
  return html`<div class="problem" role="alert">
      <p>Nothing is listed: the filter cannot be read.</p>
      <ul class="bullets">
        ${mistakes.map(({ label, typed, fix }) => html`<li><strong>${label}</strong> “${typed}”: ${fix}</li>`)}
      </ul>
    </div>
    <p><a class="button" href="${rest}">Leave out what cannot be read</a></p>`;
}

/** What was typed into a field that cannot be read, so that it is kept; undefined where it can. */
export function typedIn(mistakes: readonly Mistake[], name: string): string | undefined {
  return mistakes.find((mistake) => mistake.name === name)?.typed;
}

/** A day; where it cannot be read it is shown as text, because a field for days would swallow it. */
export function dayField(
  id: string,
  name: "since" | "until",
  label: string,
  value: string | undefined,
  mistakes: readonly Mistake[],
): Html {
  const typed = typedIn(mistakes, name);
  return html`<div class="field">
    <label for="${id}">${label}</label
    >${typed === undefined ? html`<input id="${id}" type="date" name="${name}" value="${value ?? ""}" />` : html`<input id="${id}" type="text" name="${name}" value="${typed}" aria-invalid="true" />`}
  </div>`;
}

/** A list to choose from; what was typed and is not in it stands in it all the same, chosen. */
export function choiceField(
  id: string,
  name: string,
  label: string,
  options: Html | readonly Html[],
  mistakes: readonly Mistake[] = [],
): Html {
  const typed = typedIn(mistakes, name);
  return html`<div class="field">
    <label for="${id}">${label}</label
    ><select id="${id}" name="${name}" ${typed === undefined ? NOTHING : html` aria-invalid="true"`}>
      ${typed === undefined ? NOTHING : html`<option value="${typed}" ${attribute("selected", true)}>${typed} (?)</option>`}
      ${options}
    </select>
  </div>`;
}

/** Real, simulated or both; what is meant where nothing is chosen depends on whether the line has real callers. */
export function worldField(
  id: string,
  world: (typeof WORLDS)[number] | undefined,
  showSimulated: boolean,
  mistakes: readonly Mistake[],
): Html {
  const options = html`${option("", showSimulated ? "Both" : "Real", typedIn(mistakes, "world") ?? world)}${option("real", "Real only", world)}${option("simulated", "Simulated only", world)}${showSimulated ? NOTHING : option("all", "Both", world)}`;
  return choiceField(id, "world", WORLD.label, options, mistakes);
}
