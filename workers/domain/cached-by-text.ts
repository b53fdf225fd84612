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
    const result = work(text);
    if (text.length > maxLength) return result;
    if (results.size >= entries) results.clear();
    results.set(text, result);
    return result;
  };
}
