import type { Button } from "./resources.ts";

/** A message as WhatsApp has approved it: `{{1}}` and so on stand for what is filled in. */
export type Template = { readonly body: string; readonly buttons: readonly Button[] };

/** What a person gets. What no variable fills stays as it is, so that it is seen. */
export function filledIn({ body, buttons }: Template, variables: ReadonlyMap<string, string>): Template {
  const fill = (text: string): string =>
    text.replaceAll(/\{\{(\w+)\}\}/gu, (slot, name: string) => variables.get(name) ?? slot);
  return {
    body: fill(body),
    buttons: buttons.map(({ text, payload }) => ({ text, payload: fill(payload) })),
  };
}
