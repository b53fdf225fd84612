/** Utilization of one window as a bar, with a mark at the forecast for its reset. The end of the bar is 100%. */
import type { WindowRow } from "../api/windows.ts";
import { formatShare } from "../format/number.ts";

/** A mark at the edge would be cut off. */
const MAX_MARK_PERCENT = 99.7;
const percentOf = (share: number) => Math.min(100, Math.max(0, share * 100));

export function WindowBar({ row }: { row: WindowRow }) {
  const used = percentOf(row.used ?? 0);
  const forecast = row.atReset === null ? null : percentOf(row.atReset);
  const description = [row.used === null ? "not reported" : `${formatShare(row.used)} used`, row.forecast]
    .filter(Boolean)
    .join(". ");
  return (
    <svg
      class="window-bar"
      viewBox="0 0 100 10"
      preserveAspectRatio="none"
      role="img"
      aria-label={description}
    >
      <title>{description}</title>
      <rect class="fill-track" x="0" y="0" width="100" height="10" />
      {forecast !== null && forecast > used && (
        <rect class="fill-forecast" x={used} y="0" width={forecast - used} height="10" />
      )}
      <rect
        class={row.tone === "good" ? "fill-accent" : `fill-${row.tone}`}
        x="0"
        y="0"
        width={used}
        height="10"
      />
      {forecast !== null && (
        <line
          class="window-mark"
          x1={Math.min(forecast, MAX_MARK_PERCENT)}
          x2={Math.min(forecast, MAX_MARK_PERCENT)}
          y1="0"
          y2="10"
        />
      )}
    </svg>
  );
}
