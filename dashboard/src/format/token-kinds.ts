/** The kinds of tokens by the API's names: their order, labels and colours, the same in every chart and table. */

export const TOKEN_KINDS = [
  {
    key: "inputTokens",
    label: "Input tokens",
    hint: "prompt tokens not read from or written to the cache",
    fill: "fill-input",
  },
  {
    key: "cacheReadInputTokens",
    label: "Cache read",
    hint: "prompt tokens read from the cache",
    fill: "fill-cache-read",
  },
  {
    key: "cacheCreationInputTokens",
    label: "Cache write",
    hint: "prompt tokens written to the cache",
    fill: "fill-cache-write",
  },
  {
    key: "outputTokens",
    label: "Output tokens",
    hint: "response tokens, including thinking",
    fill: "fill-output",
  },
] as const;

export type TokensByKind = Record<(typeof TOKEN_KINDS)[number]["key"], number>;

export const totalTokens = (tokens: TokensByKind): number =>
  TOKEN_KINDS.reduce((sum, { key }) => sum + tokens[key], 0);

/** The largest first. */
export const byTokens = <T extends TokensByKind>(entries: readonly T[]): T[] =>
  entries.toSorted((left, right) => totalTokens(right) - totalTokens(left));
