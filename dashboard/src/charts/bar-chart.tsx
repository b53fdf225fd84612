/**
 * Stacked bars over time as SVG from the server, with axes as text and the same values as a collapsed table. The axis
 * begins at zero; a bucket that has not ended is marked. Needs no script and no inline style.
 */
import { stack, stackOffsetNone } from "d3-shape";
import { formatAbsolute, formatHour, formatShortDay } from "../format/time.ts";
import { niceAxis, sampleEvenly } from "./axis.ts";
import { HEIGHT, Plot } from "./plot.tsx";
import { WideTable } from "../components/ui/table.tsx";

export interface BarSeries {
  key: string;
  label: string;
  /** CSS class of its color. */
  fill: string;
  /** What is counted, on hover. */
  hint?: string;
}

export interface BarPoint {
  /** Epoch milliseconds. */
  start: number;
  /** Heights of the bars. */
  values: Readonly<Record<string, number>>;
  /** Further lines of the hover. */
  notes?: readonly string[];
}

/** A column of the table beside those of the series. */
export interface BarColumn {
  label: string;
  text: (point: BarPoint, index: number) => string;
}

interface Props {
  /** Text alternative: "Tokens per hour by kind". */
  label: string;
  series: readonly BarSeries[];
  points: readonly BarPoint[];
  bucketMs: number;
  zone: string;
  now: number;
  /** A value as text: of the axis (short) and of table and hover (exact). */
  format: { short: (value: number) => string; exact: (value: number, key: string, index: number) => string };
  columns?: { before?: readonly BarColumn[]; after?: readonly BarColumn[] };
  /** The values are counts: the axis has whole ticks only. */
  isWhole?: boolean;
  /** URL of the values as CSV. */
  csvHref?: string | undefined;
}

const MAX_TICKS = 7;
const DAY_MS = 86_400_000;
/** Percent of the height below which a bar would be invisible. */
const MIN_HEIGHT = 0.4;

export function BarChart(props: Props) {
  const { label, series, points, bucketMs, zone, now, format, csvHref, isWhole = false } = props;
  const keys = series.map(({ key }) => key);
  const axis = niceAxis(
    Math.max(0, ...points.map((point) => keys.reduce((sum, key) => sum + (point.values[key] ?? 0), 0))),
    { isWhole },
  );
  const layers = stack<unknown, BarPoint, string>()
    .keys(keys)
    .value((point, key) => Math.max(0, point.values[key] ?? 0))
    .offset(stackOffsetNone)(points as BarPoint[]);
  const heightOf = (value: number) => (axis.top === 0 ? 0 : (value / axis.top) * HEIGHT);
  const isUnfinished = points.length > 0 && points.at(-1)!.start + bucketMs > now;
  const width = Math.max(points.length, 1) * 10;
  return (
    <figure class="chart">
      <Plot
        label={`${label}. The table below lists the values.`}
        kind="bars"
        legend={series}
        legendNote={
          isUnfinished && (
            <span class="mute">
              <span class="swatch unfinished"></span>in progress
            </span>
          )
        }
        width={width}
        axis={axis}
        y={(value) => round(HEIGHT - heightOf(value))}
        format={format.short}
        times={sampleEvenly(points, MAX_TICKS).map(({ start }) =>
          timeLabel(start, bucketMs, points.length, zone),
        )}
      >
        {points.map((point, index) => (
          <g class={isUnfinished && index === points.length - 1 ? "bar unfinished" : "bar"}>
            <title>{tooltipOf(props, point, index)}</title>
            <rect class="hit" x={index * 10} y="0" width="10" height={HEIGHT} />
            {layers.map((layer, at) => {
              const [from, to] = layer[index]!;
              if (to <= from) return null;
              const height = Math.max(heightOf(to - from), MIN_HEIGHT);
              return (
                <rect
                  class={series[at]!.fill}
                  x={index * 10 + 1}
                  y={round(HEIGHT - heightOf(from) - height)}
                  width="8"
                  height={round(height)}
                />
              );
            })}
          </g>
        ))}
        <line class="base-line" x1="0" x2={width} y1={HEIGHT} y2={HEIGHT} />
      </Plot>
      <details class="collapsible chart-table">
        <summary>Show as table</summary>
        {csvHref && (
          <p>
            <a href={csvHref} download>
              Download CSV
            </a>
          </p>
        )}
        <PointTable {...props} />
      </details>
    </figure>
  );
}

const round = (value: number) => Math.round(value * 1000) / 1000;

function timeLabel(start: number, bucketMs: number, count: number, zone: string): string {
  if (bucketMs >= DAY_MS) return formatShortDay(start, zone);
  return count * bucketMs > 2 * DAY_MS
    ? `${formatShortDay(start, zone)} ${formatHour(start, zone)}`
    : formatHour(start, zone);
}

function tooltipOf({ series, format, zone }: Props, point: BarPoint, index: number): string {
  const values = series
    .filter(({ key }) => (point.values[key] ?? 0) > 0)
    .map(({ key, label }) => `${label}: ${format.exact(point.values[key] ?? 0, key, index)}`);
  return [formatAbsolute(point.start, zone), ...(point.notes ?? []), ...values].join("\n");
}

function PointTable({ series, points, zone, format, columns = {} }: Props) {
  const { before = [], after = [] } = columns;
  const numberColumn = ({ label, text }: BarColumn) => ({ label, isNumber: true, cell: text });
  return (
    <WideTable
      rows={points}
      columns={[
        { label: "Start", cell: ({ start }) => formatAbsolute(start, zone) },
        ...before.map(numberColumn),
        ...series.map(({ key, label }) =>
          numberColumn({ label, text: ({ values }, index) => format.exact(values[key] ?? 0, key, index) }),
        ),
        ...after.map(numberColumn),
      ]}
    />
  );
}

export function bucketLabel(bucketMs: number): string {
  if (bucketMs >= DAY_MS) return "day";
  return bucketMs >= 3_600_000 ? "hour" : `${Math.round(bucketMs / 60_000)} minutes`;
}
