/** Lines over time, drawn by the server: each starts at zero on the left axis, what was not measured is a gap. */
import { line } from "d3-shape";
import { formatAbsolute, formatHour, formatShortDay } from "../format/time.ts";
import { niceAxis, timeAxis } from "./axis.ts";
import { HEIGHT, Plot } from "./plot.tsx";

export interface LinePoint {
  /** Epoch milliseconds. */
  at: number;
  value: number | null;
}

export interface Line {
  label: string;
  /** 1 to 8: which of the series' colours. */
  color: number;
  points: readonly LinePoint[];
  /** Expected point after the last one. */
  forecast?: LinePoint | undefined;
}

interface Props {
  label: string;
  lines: readonly Line[];
  /** The time axis covers this period, and more up to full hours or days. */
  from: number;
  to: number;
  /** A value that is a limit, drawn as such. */
  limit?: number;
  zone: string;
  format: (value: number) => string;
}

const WIDTH = 1000;
const DAY_MS = 86_400_000;

export function LineChart({ label, lines, limit, zone, format, ...period }: Props) {
  const times = timeAxis(period.from, period.to, zone);
  const [from, to] = [times[0]!, times.at(-1)!];
  const values = lines.flatMap(({ points, forecast }) =>
    [...points, ...(forecast ? [forecast] : [])].map((point) => point.value ?? 0),
  );
  const axis = niceAxis(Math.max(limit ?? 0, ...values));
  const x = (at: number) => round(((at - from) / (to - from)) * WIDTH);
  const y = (value: number) => round(HEIGHT - (axis.top === 0 ? 0 : (value / axis.top) * HEIGHT));
  const draw = line<LinePoint>()
    .defined((point) => point.value !== null)
    .x((point) => x(point.at))
    .y((point) => y(point.value ?? 0));
  const name = (at: number) => (to - from > 2 * DAY_MS ? formatShortDay(at, zone) : formatHour(at, zone));
  return (
    <figure class="chart">
      <Plot
        label={label}
        kind="lines"
        legend={lines.map((one) => ({ label: one.label, fill: `fill-series-${one.color}` }))}
        legendNote={lines.some((one) => one.forecast) && <span class="mute">dashed: forecast</span>}
        width={WIDTH}
        axis={axis}
        y={y}
        format={format}
        times={times.map(name)}
      >
        <line class="base-line" x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
        {limit !== undefined && (
          <line class="limit-line" x1="0" x2={WIDTH} y1={y(limit)} y2={y(limit)}>
            <title>{`Limit: ${format(limit)}`}</title>
          </line>
        )}
        {lines.map((one) => {
          const last = one.points.findLast((point) => point.value !== null);
          return (
            <g>
              <title>{summary(one, zone, format)}</title>
              <path class={`line stroke-series-${one.color}`} d={draw(one.points) ?? ""} />
              {last && one.forecast && (
                <path
                  class={`line forecast stroke-series-${one.color}`}
                  d={draw([last, one.forecast]) ?? ""}
                />
              )}
            </g>
          );
        })}
      </Plot>
    </figure>
  );
}

const round = (value: number) => Math.round(value * 100) / 100;

function summary(one: Line, zone: string, format: (value: number) => string): string {
  const last = one.points.findLast((point) => point.value !== null);
  if (!last) return `${one.label}: no data`;
  return `${one.label}: ${format(last.value ?? 0)} at ${formatAbsolute(last.at, zone)}`;
}
