import type { Chapter, Summary } from "./part.ts";

/** What the bench found, for machines; `table` is for people. */
export type Report = {
  readonly at: string;
  readonly node: string;
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly memoryMb: number;
    /** How busy the machine was before anything was started: a busy one tells little. */
    readonly loadAverage: number;
  };
  readonly short: boolean;
  readonly parts: readonly (Omit<Chapter, "figures"> & {
    readonly name: string;
    readonly question: string;
    readonly seconds: number;
    readonly figures: readonly Summary[];
  })[];
};

export function table({ machine, node, short, parts }: Report): string {
  const { cpus: count, model, loadAverage } = machine;
  const head = `Node ${node} on ${count} × ${model}; load average ${loadAverage.toFixed(1)} before the start.${short ? " SHORT: these figures mean nothing." : ""}\n`;
  return head + parts.map(chapterTable).join("") + promises(parts);
}

/** What was promised, in two lists. */
function promises(parts: Report["parts"]): string {
  const promised = parts.flatMap(({ name, figures }) =>
    figures.filter(({ kept }) => kept !== null).map((figure) => ({ part: name, figure })),
  );
  if (promised.length === 0) return "";
  const broken = promised.filter(({ figure: { kept } }) => kept === false);
  const lines = broken.map(
    ({ part, figure }) =>
      `  ${part}: ${figure.name}: ${shown(figure.median)} ${figure.unit}, ${promise(figure)}`,
  );
  const told = broken.length === 0 ? "" : `, ${broken.length} NOT KEPT:`;
  return `\nOf ${promised.length} promises ${promised.length - broken.length} are kept${told}\n${lines.map((line) => `${line}\n`).join("")}`;
}

function chapterTable({ name, question, figures, notes, profile = [] }: Report["parts"][number]): string {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  const rows = figures.map((figure) => {
    const [median, least, most] = [figure.median, figure.least, figure.most].map(shown);
    return `  ${figure.name.padEnd(width)} ${median?.padStart(9)} ${figure.unit.padEnd(10)}  ${`${least} … ${most}`.padEnd(20)} ${promise(figure)}`.trimEnd();
  });
  const hot = profile.map(({ share, where }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${where}`);
  const lines = [`\n${name}: ${question}`, ...rows, ...notes.map((text) => `  ${text}`), ...hot];
  return `${lines.join("\n")}\n`;
}

function promise({ atLeast, atMost, kept }: Summary): string {
  const bound = atLeast === undefined ? (atMost === undefined ? "" : `≤ ${atMost}`) : `≥ ${atLeast}`;
  return kept === null ? "" : `${bound} ${kept ? "kept" : "NOT KEPT"}`;
}

function shown(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toFixed(value >= 100 ? 0 : 2);
}
