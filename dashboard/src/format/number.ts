/**
 * Numbers as people read them: short in tiles (3 significant digits), exact in tables and on hover.
 * Every function takes null for "not known" and returns an en dash for it, never 0.
 */

/** Shown for an unknown value. */
export const UNKNOWN = "–";

const integerFormat = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const UNITS = [
  { from: 1e12, unit: "T" },
  { from: 1e9, unit: "B" },
  { from: 1e6, unit: "M" },
  { from: 1e3, unit: "k" },
] as const;

/** 1234567 → "1,234,567". */
export function formatExact(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? UNKNOWN
    : integerFormat.format(value);
}

/** Three significant digits: 999 → "999", 1284 → "1,284", 31420 → "31.4k", 1.9e6 → "1.9M". Exact below 10,000. */
export function formatShort(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size < 10_000) return formatExact(value);
  for (let index = UNITS.length - 1; index >= 0; index--) {
    const { from, unit } = UNITS[index]!;
    const scaled = Number((value / from).toPrecision(3));
    // 999,950 would round to 1000k; the next unit gives 1M.
    if (Math.abs(scaled) < 1000 || index === 0) return `${threeDigits(scaled)}${unit}`;
  }
  return formatExact(value);
}

const threeDigits = (value: number) =>
  new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 }).format(value);

/** A share 0…1 in percent: 0.9134 → "91%", 0.004 → "0.4%", tiny but non-zero shares → "<0.1%". */
export function formatShare(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return UNKNOWN;
  const percent = share * 100;
  if (percent === 0) return "0%";
  if (Math.abs(percent) < 0.1) return percent > 0 ? "<0.1%" : ">−0.1%";
  if (Math.abs(percent) < 10) return `${trimZeros(percent.toFixed(1))}%`;
  // A share below 1 never shows as "100%".
  if (percent > 99.5 && percent < 100) return `${trimZeros((Math.floor(percent * 10) / 10).toFixed(1))}%`;
  return `${formatExact(Math.round(percent))}%`;
}

export const NO_EARLIER_DATA = "no earlier data";

/** Change against the previous period: "+12%", "−3%", "±0%"; null where a value is unknown. */
export function formatChange(now: number | null, before: number | null): string | null {
  if (now === null || before === null || !Number.isFinite(now) || !Number.isFinite(before)) return null;
  if (before === 0) return now === 0 ? null : NO_EARLIER_DATA;
  const percent = Math.round(((now - before) / before) * 100);
  if (percent === 0) return "±0%";
  return `${percent > 0 ? "+" : "−"}${formatExact(Math.abs(percent))}%`;
}

/** Bytes with binary steps and decimal names people know: 812 → "812 B", 50535 → "49.4 KB". */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return UNKNOWN;
  if (bytes < 1024) return `${formatExact(bytes)} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let size = bytes;
  let step = -1;
  while (size >= 1024 && step < units.length - 1) {
    size /= 1024;
    step++;
  }
  return `${trimZeros(size >= 100 ? size.toFixed(0) : size.toFixed(1))} ${units[step]!}`;
}

/** "1 request", "1,284 requests". */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatExact(count)} ${count === 1 ? one : many}`;
}

const trimZeros = (text: string) => text.replace(/\.0$/, "");
