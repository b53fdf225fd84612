/**
 * What Claude costs: one row per model, period and length of prompt. Read only by rates.ts.
 * A change of price is a new row and an end to the old one, never an edit of a rate that was once charged;
 * docs/pricing.md says how, and `npx nexus reprice` then corrects what was priced before the table knew.
 */

export interface PriceRow {
  /** Model ids; each stands for itself and for its dated snapshots (`-20251101`), and for nothing longer. */
  models: readonly string[];
  /** First day (UTC) of this price; null: since the model exists. */
  from: string | null;
  /** First day on which it no longer holds; null: until further notice. */
  to: string | null;
  /** Holds for prompts longer than this, in tokens (input + cache reads + cache writes). */
  promptAbove: number;
  /** … and no longer than this; null: any. The length decides about the whole request, output included. */
  promptUpTo: number | null;
  /** Dollars per million tokens, as published. */
  input: string;
  write5m: string;
  write1h: string;
  read: string;
  output: string;
  /** Rates of fast mode; "standard": asked for, it runs at the standard price; null: the model has no fast mode. */
  fast: { input: string; output: string } | "standard" | null;
  /** Inference kept in the US costs a tenth more (models from generation 4.6 on); older ones do not offer it. */
  usGeography: boolean;
  source: string;
  /** Day on which it was last read there. */
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
  // A rise to 3 / 15 from 2026-09-01 was announced and cancelled: there is no such row.
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

/** Dollars per thousand requests of a server tool; null: used, and not billed by the request. Others are unknown. */
export const SERVER_TOOL_PRICES: Readonly<Record<string, string | null>> = {
  web_search_requests: "10",
  web_fetch_requests: "0",
  // By the container's hour, and only beyond a monthly allowance; free beside recent web tools.
  code_execution_requests: null,
};

/** Counts up with every change of how usage is read and priced, so that a row names the rules it was priced by. */
export const PRICING_RULES = 1;

function rates(input: string, write5m: string, write1h: string, read: string, output: string) {
  return { input, write5m, write1h, read, output };
}
