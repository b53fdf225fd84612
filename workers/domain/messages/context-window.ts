/** The context window of a model: from the table of known models, or inferred from its name, a beta, and the prompts it has accepted. */
import { claudeVersion, isModel, namesLargeContext } from "../model-id.ts";

const USUAL = 200_000;
const LARGE = 1_000_000;

/** Models by their context window, in tokens. Sources: the models page of the Claude API; the model catalogue of Claude Code 2.1.332. */
const WINDOWS: readonly [tokens: number, models: readonly string[]][] = [
  [
    LARGE,
    [
      "claude-fable-5-2",
      "claude-fable-5-1",
      "claude-fable-5",
      "claude-mythos-5-2",
      "claude-mythos-5-1",
      "claude-mythos-5",
      "claude-opus-5-5",
      "claude-opus-5",
      "claude-opus-4-8",
      "claude-opus-4-7",
      "claude-opus-4-6",
      "claude-sonnet-5-5",
      "claude-sonnet-5",
      "claude-sonnet-4-6",
      "claude-haiku-5-5",
    ],
  ],
  [
    USUAL,
    [
      "claude-opus-4-5",
      "claude-opus-4-1",
      "claude-opus-4-0",
      "claude-opus-4",
      "claude-sonnet-4-5",
      "claude-sonnet-4-0",
      "claude-sonnet-4",
      "claude-haiku-4-5",
      "claude-3-5-haiku",
      "claude-3-5-haiku-latest",
      "claude-haiku-3-5",
    ],
  ],
];

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
  if (/\bcontext-1m-/.test(betas) || namesLargeContext(model))
    return { tokens: LARGE, reason: "requested with the 1M context beta" };
  const known = knownWindow(model) ?? windowByName(model);
  if (known === LARGE) return { tokens: LARGE, reason: "the default of this model" };
  if ((accepted ?? 0) > USUAL) return { tokens: LARGE, reason: "more than 200,000 tokens were used" };
  return { tokens: USUAL, reason: known ? "the default of this model" : "the usual default" };
}

/** The context window of a model in the table, without betas; null for any other. */
export function knownWindow(model: string | null): number | null {
  if (model === null) return null;
  return WINDOWS.find(([, models]) => models.some((id) => isModel(id, model)))?.[0] ?? null;
}

/** Of a model that is not in the table, such as one of another cloud or a newer one: by family and version. Null for other names. */
function windowByName(model: string | null): number | null {
  const { family, major, minor } = claudeVersion(model) ?? { family: null, major: 0, minor: 0 };
  if (family === null) return null;
  const [sinceMajor, sinceMinor] = LARGE_SINCE;
  const isLarge = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
  return LARGE_FAMILIES.has(family) && isLarge ? LARGE : USUAL;
}
