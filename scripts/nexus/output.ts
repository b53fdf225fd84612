/** Output of commands: JSON for programs, aligned columns for people. */
import type { Command } from "commander";
import type { CommonOptions } from "./api.ts";

/** Prints `result` as JSON with `--json`, else formatted by `lines`. */
export function show<T>(command: Command, result: T, lines: (result: T) => string[]): void {
  const { json } = command.optsWithGlobals<CommonOptions>();
  console.log(json ? JSON.stringify(result, null, 2) : lines(result).join("\n"));
}

/** Without control characters: stored text must not control the terminal. */
export const plain = (text: string) => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ");

/** Rows with aligned cells, without control characters; the last cell is not padded. */
export function columns(cells: readonly (readonly string[])[]): string[] {
  const rows = cells.map((row) => row.map(plain));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
