import { Command } from "commander";
import type { CliParts } from "./command.ts";

export function callCommand(_parts: CliParts): Command {
  return new Command("call");
}
