/**
 * The kinds of tokens, each once: fields of the API, database columns, members of the vendor's usage object, columns of the
 * account windows and price lines derive from this list. docs/pricing.md says what each kind costs.
 */
import type { BetaUsage } from "@anthropic-ai/sdk/resources/beta/messages";
import { z } from "zod";

interface TokenKind {
  /** Field of API rows and totals, and property of the database tables. */
  field: string;
  column: string;
  /** Member of a usage object, and the member within it. */
  usage: readonly [member: keyof BetaUsage, nested?: string];
  /** Column of an account's window; null where windows and totals leave the kind out. */
  totalColumn: string | null;
  /** Kind of a price line, and the letter it is stored as; null where other kinds include these tokens. */
  billed: readonly [kind: string, code: string] | null;
  isPrompt: boolean;
}

export const TOKEN_KINDS = [
  {
    field: "inputTokens",
    column: "input_tokens",
    usage: ["input_tokens"],
    totalColumn: "input",
    billed: ["input", "i"],
    isPrompt: true,
  },
  {
    field: "outputTokens",
    column: "output_tokens",
    usage: ["output_tokens"],
    totalColumn: "output",
    billed: ["output", "o"],
    isPrompt: false,
  },
  {
    field: "cacheReadInputTokens",
    column: "cache_read_input_tokens",
    usage: ["cache_read_input_tokens"],
    totalColumn: "cache_read",
    billed: ["cache_read", "r"],
    isPrompt: true,
  },
  /** All cache writes: both lifetimes, and those the vendor did not classify. */
  {
    field: "cacheCreationInputTokens",
    column: "cache_creation_input_tokens",
    usage: ["cache_creation_input_tokens"],
    totalColumn: "cache_creation",
    billed: null,
    isPrompt: true,
  },
  {
    field: "cacheCreation5mInputTokens",
    column: "cache_creation_5m_input_tokens",
    usage: ["cache_creation", "ephemeral_5m_input_tokens"],
    totalColumn: null,
    billed: ["cache_write_5m", "5"],
    isPrompt: false,
  },
  {
    field: "cacheCreation1hInputTokens",
    column: "cache_creation_1h_input_tokens",
    usage: ["cache_creation", "ephemeral_1h_input_tokens"],
    totalColumn: null,
    billed: ["cache_write_1h", "1"],
    isPrompt: false,
  },
  /** Part of the output tokens. */
  {
    field: "thinkingTokens",
    column: "thinking_tokens",
    usage: ["output_tokens_details", "thinking_tokens"],
    totalColumn: null,
    billed: null,
    isPrompt: false,
  },
] as const satisfies readonly TokenKind[];

type Kind = (typeof TOKEN_KINDS)[number];
export type TokenField = Kind["field"];
type TotalKind = Extract<Kind, { totalColumn: string }>;
export type TotalField = TotalKind["field"];
type BilledEntry = Extract<Kind, { billed: readonly string[] }>;

/** The kinds that totals add up. */
export const TOTAL_KINDS = TOKEN_KINDS.filter((kind): kind is TotalKind => kind.totalColumn !== null);

/** The kinds of price lines. */
export const BILLED_KINDS = TOKEN_KINDS.flatMap(({ billed }) => (billed ? [billed[0]] : []));
export type BilledKind = BilledEntry["billed"][0];

/** An object with one value for each of the kinds, by field. */
export function byField<K extends { field: string }, T>(
  kinds: readonly K[],
  valueOf: (kind: K) => T,
): Record<K["field"], T> {
  return Object.fromEntries(kinds.map((kind) => [kind.field, valueOf(kind)])) as Record<K["field"], T>;
}

const count = z.number().int();

/** Sums over exchanges. `costPico` is the sum of the priced ones, in pico-dollars. */
export const TokenTotals = z.object({
  requests: count,
  ...byField(TOTAL_KINDS, () => count),
  costPico: z.bigint(),
  unpricedCount: count,
});
export type TokenTotals = z.infer<typeof TokenTotals>;
