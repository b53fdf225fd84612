/**
 * The price table: one row per model, period and prompt length. Read by rates.ts, and by texts that state a price.
 * For a price change, add a row and end the old one; never edit a rate that has been charged (docs/pricing.md).
 * `npx nexus reprice` then prices stored requests by the new table.
 */

export interface PriceRow {
  /** Model ids, as isModel of workers/domain/model-id.ts compares them. */
  models: readonly string[];
  /** First day (UTC) of this price; null: since the model's release. */
  from: string | null;
  /** First day (UTC) after this price; null: still valid. */
  to: string | null;
  /** Applies to prompts longer than this, in tokens (input + cache reads + cache writes). */
  promptAbove: number;
  /** Maximum prompt length; null: none. The length determines the price of the whole request, output included. */
  promptUpTo: number | null;
  /** Dollars per million tokens, as published. */
  input: string;
  write5m: string;
  write1h: string;
  read: string;
  output: string;
  /** Rates of fast mode; "standard": fast mode costs the standard price; null: the model has no fast mode. */
  fast: { input: string; output: string } | "standard" | null;
  /** US-only inference costs 10 % more; models before 4.6 do not offer it. */
  usGeography: boolean;
  source: string;
  /** Day on which `source` was last checked. */
  checked: string;
}

const PRICING_PAGE = "https://platform.claude.com/docs/en/about-claude/pricing";
const CHECKED_AUGUST = { source: PRICING_PAGE, checked: "2026-08-22" };
const CHECKED_OCTOBER = { source: PRICING_PAGE, checked: "2026-10-27" };
const ALWAYS = { from: null, to: null };
const ANY_PROMPT = { promptAbove: 0, promptUpTo: null };
const CURRENT = { ...ANY_PROMPT, usGeography: true, fast: null };
const OLD = { ...ALWAYS, ...ANY_PROMPT, usGeography: false, fast: null, ...CHECKED_AUGUST };

export const PRICES: readonly PriceRow[] = [
  {
    models: ["claude-fable-5-2", "claude-mythos-5-2"],
    ...rates("8", "10", "16", "0.20", "40"),
    ...CURRENT,
    fast: { input: "16", output: "80" },
    ...ALWAYS,
    source: "The model catalogue of Claude Code 2.1.332",
    checked: "2026-11-30",
  },
  {
    models: ["claude-fable-5-1", "claude-mythos-5-1"],
    ...rates("10", "12.50", "20", "0.25", "50"),
    ...CURRENT,
    from: "2026-09-01",
    to: null,
    ...CHECKED_OCTOBER,
  },
  {
    models: ["claude-fable-5", "claude-mythos-5"],
    ...rates("10", "12.50", "20", "1.00", "50"),
    ...CURRENT,
    ...ALWAYS,
    ...CHECKED_AUGUST,
  },
  {
    models: ["claude-opus-5-5"],
    ...rates("4", "5.00", "8", "0.20", "20"),
    ...CURRENT,
    fast: { input: "8", output: "40" },
    from: "2026-09-22",
    to: null,
    ...CHECKED_OCTOBER,
  },
  {
    models: ["claude-opus-5", "claude-opus-4-8"],
    ...rates("5", "6.25", "10", "0.50", "25"),
    ...CURRENT,
    fast: { input: "10", output: "50" },
    ...ALWAYS,
    ...CHECKED_AUGUST,
  },
  {
    models: ["claude-opus-4-7"],
    ...rates("5", "6.25", "10", "0.50", "25"),
    ...CURRENT,
    ...ALWAYS,
    ...CHECKED_AUGUST,
  },
  {
    models: ["claude-opus-4-6"],
    ...rates("5", "6.25", "10", "0.50", "25"),
    ...CURRENT,
    fast: "standard",
    ...ALWAYS,
    ...CHECKED_AUGUST,
  },
  { models: ["claude-opus-4-5"], ...rates("5", "6.25", "10", "0.50", "25"), ...OLD },
  {
    models: ["claude-opus-4-1", "claude-opus-4", "claude-opus-4-0"],
    ...rates("15", "18.75", "30", "1.50", "75"),
    ...OLD,
  },
  {
    models: ["claude-sonnet-5-5"],
    ...rates("2", "2.50", "4", "0.20", "10"),
    ...CURRENT,
    from: "2026-09-28",
    to: "2026-10-07",
    ...CHECKED_OCTOBER,
  },
  {
    models: ["claude-sonnet-5-5"],
    ...rates("2", "2.50", "4", "0.10", "10"),
    ...CURRENT,
    from: "2026-10-07",
    to: null,
    ...CHECKED_OCTOBER,
  },
  // An increase to 3 / 15 from 2026-09-01 was announced and cancelled.
  {
    models: ["claude-sonnet-5"],
    ...rates("2", "2.50", "4", "0.20", "10"),
    ...CURRENT,
    ...ALWAYS,
    ...CHECKED_OCTOBER,
  },
  {
    models: ["claude-sonnet-4-6"],
    ...rates("3", "3.75", "6", "0.30", "15"),
    ...CURRENT,
    ...ALWAYS,
    ...CHECKED_AUGUST,
  },
  {
    models: ["claude-sonnet-4-5", "claude-sonnet-4", "claude-sonnet-4-0"],
    ...rates("3", "3.75", "6", "0.30", "15"),
    ...OLD,
  },
  {
    models: ["claude-haiku-5-5"],
    ...rates("0.10", "0.125", "0.20", "0.01", "0.50"),
    ...CURRENT,
    promptUpTo: 100_000,
    from: "2026-10-07",
    to: null,
    ...CHECKED_OCTOBER,
  },
  {
    models: ["claude-haiku-5-5"],
    ...rates("0.50", "0.625", "1.00", "0.05", "2.50"),
    ...CURRENT,
    promptAbove: 100_000,
    from: "2026-10-07",
    to: null,
    ...CHECKED_OCTOBER,
  },
  { models: ["claude-haiku-4-5"], ...rates("1", "1.25", "2", "0.10", "5"), ...OLD },
  {
    models: ["claude-3-5-haiku", "claude-3-5-haiku-latest", "claude-haiku-3-5"],
    ...rates("0.80", "1.00", "1.60", "0.08", "4"),
    ...OLD,
  },
];

/** Dollars per thousand requests of a server tool; null: not billed per request. Missing tools are unknown. */
export const SERVER_TOOL_PRICES: Readonly<Record<string, string | null>> = {
  web_search_requests: "10",
  web_fetch_requests: "0",
  // Billed per container hour above a monthly allowance; free together with recent web tools.
  code_execution_requests: null,
};

/** What a modifier multiplies all token rates by. */
export const MULTIPLIERS = { usGeography: "1.1", batch: "0.5" } as const;

/** Increment with every change of how usage is read and priced; stored with each price. */
export const PRICING_RULES = 3;

function rates(input: string, write5m: string, write1h: string, read: string, output: string) {
  return { input, write5m, write1h, read, output };
}
