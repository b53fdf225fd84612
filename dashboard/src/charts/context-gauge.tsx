/** Context of the latest request as a bar, relative to the context window of its model, with the number beside it. */
import { contextWindow } from "../../../workers/domain/messages/context-window.ts";
import { formatExact, formatShare, formatShort } from "../format/number.ts";

interface Props {
  tokens: number | null;
  model: string | null;
  /** Values of `anthropic-beta`, where they are known. */
  betas?: string;
  /** Shows the size of the window, too. */
  showsWindow?: boolean;
}

/** From this share of the window on a client will soon summarise. */
export const NEARLY_FULL_SHARE = 0.8;

export function ContextGauge({ tokens, model, betas, showsWindow = false }: Props) {
  if (tokens === null) return <span class="mute">–</span>;
  const window = contextWindow(model, tokens, betas);
  const share = Math.min(1, tokens / window.tokens);
  const tone = share >= NEARLY_FULL_SHARE ? "fill-warning" : "fill-accent";
  const description = `${formatExact(tokens)} input and output tokens: ${formatShare(share)} of a context window of ${formatExact(window.tokens)} (${window.reason})`;
  return (
    <span class="context-gauge" title={description}>
      <svg viewBox="0 0 24 10" width="24" height="10" aria-hidden="true">
        <rect class="fill-track" x="0" y="0" width="24" height="10" rx="2" />
        <rect class={tone} x="0" y="0" width={Math.max(share * 24, 0.6)} height="10" rx="2" />
      </svg>
      <span class="number">{formatShort(tokens)}</span>
      {showsWindow && <span class="mute">of {formatShort(window.tokens)}</span>}
    </span>
  );
}
