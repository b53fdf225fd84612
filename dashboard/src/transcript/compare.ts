/** Two ways a conversation went, message by message: what is the same on both sides, what stands against what. */
import type { TranscriptEntry } from "./pair-tools.ts";

export interface ComparedRow {
  /** Null where the other side has more. */
  left: TranscriptEntry | null;
  right: TranscriptEntry | null;
  isSame: boolean;
}

/** How many messages both begin with. Longer texts are cut alike on both sides, so what is compared is what is shown. */
export function commonPrefixLength(
  left: readonly { role: string; content: unknown }[],
  right: readonly { role: string; content: unknown }[],
): number {
  const most = Math.min(left.length, right.length);
  for (let n = 0; n < most; n++) {
    const [one, other] = [left[n]!, right[n]!];
    if (one.role !== other.role || JSON.stringify(one.content) !== JSON.stringify(other.content)) return n;
  }
  return most;
}

/**
 * Rows in reading order. Equal entries stand side by side (the longest common subsequence); between them the first of the
 * left stands against the first of the right, and so on.
 */
export function alignEntries(
  left: readonly TranscriptEntry[],
  right: readonly TranscriptEntry[],
): ComparedRow[] {
  const [ours, theirs] = [left, right].map((list) => list.filter(({ isMerged }) => !isMerged)) as [
    TranscriptEntry[],
    TranscriptEntry[],
  ];
  const [ourKeys, theirKeys] = [ours.map(keyOf), theirs.map(keyOf)];
  const rows: ComparedRow[] = [];
  let [from, to] = [0, 0];
  const gap = (end: number, stop: number) => {
    for (let n = 0; from + n < end || to + n < stop; n++)
      rows.push({
        left: from + n < end ? ours[from + n]! : null,
        right: to + n < stop ? theirs[to + n]! : null,
        isSame: false,
      });
  };
  for (const [place, other] of longestCommon(ourKeys, theirKeys)) {
    gap(place, other);
    rows.push({ left: ours[place]!, right: theirs[other]!, isSame: true });
    [from, to] = [place + 1, other + 1];
  }
  gap(ours.length, theirs.length);
  return rows;
}

/** What an entry says: ids of tool calls differ whenever something is asked again. */
const keyOf = ({ role, items }: TranscriptEntry) =>
  JSON.stringify([role, items], (name, value: unknown) =>
    name === "id" || name === "toolUseId" ? undefined : value,
  );

/** Pairs of places of equal keys, by the usual table; pages are small. */
function longestCommon(left: readonly string[], right: readonly string[]): [number, number][] {
  const width = right.length + 1;
  const table = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      table[i * width + j] =
        left[i] === right[j]
          ? table[(i + 1) * width + j + 1]! + 1
          : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
  const pairs: [number, number][] = [];
  let [i, j] = [0, 0];
  while (i < left.length && j < right.length) {
    if (left[i] === right[j]) pairs.push([i++, j++]);
    else if (table[(i + 1) * width + j]! >= table[i * width + j + 1]!) i++;
    else j++;
  }
  return pairs;
}
