/** A run's result: lines of measurements, as a table for the terminal that is Markdown too. */
import { median, percentile, short } from "./statistics.ts";

export interface Line {
  what: string;
  unit: string;
  direct?: number;
  bare?: number;
  nexus: number;
  /** Nexus to bare: median over the rounds, and the quartiles as a measure of noise. */
  ratio?: { median: number; low: number; high: number };
  /** The budget in words, and whether it is met; null where there is none. */
  goal: string;
  isMet: boolean | null;
}

/** Ratios are taken within a round, where both saw the same machine, and then summed up. */
export function ratioOf(nexus: readonly number[], bare: readonly number[]): NonNullable<Line["ratio"]> {
  const ratios = nexus.map((value, round) => value / (bare[round] ?? NaN));
  return { median: median(ratios), low: percentile(ratios, 0.25), high: percentile(ratios, 0.75) };
}

export function formatTable(lines: readonly Line[]): string {
  const rows = [
    ["what", "direct", "bare", "nexus", "ratio (quartiles)", "goal", ""],
    ...lines.map((line) => [
      `${line.what}, ${line.unit}`,
      line.direct === undefined ? "" : short(line.direct),
      line.bare === undefined ? "" : short(line.bare),
      short(line.nexus),
      line.ratio ? `${short(line.ratio.median)} (${short(line.ratio.low)}–${short(line.ratio.high)})` : "",
      line.goal,
      line.isMet === null ? "" : line.isMet ? "met" : "MISSED",
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const text = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [text[0], rule, ...text.slice(1)].join("\n");
}
