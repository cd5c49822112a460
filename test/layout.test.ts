import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/**
 * Who may import whom (design.md, Layout): main → app → doors → {script, ledger, outbox, proof, twilio} → call →
 * nothing; a door never imports another door. The simulator knows only the wire.
 */
const DOORS = ["voice", "whatsapp", "api", "console"];
const INNER = ["script", "ledger", "outbox", "proof", "twilio"];
/** Of these not even a type crosses to the other. */
const STRANGERS = new Set(["script", "ledger", "twilio"]);
const ROOMS = new Set([...DOORS, ...INNER, "call", "simulator", "commands"]);
const FORBIDDEN_NAMES = /^(?:utils?|helpers?|services?|common|lib)$/;

/** Packages that belong to one room. */
const OWNED: readonly [RegExp, string][] = [
  [/^(?:drizzle-orm|drizzle-kit|better-sqlite3|pg|postgres)(?:\/|$)/, "ledger"],
  [/^twilio(?:\/|$)/, "twilio"],
  [/^pdfkit(?:\/|$)/, "proof"],
];

type Files = ReadonlyMap<string, string>;
type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

/** Every import of a source, static, re-exported or dynamic; ours as a path from the top, others as they are. */
function importsOf(from: string, source: string): Import[] {
  const stated = source.matchAll(
    /^[ \t]*(?:import|export)\s+(type\s)?(?:[^"';]*?\bfrom\s*)?["']([^"']+)["']/gm,
  );
  const dynamic = source.matchAll(/\b(?:import|require)\(\s*["'`]([^"'`]+)["'`]/g);
  return [
    ...[...stated].map(([, type, to = ""]) => ({ to, typeOnly: type !== undefined })),
    ...[...dynamic].map(([, to = ""]) => ({ to, typeOnly: false })),
  ].map(({ to, typeOnly }) => ({
    from,
    to: to.startsWith(".") ? posix.join(posix.dirname(from), to) : to,
    typeOnly,
  }));
}

/** The folder under src, or "" for what stands in src itself: the wiring. */
function roomOf(file: string): string {
  const [, room = "", ...rest] = file.split("/");
  return rest.length === 0 ? "" : room;
}

function allowed({ from, to, typeOnly }: Import): boolean {
  const room = roomOf(from);
  if (!to.startsWith("src/")) return allowedPackage(room, to);
  const other = roomOf(to);
  if (to === "src/main.ts") return false;
  if (room === other) return true;
  if (other === "simulator") return room === "commands" || from === "src/app.ts" || entersSimulator(from, to);
  if (room === "" || room === "commands") return room === "" || to !== "src/cli.ts";
  if (room === "call" || room === "simulator") return false;
  if (DOORS.includes(room)) {
    const inside = other === "ledger" && to.split("/").length > 3;
    return (INNER.includes(other) && !inside) || other === "call";
  }
  if (other === "call") return true;
  const strangers = STRANGERS.has(room) && STRANGERS.has(other);
  return INNER.includes(other) && typeOnly && !strangers;
}

function entersSimulator(from: string, to: string): boolean {
  return roomOf(from) === "" && to === "src/simulator/index.ts";
}

function allowedPackage(room: string, name: string): boolean {
  if (room === "call" && name.startsWith("node:")) return false;
  return OWNED.every(([owned, owner]) => !owned.test(name) || room === owner);
}

/** Every arrow that the design forbids, as `src/a.ts → src/b.ts`. */
function forbiddenArrows(files: Files): string[] {
  return [...files].flatMap(([file, source]) => [
    ...importsOf(file, source)
      .filter((arrow) => !allowed(arrow))
      .map(({ from, to }) => `${from} → ${to}`),
    ...(file !== "src/main.ts" && readsEnvironment(source) ? [`${file} → process.env`] : []),
  ]);
}

function readsEnvironment(source: string): boolean {
  return /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\[|\benv\b[^;]*from "(?:node:)?process"|import\.meta\.env/.test(
    source,
  );
}

/** Every folder that is no room of the layout, or that says nothing by its name. */
function strangeFolders(files: Files): string[] {
  const folders = [...files.keys()].map((file) => file.split("/").slice(0, -1));
  const strange = folders.flatMap((parts) =>
    parts.flatMap((name, depth) =>
      FORBIDDEN_NAMES.test(name) || (depth === 1 && !ROOMS.has(name))
        ? [parts.slice(0, depth + 1).join("/")]
        : [],
    ),
  );
  return [...new Set(strange)];
}

function sources(): Files {
  const top = fileURLToPath(new URL("..", import.meta.url));
  const found = readdirSync(join(top, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length).split(sep).join("/"));
  return new Map(found.map((file) => [file, readFileSync(join(top, file), "utf8")]));
}

describe("the house", () => {
  const files = sources();

  it("has no arrow that the design forbids", () => {
    expect(forbiddenArrows(files)).toEqual([]);
  });

  it("has only the rooms of the layout, and none called utils, helpers, services, common or lib", () => {
    expect(strangeFolders(files)).toEqual([]);
  });

  it("is read whole: the imports that are known to be there are found", () => {
    const arrows = [...files].flatMap(([file, source]) =>
      importsOf(file, source).map(({ from, to }) => `${from} → ${to}`),
    );
    for (const known of [
      "src/main.ts → src/app.ts",
      "src/app.ts → src/voice/routes.ts",
      "src/voice/turn.ts → src/call/flow.ts",
      "src/voice/routes.ts → src/ledger/ledger.ts",
      "src/twilio/signature.ts → twilio/lib/webhooks/webhooks.js",
      "src/twilio/verbs.ts → twilio/lib/twiml/VoiceResponse.js",
      "src/ledger/sqlite/connection.ts → better-sqlite3",
    ]) {
      expect(arrows).toContain(known);
    }
    expect(readsEnvironment(files.get("src/main.ts") ?? "")).toBe(true);
  });

  it("lets no type cross between script, ledger and twilio either", () => {
    const crossing = [...files].flatMap(([file, source]) =>
      importsOf(file, source)
        .filter(({ from, to }) => STRANGERS.has(roomOf(from)) && STRANGERS.has(roomOf(to)))
        .filter(({ from, to }) => to.startsWith("src/") && roomOf(from) !== roomOf(to)),
    );
    expect(crossing).toEqual([]);
  });
});

/** A planted arrow: the file, what it says, and the arrow's name; null where it is allowed. */
const PLANTED: readonly [string, string, string | null][] = [
  ["src/call/flow.ts", 'import { z } from "../ledger/ledger.ts";', "src/call/flow.ts → src/ledger/ledger.ts"],
  ["src/call/flow.ts", 'import type { A } from "../config.ts";', "src/call/flow.ts → src/config.ts"],
  ["src/call/flow.ts", 'import { readFileSync } from "node:fs";', "src/call/flow.ts → node:fs"],
  ["src/call/flow.ts", 'import { a } from "./keypress.ts";', null],
  ["src/call/flow.ts", 'import { a } from "libphonenumber-js/max";', null],
  ["src/voice/a.ts", 'import { a } from "../whatsapp/b.ts";', "src/voice/a.ts → src/whatsapp/b.ts"],
  ["src/api/a.ts", 'import type { A } from "../console/b.ts";', "src/api/a.ts → src/console/b.ts"],
  ["src/voice/a.ts", 'import { a } from "../app.ts";', "src/voice/a.ts → src/app.ts"],
  ["src/voice/a.ts", 'import { a } from "../config.ts";', "src/voice/a.ts → src/config.ts"],
  ["src/voice/a.ts", 'import { a } from "../commands/b.ts";', "src/voice/a.ts → src/commands/b.ts"],
  ["src/voice/a.ts", 'import type { A } from "../ledger/ledger.ts";', null],
  [
    "src/voice/a.ts",
    'import { a } from "../ledger/sqlite/schema.ts";',
    "src/voice/a.ts → src/ledger/sqlite/schema.ts",
  ],
  ["src/voice/a.ts", 'import { a } from "../script/speak.ts";', null],
  [
    "src/voice/a.ts",
    'import { a } from "drizzle-orm/sqlite-core";',
    "src/voice/a.ts → drizzle-orm/sqlite-core",
  ],
  ["src/voice/a.ts", 'import twilio from "twilio";', "src/voice/a.ts → twilio"],
  ["src/voice/a.ts", 'const a = await import("twilio");', "src/voice/a.ts → twilio"],
  ["src/main.ts", 'import Database from "better-sqlite3";', "src/main.ts → better-sqlite3"],
  ["src/ledger/sqlite/a.ts", 'import Database from "better-sqlite3";', null],
  ["src/ledger/a.ts", 'import { a } from "../voice/b.ts";', "src/ledger/a.ts → src/voice/b.ts"],
  [
    "src/ledger/a.ts",
    'import type { A } from "../script/script.ts";',
    "src/ledger/a.ts → src/script/script.ts",
  ],
  ["src/script/a.ts", 'export { VERBS } from "../twilio/verbs.ts";', "src/script/a.ts → src/twilio/verbs.ts"],
  ["src/outbox/a.ts", 'import { a } from "../twilio/rest.ts";', "src/outbox/a.ts → src/twilio/rest.ts"],
  ["src/outbox/a.ts", 'import type { A } from "../ledger/ledger.ts";', null],
  [
    "src/simulator/a.ts",
    'import { a } from "../call/keypress.ts";',
    "src/simulator/a.ts → src/call/keypress.ts",
  ],
  ["src/simulator/a.ts", 'import type { A } from "../config.ts";', "src/simulator/a.ts → src/config.ts"],
  ["src/simulator/a.ts", 'import { a } from "twilio/lib/x.js";', "src/simulator/a.ts → twilio/lib/x.js"],
  ["src/voice/a.ts", 'import { a } from "../simulator/index.ts";', "src/voice/a.ts → src/simulator/index.ts"],
  ["src/main.ts", 'import { a } from "../src/simulator/run.ts";', "src/main.ts → src/simulator/run.ts"],
  ["src/commands/call.ts", 'import { a } from "../simulator/run.ts";', null],
  ["src/app.ts", 'import { a } from "./simulator/phone.ts";', null],
  ["src/commands/a.ts", 'import { a } from "../main.ts";', "src/commands/a.ts → src/main.ts"],
  ["src/config.ts", "const { PORT } = process.env;", "src/config.ts → process.env"],
  ["src/voice/a.ts", 'const level = process["env"].LOG_LEVEL;', "src/voice/a.ts → process.env"],
  ["src/voice/a.ts", 'import { env } from "node:process";', "src/voice/a.ts → process.env"],
  ["src/main.ts", "const { PORT } = process.env;", null],
  [
    "src/voice/a.ts",
    'import {\n  one,\n  type Two,\n} from "../api/b.ts";\nimport { Hono } from "hono";',
    "src/voice/a.ts → src/api/b.ts",
  ],
  ["src/call/flow.ts", 'import "../ledger/a.ts";', "src/call/flow.ts → src/ledger/a.ts"],
];

describe("whoever plants an arrow is found:", () => {
  it.each(PLANTED)("%s with %j", (file, source, arrow) => {
    expect(forbiddenArrows(new Map([[file, source]]))).toEqual(arrow === null ? [] : [arrow]);
  });

  it.each(["utils", "helpers", "services", "common", "lib"])(
    "whoever makes a folder named %s too",
    (name) => {
      const files = new Map([
        [`src/${name}/a.ts`, ""],
        [`src/voice/${name}/a.ts`, ""],
        ["src/voice/a.ts", ""],
      ]);
      expect(strangeFolders(files)).toEqual([`src/${name}`, `src/voice/${name}`]);
    },
  );

  it("and whoever adds a room that the layout does not have", () => {
    expect(strangeFolders(new Map([["src/manager/a.ts", ""]]))).toEqual(["src/manager"]);
  });
});
