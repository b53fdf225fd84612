/** Timing of one request as a bar: time to first byte, response, outcome. */
import type { RequestRow } from "../../../workers/schemas/api/requests.ts";
import { formatDuration } from "../format/time.ts";
import { statusInfo } from "../components/ui/values.tsx";

export function TimingBar({ row }: { row: RequestRow }) {
  if (row.durationMs === null) return null;
  const total = Math.max(row.durationMs, 1);
  const waiting = row.timeToFirstByteMs === null ? total : Math.min(row.timeToFirstByteMs, total);
  const share = (waiting / total) * 1000;
  const responding = total - waiting;
  const perSecond =
    row.outputTokens !== null && responding >= 200 ? (row.outputTokens / responding) * 1000 : null;
  const info = statusInfo(row);
  return (
    <figure class="timing">
      <svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label={describe(row, waiting)}>
        <rect class="fill-waiting" x="0" y="0" width={share} height="12" />
        {row.timeToFirstByteMs !== null && (
          <rect class="fill-response" x={share} y="0" width={Math.max(1000 - share, 0)} height="12" />
        )}
        {info.tone !== "good" && <rect class={`fill-${info.tone}`} x="994" y="0" width="6" height="12" />}
      </svg>
      <figcaption>
        <span>
          <span class="swatch fill-waiting"></span>
          {row.timeToFirstByteMs === null ? "No response" : "Time to first byte"}{" "}
          <strong>{formatDuration(waiting)}</strong>
        </span>
        {row.timeToFirstByteMs !== null && (
          <span>
            <span class="swatch fill-response"></span>
            {row.stream && row.error === null ? "Streaming" : "Response"}{" "}
            <strong>{formatDuration(responding)}</strong>
            {perSecond !== null && <span class="mute"> · {Math.round(perSecond)} tokens/s</span>}
          </span>
        )}
        <span>
          Total <strong>{formatDuration(row.durationMs)}</strong>
        </span>
      </figcaption>
    </figure>
  );
}

const describe = (row: RequestRow, waiting: number) =>
  row.timeToFirstByteMs === null
    ? `No response within ${formatDuration(waiting)}`
    : `Time to first byte ${formatDuration(waiting)}, total ${formatDuration(row.durationMs)}`;
