/**
 * A stream as it came: time from left to right, a bar wherever events came, as high as they were many, gaps where nothing did.
 * Drawn by the server in per cent and pixels, so that words keep their size at any width.
 */
import { scaleLinear } from "d3-scale";
import type { Child } from "hono/jsx";
import { formatCount } from "../format/number.ts";
import { formatExactMs, pauseName, formatRound, type StreamTimes } from "../transcript/stream-times.ts";

interface Props {
  times: StreamTimes;
  /** Outcome of the request; a mark at the end unless good. */
  ended: "good" | "warning" | "error" | "mute";
  /** What an event is called beside its pause. */
  eventName: (event: number) => Child;
}

/** Horizontal resolution of the drawing. */
const COLUMNS = 240;
/** Pixels from the top: names of pauses, then the bars down to the base, then the axis. */
const TOP = 18;
const BASE = 66;
const HEIGHT = 86;
const TICK_COUNT = 5;

export function ChunkTimeline({ times, ended, eventName }: Props) {
  const { totalMs, firstMs, pauses, pauseThresholdMs } = times;
  const at = (ms: number) => `${round((Math.min(ms, totalMs) / totalMs) * 100)}%`;
  const widthOf = (ms: number) => `${round((ms / totalMs) * 100)}%`;
  return (
    <figure class="chunk-timeline">
      <figcaption class="legend">
        <span>
          <span class="swatch chunk-wait"></span>Stream started after{" "}
          <strong>{formatExactMs(firstMs)}</strong>
        </span>
        <span>
          <span class="swatch fill-response"></span>
          Events,{" "}
          {times.events.some((ms) => ms === null)
            ? "only those with recorded times"
            : "at the time they arrived"}
        </span>
        {pauses.length > 0 && (
          <span>
            <span class="swatch pause"></span>Pauses of {formatRound(pauseThresholdMs)} or more
          </span>
        )}
        <span>
          Total <strong>{formatExactMs(totalMs)}</strong>
        </span>
      </figcaption>
      <svg width="100%" height={HEIGHT} role="img" aria-label={descriptionOf(times)}>
        {scaleLinear([0, totalMs], [0, 1])
          .ticks(TICK_COUNT)
          .map((ms) => (
            <g>
              <line class="grid-line" x1={at(ms)} x2={at(ms)} y1={TOP} y2={BASE + 4} />
              <text class="chunk-tick" x={at(ms)} y={HEIGHT - 4} text-anchor={anchorOf(ms / totalMs)}>
                {tickLabel(ms, totalMs)}
              </text>
            </g>
          ))}
        <rect class="chunk-wait" x="0" y={TOP} width={widthOf(firstMs)} height={BASE - TOP} />
        {pauses.map(({ fromMs, toMs }, index) => (
          <g>
            <title>{`Pause ${pauseName(index)}: ${formatExactMs(toMs - fromMs)}`}</title>
            <rect
              class="chunk-pause"
              x={at(fromMs)}
              y={TOP}
              width={widthOf(toMs - fromMs)}
              height={BASE - TOP}
            />
            <text class="chunk-name" x={at((fromMs + toMs) / 2)} y={TOP - 5} text-anchor="middle">
              {pauseName(index)}
            </text>
          </g>
        ))}
        <svg
          y={TOP}
          width="100%"
          height={BASE - TOP}
          viewBox={`0 0 ${COLUMNS} 1`}
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <path class="fill-response" d={barPath(times)} />
        </svg>
        <line class="base-line" x1="0" x2="100%" y1={BASE} y2={BASE} />
        <line class="chunk-first" x1={at(firstMs)} x2={at(firstMs)} y1={TOP - 4} y2={BASE} />
        {ended !== "good" && (
          <rect class={`fill-${ended} chunk-end`} x="100%" y={TOP} width="4" height={BASE - TOP} />
        )}
      </svg>
      <Pauses times={times} eventName={eventName} />
    </figure>
  );
}

function Pauses({ times: { pauses, pauseThresholdMs }, eventName }: Pick<Props, "times" | "eventName">) {
  if (pauses.length === 0)
    return <p class="pauses mute">No pauses of {formatRound(pauseThresholdMs)} or more.</p>;
  return (
    <ul class="pauses" aria-label="Pauses">
      {pauses.map(({ event, fromMs, toMs }, index) => (
        <li>
          <b class="pause-name">{pauseName(index)}</b>{" "}
          <strong class="number">{formatExactMs(toMs - fromMs)}</strong> <span class="mute">before</span>{" "}
          {event === null ? "the end" : eventName(event)}
        </li>
      ))}
    </ul>
  );
}

const round = (value: number) => Math.round(value * 100) / 100;
const anchorOf = (share: number) => (share < 0.02 ? "start" : share > 0.96 ? "end" : "middle");

/** Round numbers of one unit all along the axis. */
function tickLabel(ms: number, totalMs: number): string {
  return totalMs < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

/** A bar per column that has events; the height is the root of their number, so that one is seen beside a hundred. */
function barPath({ events, totalMs }: StreamTimes): string {
  const counts = new Map<number, number>();
  for (const ms of events) {
    if (ms === null) continue;
    const column = Math.min(COLUMNS - 1, Math.floor((ms / totalMs) * COLUMNS));
    counts.set(column, (counts.get(column) ?? 0) + 1);
  }
  const highest = Math.max(1, ...counts.values());
  return [...counts]
    .map(([column, count]) => `M${column} 1v-${round(Math.sqrt(count / highest) * 0.96)}h.84V1z`)
    .join("");
}

/** Text alternative of the drawing; the pauses are listed below it. */
function descriptionOf({ events, firstMs, totalMs, pauses, pauseThresholdMs }: StreamTimes): string {
  const longest = pauses.reduce((highest, { fromMs, toMs }) => Math.max(highest, toMs - fromMs), 0);
  const paused =
    pauses.length === 0
      ? `no pauses of ${formatRound(pauseThresholdMs)} or more`
      : `${formatCount(pauses.length, "pause")} of ${formatRound(pauseThresholdMs)} or more, longest ${formatExactMs(longest)}`;
  return `${formatCount(events.length, "event")} in ${formatExactMs(totalMs)}: stream started after ${formatExactMs(firstMs)}, ${paused}`;
}
