/** The frame of a chart over time: legend, axes in text beside the drawing, grid lines. */
import type { Child } from "hono/jsx";
import type { Axis } from "./axis.ts";

export const HEIGHT = 100;

interface Props {
  /** Text alternative. */
  label: string;
  kind: "bars" | "lines";
  legend: readonly { label: string; fill: string; hint?: string }[];
  /** Further entries of the legend. */
  legendNote: Child;
  width: number;
  axis: Axis;
  /** Position of a value of the axis. */
  y: (value: number) => number;
  format: (value: number) => string;
  /** Labels of the time axis, evenly spread. */
  times: readonly string[];
  /** Drawn above the grid lines. */
  children?: Child;
}

export function Plot({ label, kind, legend, legendNote, width, axis, y, format, times, children }: Props) {
  return (
    <>
      <figcaption class="legend">
        {legend.map((entry) => (
          <span title={entry.hint}>
            <span class={`swatch ${entry.fill}`}></span>
            <bdi>{entry.label}</bdi>
          </span>
        ))}
        {legendNote}
      </figcaption>
      <div class="plot">
        <div class="axis-y number" aria-hidden="true">
          {axis.ticks.toReversed().map((value) => (
            <span>{format(value)}</span>
          ))}
        </div>
        <svg
          class={kind}
          viewBox={`0 0 ${width} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={label}
        >
          {axis.ticks.slice(1).map((value) => (
            <line class="grid-line" x1="0" x2={width} y1={y(value)} y2={y(value)} />
          ))}
          {children}
        </svg>
        <div class="axis-x number" aria-hidden="true">
          {times.map((time) => (
            <span>{time}</span>
          ))}
        </div>
      </div>
    </>
  );
}
