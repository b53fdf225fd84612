/** Which attempts of an analysis count towards their limit, when there is another one, and which the provider may have billed. Pure. */
import { DAY_MS } from "../../runtime/constants.ts";
import type { AnalysisError, AnalysisFailureCode, AnalysisWait } from "../../schemas/analysis.ts";
import { backoffMs } from "./model-call.ts";

/** Code of an attempt whose estimated cost the budget does not cover. */
export const OVER_BUDGET = "over_budget";
/** The attempt waits for something and has read nothing. */
const REFUSALS: ReadonlyMap<string, AnalysisWait> = new Map<AnalysisFailureCode, AnalysisWait>([
  ["rate_limited", "provider"],
  ["quota_day", "provider"],
  [OVER_BUDGET, "budget"],
]);
/** The provider was not called, or rejected the request unread. A timeout or an error of the provider may have been billed. */
const UNBILLED: ReadonlySet<string> = new Set<AnalysisFailureCode>([
  "rate_limited",
  "quota_day",
  OVER_BUDGET,
  "domain_off",
  "no_branch",
  "no_transcript",
  "not_prepared",
  "not_configured",
  "not_called",
  "model_gone",
  "key_rejected",
  "rejected",
  "no_output_config",
]);
/** Refusals of one analysis; their delays grow to 15 minutes. */
const MAX_REFUSALS = 30;
const MAX_REFUSED_MS = 3 * DAY_MS;

/** An analysis before the end of its attempt number `attempts`, or between two. */
export interface Tries {
  attempts: number;
  errors: readonly Pick<AnalysisError, "code" | "at">[];
}

/** Attempts that count towards AI_ANALYSIS_MAX_RETRIES: a refusal does not. */
export function countedAttempts({ attempts, errors }: Tries): number {
  return attempts - refusalsOf(errors).length;
}

/** Whether an attempt that ended with this code was the last one: of refusals 30, or those of three days. */
export function isLastAttempt(tries: Tries, code: string, maxAttempts: number, now: Date): boolean {
  if (!REFUSALS.has(code)) return countedAttempts(tries) >= maxAttempts;
  const refusals = refusalsOf(tries.errors);
  const [first] = refusals;
  const isLate = first !== undefined && now.getTime() - Date.parse(first.at) > MAX_REFUSED_MS;
  return isLate || refusals.length + 1 >= MAX_REFUSALS;
}

/** Milliseconds until the next attempt; `retryAfterMs`: as the provider says. */
export function retryDelayMs(tries: Tries, code: string, retryAfterMs: number | undefined): number {
  if (!REFUSALS.has(code)) return retryAfterMs ?? backoffMs(countedAttempts(tries));
  return Math.max(retryAfterMs ?? 0, backoffMs(refusalsOf(tries.errors).length + 1));
}

/** What the next attempt waits for after one that ended with this code. */
export function waitAfter(code: string): AnalysisWait | null {
  return REFUSALS.get(code) ?? null;
}

/** Whether the provider may have billed an attempt that ended with this code and has no usage. */
export function mayBeBilled(code: string): boolean {
  return !UNBILLED.has(code);
}

/** The note of an analysis that ends with the text of an earlier attempt, whose note is `note`. */
export function keptNote(note: string | null, failure: string): string {
  return `${note ?? ""} No later attempt returned a better one: ${failure}`.trim();
}

function refusalsOf(errors: Tries["errors"]) {
  return errors.filter(({ code }) => REFUSALS.has(code));
}
