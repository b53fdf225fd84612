/**
 * Prices an exchange from its stored columns, so that ingest and `npx nexus reprice` give the same result. A model without a
 * price gives null, never 0. Inferred figures are marked; the cost of a response that was cut off is marked as a floor.
 * Reference: docs/pricing.md.
 */
import type { Bill, BillLine, ModelShare } from "../../schemas/cost.ts";
import { byField, TOKEN_KINDS } from "../../schemas/tokens.ts";
import { type NoteCode, billTotal } from "./cost-breakdown.ts";
import { PRICE_VERSION, findRates } from "./rates.ts";
import { SERVER_TOOL_PRICES } from "./price-table.ts";
import { type Inference, inferencesOf, servedModel, type UsageContext } from "./billable-usage.ts";
import { isObject, type JsonObject } from "../json/json.ts";
import { INCOMPLETE_TYPES, refusedBy } from "../outcome.ts";
import { isSameModel } from "../model-id.ts";
import {
  hasInvalidCounts,
  hasTokenCounts,
  serverToolUse,
  tokenCounts,
  type TokenCounts,
} from "../usage/token-usage.ts";
import { parseUsd } from "./usd.ts";

export interface PricingInput extends UsageContext {
  /** The endpoint's name (endpoint.ts). */
  endpoint: string;
  method: string;
  /** Start of the exchange; its UTC day selects the price. */
  at: Date;
  /** Null without a response. */
  status: number | null;
  errorType: string | null;
  /** Null where upstream sent no response headers. */
  timeToFirstByteMs: number | null;
  /** How often the request was sent to Claude; null where it is not known. */
  upstreamAttempts: number | null;
  /** Of the creation of a message batch: its results are counted with the exchanges that downloaded them. */
  areResultsCounted?: boolean;
}

export interface Price {
  /** Integer pico-dollars; null = unpriced: the model or the usage is unknown. */
  costPico: bigint | null;
  breakdown: Bill;
  /** What belongs to other models than the requested one; the rest is the requested model's. Rarely any. */
  shares: ModelShare[];
  /** Version of the price table and rules. */
  priceVersion: string;
}

/** POST endpoints whose cost is reported elsewhere, or not at all. The other endpoints except messages are free. */
const BILLED_ELSEWHERE: readonly string[] = [
  "batches",
  "complete",
  "sessions",
  "session",
  "session_events",
  "session_threads",
  "environment_work",
  "deployments",
  "deployment_runs",
  "dreams",
  "other",
];

/** The cost of one exchange. `usage` as stored: verbatim, streams merged. Never throws. */
export function priceExchange(usage: JsonObject | null, input: PricingInput): Price {
  const inferences = usage === null ? null : inferencesOf(usage, input);
  if (usage === null || inferences === null) return priceWithoutUsage(input);
  const models: string[] = [];
  const lines: BillLine[] = [];
  const notes = new Set<NoteCode>(notesOn(usage, input));
  const shares = new Shares(input.model);
  let isPriced = !notes.has("invalid_usage");
  for (const inference of inferences) {
    const priced = priceInference(inference, usage, input.at);
    for (const note of priced.notes) notes.add(note);
    if (priced.isMissing) isPriced = false;
    shares.add(inference.model, inference.counts, priced.lines.map(unattributed));
    const name = inference.model ?? "";
    if (priced.lines.length > 0 && !models.includes(name)) models.push(name);
    const at = models.indexOf(name);
    lines.push(
      ...priced.lines.map(([kind, quantity, rate, note]) =>
        trimmed([kind, quantity, rate, at === 0 ? null : at, inference.entry, note]),
      ),
    );
  }
  const tools = serverToolLines(usage);
  lines.push(...tools);
  shares.add(servedModel(input), tokenCounts(null), tools);
  const breakdown: Bill = { models, lines };
  if (notes.size > 0) breakdown.notes = [...notes];
  const dependsOnReceived = input.isPartial || input.stopReason === "refusal";
  if (dependsOnReceived && input.receivedTokens !== null) breakdown.received = input.receivedTokens;
  return {
    costPico: isPriced ? billTotal(breakdown) : null,
    breakdown,
    shares: shares.list().map((share) => (isPriced ? share : unpricedShare(share))),
    priceVersion: PRICE_VERSION,
  };
}

/** The tokens and cost of models other than the requested one, by model. */
class Shares {
  readonly #requested: string | null;
  readonly #shares = new Map<string, ModelShare>();

  constructor(requested: string | null) {
    this.#requested = requested;
  }

  add(model: string | null, counts: TokenCounts, lines: readonly BillLine[]): void {
    if (model === null || (this.#requested !== null && isSameModel(model, this.#requested))) return;
    const cost = billTotal({ models: [], lines: [...lines] });
    if (cost === 0n && lines.length === 0 && !hasTokenCounts(counts)) return;
    const share = this.#shares.get(model);
    this.#shares.set(model, {
      ...byField(TOKEN_KINDS, ({ field }) => (share?.[field] ?? 0) + (counts[field] ?? 0)),
      model,
      costPico: String(BigInt(share?.costPico ?? 0) + cost),
    });
  }

  list(): ModelShare[] {
    return [...this.#shares.values()];
  }
}

/** The share of a model in an exchange that has no price: its tokens count, no cost does. */
export function unpricedShare(share: ModelShare): ModelShare {
  return { ...share, costPico: "0", isUnpriced: true };
}

const unattributed = ([kind, quantity, rate]: PricedLine): BillLine => [kind, quantity, rate];

type PricedLine = [kind: string, tokens: number, rate: number | null, note: NoteCode | null];

function priceInference(
  inference: Inference,
  usage: JsonObject,
  at: Date,
): { lines: PricedLine[]; notes: NoteCode[]; isMissing: boolean } {
  const { model, lines, promptTokens, freeReason: free, isUsGeography } = inference;
  if (free !== null)
    return {
      lines: lines.map(({ kind, tokens }): PricedLine => [kind, tokens, 0, free]),
      notes: [],
      isMissing: false,
    };
  const notes: NoteCode[] = inference.isContradictory ? ["contradictory_usage"] : [];
  const query = { model, at, promptTokens, isUsGeography, isBatch: usage["service_tier"] === "batch" };
  let result = findRates({ ...query, isFast: inference.isFast });
  if (result.problem === "no_fast_price" && inference.isSpeedInherited) {
    result = findRates({ ...query, isFast: false });
    notes.push("speed_not_told");
  }
  const { rates, problem } = result;
  if (result.problem === null) notes.push(...result.modifiers);
  return {
    lines: lines.map(({ kind, tokens, mark }): PricedLine =>
      rates ? [kind, tokens, Number(rates[kind]), mark] : [kind, tokens, null, problem],
    ),
    notes,
    // An inference without tokens needs no price.
    isMissing: rates === null && lines.length > 0,
  };
}

/** Lines of server tools. Those not billed per request are listed without a price and not summed. */
function serverToolLines(usage: JsonObject): BillLine[] {
  const uses = Object.entries(serverToolUse(usage) ?? {}).filter(([, count]) => count > 0);
  return uses.map(([tool, count]) => {
    const price = Object.hasOwn(SERVER_TOOL_PRICES, tool) ? SERVER_TOOL_PRICES[tool] : null;
    return price == null
      ? trimmed([tool, count, null, null, null, "not_billed_per_request"])
      : trimmed([tool, count, Number(parseUsd(price) / 1_000n)]);
  });
}

/** Notes on the bill as a whole. */
function notesOn(usage: JsonObject, { isPartial }: PricingInput): NoteCode[] {
  const { service_tier: tier, inference_geo: geography, fallback_credit: credit } = usage;
  const notes: NoteCode[] = isPartial ? ["cut_off"] : [];
  if (hasInvalidCounts(usage, isPartial)) notes.push("invalid_usage");
  if (typeof tier === "string" && tier !== "standard" && tier !== "batch") notes.push("other_service_tier");
  if (typeof geography === "string" && !KNOWN_GEOGRAPHIES.includes(geography)) notes.push("other_geography");
  const status = isObject(credit) ? credit["status"] : null;
  if (isObject(status) && status["type"] === "redeemed") notes.push("fallback_credit");
  return notes;
}

const KNOWN_GEOGRAPHIES = ["us", "global", "not_available", ""];

/** Errors of upstream and free endpoints cost nothing; a response without usage has no price. */
function priceWithoutUsage(input: PricingInput): Price {
  const { endpoint, method, status, errorType, upstreamAttempts, isPartial } = input;
  const isMessage = endpoint === "messages";
  const isBilled = isMessage || (method.toUpperCase() === "POST" && BILLED_ELSEWHERE.includes(endpoint));
  if (!isBilled) return emptyPrice(0n, "free_endpoint");
  if (upstreamAttempts === 0) return emptyPrice(0n, "not_sent");
  // The proxy's own 401 follows one of upstream. Its other errors do not show whether Claude has processed the request.
  if (refusedBy(input) === "nexus" && status !== 401) return emptyPrice(null, "response_lost");
  const isErrorStatus = status !== null && (status < 200 || status >= 300);
  const isIncomplete = errorType !== null && INCOMPLETE_TYPES.includes(errorType);
  const isErrorBody = errorType !== null && !isIncomplete && !isPartial;
  if (isErrorStatus || isErrorBody) return emptyPrice(0n, "error_not_billed");
  // Without the batch's id, its results are not recognised.
  if (endpoint === "batches" && (isIncomplete || status === null)) return emptyPrice(null, "response_lost");
  if (endpoint === "batches")
    return input.areResultsCounted ? emptyPrice(0n, "batch_counted") : emptyPrice(null, "batch_pending");
  return emptyPrice(null, isMessage ? "usage_unknown" : "billed_elsewhere");
}

function emptyPrice(costPico: bigint | null, note: NoteCode): Price {
  const breakdown: Bill = { models: [], lines: [], notes: [note] };
  return { costPico, breakdown, shares: [], priceVersion: PRICE_VERSION };
}

/** The line without trailing nulls. */
function trimmed(line: BillLine): BillLine {
  const copy = [...line] as BillLine;
  while (copy.length > 3 && (copy.at(-1) ?? null) === null) copy.pop();
  return copy;
}
