/** One instruction of a Dockerfile; what stands behind its name is as it stands there. */
export type Instruction = { readonly name: string; readonly rest: string };

/** From one FROM to the next. */
export type Stage = {
  readonly name: string | null;
  readonly image: string;
  readonly steps: readonly Instruction[];
};

/** Reads a Dockerfile as far as ours goes: comments, lines that go on behind a backslash, stages. */
export function readDockerfile(text: string): readonly Stage[] {
  const lines = text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const stages: { name: string | null; image: string; steps: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === "") throw new Error(`No instruction: ${line}`);
    if (name === "FROM") {
      const [image = "", , alias = null] = rest.split(/\s+/);
      stages.push({ name: alias, image, steps: [] });
    } else stages.at(-1)?.steps.push({ name, rest });
  }
  return stages;
}

/** What the last of these instructions says; null where there is none. */
export function said({ steps }: Stage, name: string): string | null {
  return steps.findLast((step) => step.name === name)?.rest ?? null;
}

/** Every `ENV NAME=value` of a stage. */
export function environmentOf({ steps }: Stage): Readonly<Record<string, string>> {
  const pairs = steps.filter(({ name }) => name === "ENV").flatMap(({ rest }) => rest.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split("=") as [string, string]));
}

/** COPY's sources and where they go; `from` null: out of the context. */
export function copied({ rest }: Instruction) {
  const words = rest.split(/\s+/);
  const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length) ?? null;
  const paths = words.filter((word) => !word.startsWith("--"));
  return { from, sources: paths.slice(0, -1), to: paths.at(-1) ?? "" };
}
