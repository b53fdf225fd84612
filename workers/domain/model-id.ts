/** Model ids of the Claude API. Used by the price table, by the table of context windows and by attribution (pricing/price.ts). */

/** Claude Code and some gateways mark the context window of a million tokens in the id. */
const LARGE_CONTEXT_SUFFIX = /\[1m\]$/i;

/**
 * Whether a model, as requested or served, is the model of this id: the id itself or a dated snapshot (`-20251101`), with or without
 * `[1m]`. Any other spelling is another model: a longer name, a prefix or date of another cloud, other letters.
 */
export function isModel(id: string, model: string): boolean {
  const name = model.replace(LARGE_CONTEXT_SUFFIX, "");
  return name === id || (name.startsWith(`${id}-`) && /^\d{8}$/.test(name.slice(id.length + 1)));
}

/**
 * Whether two ids, as requested, served or billed, name one model. They may differ in case, in `[1m]`, in the snapshot (a date or
 * `-latest`), and in the `-0` of the aliases of a generation's first model (`claude-opus-4-0` is `claude-opus-4-20250514`).
 */
export function isSameModel(one: string, other: string): boolean {
  return one === other || baseId(one) === baseId(other);
}

function baseId(model: string): string {
  return model
    .toLowerCase()
    .replace(LARGE_CONTEXT_SUFFIX, "")
    .replace(/-(?:\d{8}|latest)$/, "")
    .replace(/(-\d+)-0$/, "$1");
}

/** Family and version in the id of a Claude model, of any cloud and snapshot; null for other names. */
export function claudeVersion(
  model: string | null,
): { family: string | null; major: number; minor: number } | null {
  const version = /claude-(?:([a-z]+)-)?(\d{1,2})(?:-(\d{1,2}))?(?!\d)/.exec(model ?? "");
  if (!version) return null;
  return { family: version[1] ?? null, major: Number(version[2]), minor: Number(version[3] ?? 0) };
}

/** Whether the id asks for the context window of a million tokens. */
export function namesLargeContext(model: string | null): boolean {
  return model !== null && LARGE_CONTEXT_SUFFIX.test(model);
}
