/** A bar divided by kind; lists of names with bars and shares. Widths are SVG attributes: the policy forbids inline styles. */
import { formatExact, formatShare } from "../format/number.ts";
import { totalTokens, TOKEN_KINDS, type TokensByKind } from "../format/token-kinds.ts";

export function TokenKindBar({ tokens }: { tokens: TokensByKind }) {
  const total = totalTokens(tokens);
  if (total === 0) return null;
  let x = 0;
  const description = TOKEN_KINDS.filter(({ key }) => tokens[key] > 0)
    .map(({ key, label }) => `${label} ${formatExact(tokens[key])} (${formatShare(tokens[key] / total)})`)
    .join(", ");
  return (
    <svg class="kind-bar" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img" aria-label={description}>
      <title>{description}</title>
      {TOKEN_KINDS.map(({ key, fill }) => {
        const width = (tokens[key] / total) * 1000;
        const start = x;
        x += width;
        return width > 0 ? <rect class={fill} x={start} y="0" width={width} height="8" /> : null;
      })}
    </svg>
  );
}

/** A plain bar for a share 0…1. */
export function ShareBar({ share }: { share: number }) {
  return (
    <svg class="share-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="fill-track" x="0" y="0" width="100" height="6" />
      <rect class="fill-accent" x="0" y="0" width={Math.max(share * 100, share > 0 ? 0.6 : 0)} height="6" />
    </svg>
  );
}

/** A share in a table: bar and number; null where it is unknown. */
export function Share({ share }: { share: number | null }) {
  return (
    <>
      <ShareBar share={share ?? 0} />
      <span class="number mute">{formatShare(share)}</span>
    </>
  );
}
