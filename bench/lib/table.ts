/** The result of a run: lines of measurements as a Markdown table. */
import { median, percentile, short } from "./statistics.ts";

export interface Line {
  what: string;
  unit: string;
  direct?: number;
  bare?: number;
  nexus: number;
  /** Nexus to bare: median and quartiles over the rounds. */
  ratio?: { median: number; low: number; high: number };
  /** The goal as text, and whether it is met; null without a goal. */
  goal: string;
  isMet: boolean | null;
}

/** Median and quartiles of the ratios within each round. */
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
