/** Model ids of the Claude API. Used by the price table and by the table of context windows. */

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

/** Whether the id asks for the context window of a million tokens. */
export function namesLargeContext(model: string | null): boolean {
  return model !== null && LARGE_CONTEXT_SUFFIX.test(model);
}
