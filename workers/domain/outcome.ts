/** What the outcome of an exchange says about it. */
/** How much is known of an exchange that ended so. */
export function outcomeRank(outcome: string): number {
  return outcome === "interrupted" ? 0 : outcome === "unrecorded" ? 1 : 2;
}
