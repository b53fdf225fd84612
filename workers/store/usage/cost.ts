/** What sums of exchanges cost, as the API says it. */
import { usdText } from "../../domain/pricing/usd.ts";

export { usdText };

/** A sum's cost: null when something should have been priced and nothing could be. */
export function sumUsdText(pico: bigint, unpricedCount: number): string | null {
  return pico === 0n && unpricedCount > 0 ? null : usdText(pico);
}
