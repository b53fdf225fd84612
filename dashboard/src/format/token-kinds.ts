/** The kinds of tokens as charts, tables and CSV show them: order, labels and colours. */
import type { TotalField } from "../../../workers/schemas/tokens.ts";

interface Presentation {
  label: string;
  hint: string;
  fill: string;
  csvColumn: string;
}

const PRESENTATIONS: Record<TotalField, Presentation> = {
  inputTokens: {
    label: "Input tokens",
    hint: "prompt tokens not read from or written to the cache",
    fill: "fill-input",
    csvColumn: "input_tokens",
  },
  cacheReadInputTokens: {
    label: "Cache read",
    hint: "prompt tokens read from the cache",
    fill: "fill-cache-read",
    csvColumn: "cache_read_tokens",
  },
  cacheCreationInputTokens: {
    label: "Cache write",
    hint: "prompt tokens written to the cache",
    fill: "fill-cache-write",
    csvColumn: "cache_write_tokens",
  },
  outputTokens: {
    label: "Output tokens",
    hint: "response tokens, including thinking",
    fill: "fill-output",
    csvColumn: "output_tokens",
  },
};

const FIELDS = Object.keys(PRESENTATIONS) as TotalField[];

export const TOKEN_KINDS = FIELDS.map((key) => ({ key, ...PRESENTATIONS[key] }));

export type TokensByKind = Record<TotalField, number>;
type ExchangeTokens = Record<TotalField, number | null>;

/** The counts of one exchange, 0 where one is unknown. */
export const tokensByKind = (tokens: ExchangeTokens): TokensByKind =>
  Object.fromEntries(FIELDS.map((field) => [field, tokens[field] ?? 0])) as TokensByKind;

export const totalTokens = (tokens: TokensByKind): number =>
  FIELDS.reduce((sum, field) => sum + tokens[field], 0);

/** Input, cache reads and cache writes; null without a count of input tokens. */
export const promptTokens = (tokens: ExchangeTokens): number | null =>
  tokens.inputTokens === null ? null : totalTokens({ ...tokensByKind(tokens), outputTokens: 0 });
