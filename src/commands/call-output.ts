import { writeFileSync } from "node:fs";
import { UsageError } from "./command.ts";

/** Writes the file that an option names. @throws {UsageError} where that is not possible */
export function writeOutput(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option} ${file} cannot be written: ${reason}`, { cause: error });
  }
}
