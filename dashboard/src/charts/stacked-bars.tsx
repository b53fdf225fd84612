/**
 * Tokens by kind over time: stacked bars drawn by the server, axes in text beside them, and the same numbers as a table
 * behind a toggle. Zero is drawn, the running bucket is marked as unfinished.
 */
import type { Bucket } from "../api/overview.ts";
import { formatExact, formatShort } from "../format/number.ts";
import { formatMoney } from "../format/money.ts";
import { formatAbsolute, formatHour, formatShortDay } from "../format/time.ts";
import { fillOf, sumOf, TOKEN_KINDS } from "./token-kinds.ts";

interface Props {
  buckets: readonly Bucket[];
  bucketMs: number;
  zone: string;
  now: number;
  /** Where the numbers can be had as a file. */
  csvHref?: string | undefined;
}

const HEIGHT = 100;
const TICKS = 7;
const DAY_MS = 86_400_000;

export function StackedBars({ buckets, bucketMs, zone, now, csvHref }: Props) {
  const top = niceCeiling(Math.max(0, ...buckets.map((bucket) => sumOf(bucket.sums.tokens))));
  const name = (start: number) =>
    bucketMs >= DAY_MS
      ? formatShortDay(start, zone)
      : buckets.length * bucketMs > 2 * DAY_MS
        ? `${formatShortDay(start, zone)} ${formatHour(start, zone)}`
        : formatHour(start, zone);
  const unfinished = buckets.length > 0 && buckets.at(-1)!.start + bucketMs > now;
  return (
    <figure class="chart">
      <figcaption class="legend">
        {TOKEN_KINDS.map(({ key, label, hint }) => (
          <span title={hint}>
            <span class={`swatch ${fillOf[key]}`}></span>
            {label}
          </span>
        ))}
        {unfinished && (
          <span class="mute">
            <span class="swatch unfinished"></span>still running
          </span>
        )}
      </figcaption>
      <div class="plot">
        <div class="axis-y number" aria-hidden="true">
          <span>{formatShort(top)}</span>
          <span>{formatShort(top / 2)}</span>
          <span>0</span>
        </div>
        <svg
          class="bars"
          viewBox={`0 0 ${Math.max(buckets.length, 1) * 10} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Tokens per ${bucketWords(bucketMs)} by kind; the table below has the numbers`}
        >
          {[0, 50].map((y) => (
            <line class="grid-line" x1="0" x2={buckets.length * 10} y1={y} y2={y} />
          ))}
          {buckets.map((bucket, index) => (
            <Bar
              bucket={bucket}
              index={index}
              top={top}
              title={title(bucket, zone)}
              isUnfinished={unfinished && index === buckets.length - 1}
            />
          ))}
          <line class="base-line" x1="0" x2={buckets.length * 10} y1={HEIGHT} y2={HEIGHT} />
        </svg>
        <div class="axis-x number" aria-hidden="true">
          {ticks(buckets).map((start) => (
            <span>{name(start)}</span>
          ))}
        </div>
      </div>
      <details class="fold-line chart-table">
        <summary>Numbers as a table</summary>
        {csvHref && (
          <p>
            <a href={csvHref} download>
              Download as CSV
            </a>
          </p>
        )}
        <BucketTable buckets={buckets} zone={zone} />
      </details>
    </figure>
  );
}

interface BarProps {
  bucket: Bucket;
  index: number;
  top: number;
  title: string;
  isUnfinished: boolean;
}

function Bar({ bucket, index, top, title, isUnfinished }: BarProps) {
  let y = HEIGHT;
  return (
    <g class={isUnfinished ? "bar unfinished" : "bar"}>
      <title>{title}</title>
      <rect class="hit" x={index * 10} y="0" width="10" height={HEIGHT} />
      {TOKEN_KINDS.map(({ key }) => {
        const value = bucket.sums.tokens[key];
        if (value <= 0 || top === 0) return null;
        const height = (value / top) * HEIGHT;
        y -= height;
        return (
          <rect
            class={fillOf[key]}
            x={index * 10 + 1}
            y={round(y)}
            width="8"
            height={round(Math.max(height, 0.4))}
          />
        );
      })}
    </g>
  );
}

const round = (value: number) => Math.round(value * 1000) / 1000;

function title(bucket: Bucket, zone: string): string {
  const { tokens, requests } = bucket.sums;
  const kinds = TOKEN_KINDS.filter(({ key }) => tokens[key] > 0).map(
    ({ key, label }) => `${label}: ${formatExact(tokens[key])}`,
  );
  return [
    formatAbsolute(bucket.start, zone),
    `${formatExact(requests)} requests, ${formatMoney(bucket.sums.costUsd)}`,
    ...kinds,
  ].join("\n");
}

function BucketTable({ buckets, zone }: { buckets: readonly Bucket[]; zone: string }) {
  return (
    <div class="scroll" tabindex={0}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col" class="right">
              Requests
            </th>
            {TOKEN_KINDS.map(({ label }) => (
              <th scope="col" class="right">
                {label}
              </th>
            ))}
            <th scope="col" class="right">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {buckets.map((bucket) => (
            <tr>
              <td>{formatAbsolute(bucket.start, zone)}</td>
              <td class="right">{formatExact(bucket.sums.requests)}</td>
              {TOKEN_KINDS.map(({ key }) => (
                <td class="right">{formatExact(bucket.sums.tokens[key])}</td>
              ))}
              <td class="right">{bucket.sums.requests === 0 ? "–" : formatMoney(bucket.sums.costUsd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Starts of the buckets that get a label, spread evenly from first to last. */
function ticks(buckets: readonly Bucket[]): number[] {
  const count = Math.min(TICKS, buckets.length);
  return Array.from({ length: count }, (_, index) => {
    const at = count === 1 ? 0 : Math.round((index * (buckets.length - 1)) / (count - 1));
    return buckets[at]!.start;
  });
}

/** The next of 1, 2, 4, 5, 8, 10 × 10ⁿ: an axis people can read halves of. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 5, 8, 10].find((factor) => factor * power >= value) ?? 10;
  return step * power;
}

export function bucketWords(bucketMs: number): string {
  if (bucketMs >= DAY_MS) return "day";
  return bucketMs >= 3_600_000 ? "hour" : `${Math.round(bucketMs / 60_000)} minutes`;
}
