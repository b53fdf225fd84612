/** Asks the person at the terminal for one line; a script may pipe it in. */
import { createInterface } from "node:readline/promises";
import { CommandError } from "./command-error.ts";

/** The line without its end. The question goes to stderr, so that stdout stays the answer's. Throws a CommandError at the end of input. */
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
  throw new CommandError("Nothing was entered, so nothing was changed.");
}
