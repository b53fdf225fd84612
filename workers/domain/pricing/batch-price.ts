/** The price of the results of a message batch: a sum over messages that are priced one by one, at batch rates. */
import type { Bill, BilledMessage, BillLine, ModelShare } from "../../schemas/cost.ts";
import { byField, TOKEN_KINDS } from "../../schemas/tokens.ts";
import { MAX_COUNT, totalTokenCounts, type TokenCounts } from "../usage/token-usage.ts";
import { type Price, priceExchange, unpricedShare } from "./price.ts";
import { PRICE_VERSION } from "./rates.ts";

type Sum = Record<(typeof TOKEN_KINDS)[number]["field"], number> & { cost: bigint };
const emptySum = (): Sum => ({ ...byField(TOKEN_KINDS, () => 0), cost: 0n });

/** Adds messages up; holds one line per model, kind and rate, however many they are. */
export class BatchPrice {
  readonly #at: Date;
  readonly #models: string[] = [];
  readonly #lines = new Map<string, BillLine>();
  readonly #notes = new Set<string>();
  readonly #shares = new Map<string, Sum>();
  readonly #total = emptySum();
  #isPriced = true;

  /** `at`: its UTC day selects the prices. */
  constructor(at: Date) {
    this.#at = at;
  }

  add({ model, stopReason, receivedTokens, usage }: BilledMessage): void {
    const counts = totalTokenCounts(usage);
    const { costPico, breakdown, shares } = priceExchange(usage && { ...usage, service_tier: "batch" }, {
      endpoint: "messages",
      method: "POST",
      at: this.#at,
      model,
      modelServed: model,
      stopReason,
      receivedTokens,
      isPartial: false,
      status: 200,
      errorType: null,
      timeToFirstByteMs: 0,
      upstreamAttempts: 1,
    });
    if (costPico === null) this.#isPriced = false;
    for (const line of breakdown.lines) this.#addLine(line, breakdown.models);
    for (const note of breakdown.notes ?? []) this.#notes.add(note);
    const whole = { ...byField(TOKEN_KINDS, ({ field }) => counts[field] ?? 0), cost: costPico ?? 0n };
    addTo(this.#total, whole, 1);
    for (const { costPico: cost, model: other, ...tokens } of shares) {
      const share = { ...byField(TOKEN_KINDS, ({ field }) => tokens[field]), cost: BigInt(cost) };
      addTo(this.#shareOf(other), share, 1);
      addTo(whole, share, -1);
    }
    if (model !== null) addTo(this.#shareOf(model), whole, 1);
  }

  #shareOf(model: string): Sum {
    const known = this.#shares.get(model);
    const share = known ?? emptySum();
    if (!known) this.#shares.set(model, share);
    return share;
  }

  #addLine([kind, quantity, rate, at, entry, note]: BillLine, models: readonly string[]): void {
    const name = models[at ?? 0] ?? "";
    if (!this.#models.includes(name)) this.#models.push(name);
    const key = JSON.stringify([kind, rate, name, entry ?? null, note ?? null]);
    const before = this.#lines.get(key)?.[1] ?? 0;
    const line = [kind, before + quantity, rate, this.#models.indexOf(name), entry ?? null, note ?? null];
    this.#lines.set(key, line as BillLine);
  }

  price(): Price & { counts: TokenCounts } {
    const breakdown: Bill = { models: this.#models, lines: [...this.#lines.values()] };
    if (this.#notes.size > 0) breakdown.notes = [...this.#notes];
    const shares = [...this.#shares].map(([model, { cost, ...tokens }]): ModelShare => {
      const share = { ...tokens, model, costPico: cost.toString() };
      return this.#isPriced ? share : unpricedShare(share);
    });
    return {
      costPico: this.#isPriced ? this.#total.cost : null,
      breakdown,
      shares,
      priceVersion: PRICE_VERSION,
      counts: byField(TOKEN_KINDS, ({ field }) => Math.min(this.#total[field], MAX_COUNT)),
    };
  }
}

function addTo(sum: Sum, other: Sum, sign: 1 | -1): void {
  for (const { field } of TOKEN_KINDS) sum[field] += sign * other[field];
  sum.cost += BigInt(sign) * other.cost;
}
