/** A small line without axes, for tiles: the shape of the period, starting at zero. */

export function Spark({ values }: { values: readonly number[] }) {
  const top = Math.max(...values, 0);
  if (values.length < 2 || top === 0) return null;
  const step = 100 / (values.length - 1);
  const points = values.map((value, index) => `${round(index * step)},${round(27 - (value / top) * 24)}`);
  return (
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
      <path class="spark-area" d={`M0,28 L${points.join(" L")} L100,28 Z`} />
      <polyline class="spark-line" points={points.join(" ")} />
    </svg>
  );
}

const round = (value: number) => Math.round(value * 100) / 100;
