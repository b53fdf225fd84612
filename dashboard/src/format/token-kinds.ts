/** The kinds of tokens: their order, words and colours, the same in every chart and table. */

export const TOKEN_KINDS = [
  { key: "input", label: "Input tokens", hint: "prompt tokens not read from or written to the cache" },
  { key: "cacheRead", label: "Cache read", hint: "prompt tokens read from the cache" },
  { key: "cacheWrite", label: "Cache write", hint: "prompt tokens written to the cache" },
  { key: "output", label: "Output tokens", hint: "response tokens, including thinking" },
] as const;

export type TokenKind = (typeof TOKEN_KINDS)[number]["key"];
export type TokensByKind = Record<TokenKind, number>;

export const KIND_FILLS: Readonly<Record<TokenKind, string>> = {
  input: "fill-input",
  cacheRead: "fill-cache-read",
  cacheWrite: "fill-cache-write",
  output: "fill-output",
};

export const totalTokens = (tokens: TokensByKind): number =>
  TOKEN_KINDS.reduce((sum, { key }) => sum + tokens[key], 0);
