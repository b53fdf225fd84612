/** Reads one line from the terminal or from standard input. */
import { createInterface } from "node:readline/promises";
import { CommandError } from "./command-error.ts";

/** The first non-empty line. The question is written to stderr, because stdout is the command's result. Throws a CommandError at the end of input. */
export async function askLine(question: string): Promise<string> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: process.stdin.isTTY,
  });
  try {
    process.stderr.write(question);
    for await (const line of lines) if (line.trim() !== "") return line.trim();
  } finally {
    lines.close();
  }
  throw new CommandError("Nothing was entered. Nothing was changed.");
}
