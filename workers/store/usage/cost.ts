/** Costs of several exchanges as the API returns them. */
import { formatUsd } from "../../domain/pricing/usd.ts";

/** Null if exchanges should have a price and none has. */
export function sumUsdText(pico: bigint, unpricedCount: number): string | null {
  return pico === 0n && unpricedCount > 0 ? null : formatUsd(pico);
}
