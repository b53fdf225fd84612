/** How full the context was at the latest request: a small battery, the number beside it. */
import { formatExact, formatShort } from "../format/number.ts";

/** What most models take; a larger one is simply full here, and the number says the rest. */
const USUAL_CONTEXT = 200_000;

export function ContextBattery({ tokens }: { tokens: number | null }) {
  if (tokens === null) return <span class="mute">–</span>;
  const share = Math.min(1, tokens / USUAL_CONTEXT);
  const tone = share >= 0.9 ? "fill-warning" : "fill-accent";
  const words = `${formatExact(tokens)} tokens of prompt and answer in the latest request; most models take ${formatExact(USUAL_CONTEXT)}`;
  return (
    <span class="battery" title={words}>
      <svg viewBox="0 0 24 10" width="24" height="10" aria-hidden="true">
        <rect class="fill-track" x="0" y="0" width="24" height="10" rx="2" />
        <rect class={tone} x="0" y="0" width={Math.max(share * 24, 0.6)} height="10" rx="2" />
      </svg>
      <span class="number">{formatShort(tokens)}</span>
    </span>
  );
}
