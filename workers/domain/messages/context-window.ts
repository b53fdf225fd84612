/** Infers a model's context window from stored data: its name, a beta, and the prompts it has accepted. */

const USUAL = 200_000;
const LARGE = 1_000_000;
/** Since this version the larger models have a window of a million tokens without a beta. */
const LARGE_SINCE = [4, 6] as const;
const LARGE_FAMILIES = new Set(["opus", "sonnet", "fable", "mythos"]);

export interface ContextWindow {
  tokens: number;
  /** Reason, for display. */
  reason: string;
}

/**
 * The context window of `model` (requested or served). An accepted prompt of more than 200,000 tokens (`accepted`) shows
 * that the window is the large one. `betas`: the values of `anthropic-beta`, if known.
 */
export function contextWindow(model: string | null, accepted: number | null, betas = ""): ContextWindow {
  if (/\bcontext-1m-/.test(betas) || /\[1m\]$/i.test(model ?? ""))
    return { tokens: LARGE, reason: "requested with the 1M context beta" };
  const version = /claude-([a-z]+)-(\d{1,2})(?:-(\d{1,2}))?(?:-|$)/.exec(model ?? "");
  if (version && LARGE_FAMILIES.has(version[1]!)) {
    const [major, minor] = [Number(version[2]), Number(version[3] ?? 0)];
    const [sinceMajor, sinceMinor] = LARGE_SINCE;
    if (major > sinceMajor || (major === sinceMajor && minor >= sinceMinor))
      return { tokens: LARGE, reason: "the default of this model" };
  }
  if ((accepted ?? 0) > USUAL) return { tokens: LARGE, reason: "more than 200,000 tokens were used" };
  return { tokens: USUAL, reason: version ? "the default of this model" : "the usual default" };
}
