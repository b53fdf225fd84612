/** A small line without axes, for tiles: the shape of the period, starting at zero. What was not measured is a gap. */

export function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const top = Math.max(...values.map((value) => value ?? 0), 0);
  if (values.length < 2 || top === 0) return null;
  const step = 100 / (values.length - 1);
  return (
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
      {unbrokenRuns(values).map(({ from, run }) => {
        const points = run.map((value, index) => `${round((from + index) * step)},${heightOf(value, top)}`);
        // A single measurement is a short dash: a line of one point would not be seen.
        const line =
          run.length > 1
            ? points
            : [-0.3, 0.3].map((by) => `${clamp((from + by) * step)},${heightOf(run[0]!, top)}`);
        return (
          <>
            {run.length > 1 && (
              <path
                class="spark-area"
                d={`M${round(from * step)},28 L${points.join(" L")} L${round((from + run.length - 1) * step)},28 Z`}
              />
            )}
            <polyline class="spark-line" points={line.join(" ")} />
          </>
        );
      })}
    </svg>
  );
}

/** Unbroken runs of values with the index they begin at. */
function unbrokenRuns(values: readonly (number | null)[]): { from: number; run: number[] }[] {
  const runs: { from: number; run: number[] }[] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const last = runs.at(-1);
    if (last && last.from + last.run.length === index) last.run.push(value);
    else runs.push({ from: index, run: [value] });
  });
  return runs;
}

const heightOf = (value: number, top: number) => round(27 - (value / top) * 24);
const clamp = (x: number) => round(Math.min(100, Math.max(0, x)));
const round = (value: number) => Math.round(value * 100) / 100;
