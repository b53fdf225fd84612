/** Keeps results for the texts that clients repeat with every request: paths, hosts, names and values of headers. */

/**
 * `work` that keeps its results, except those for longer texts than `maxLength` characters. When there are `entries` of them all are
 * dropped, so that texts which never repeat take no more than that.
 */
export function cachedByText<T>(
  work: (text: string) => T,
  { entries = 200, maxLength = 300 }: { entries?: number; maxLength?: number } = {},
): (text: string) => T {
  const results = new Map<string, T>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    if (text.length > maxLength) return work(text);
    // A copy: a path is part of its URL, which the engine would keep whole.
    const copy = ` ${text}`.slice(1);
    const result = work(copy);
    if (results.size >= entries) results.clear();
    results.set(copy, result);
    return result;
  };
}
