/** What sums of exchanges cost, as the API says it. */
import { formatUsd } from "../../domain/pricing/usd.ts";

export { formatUsd as usdText };

/** A sum's cost: null when something should have been priced and nothing could be. */
export function sumUsdText(pico: bigint, unpricedCount: number): string | null {
  return pico === 0n && unpricedCount > 0 ? null : formatUsd(pico);
}
