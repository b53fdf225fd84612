/** Aligns the messages of two branches: equal messages, and those that differ. */
import { diffParts } from "./diff.ts";
import type { TranscriptEntry } from "./pair-tools.ts";

export interface ComparedRow {
  /** Null if only the other branch has an entry. */
  left: TranscriptEntry | null;
  right: TranscriptEntry | null;
  isSame: boolean;
}

/** Number of equal first messages. The API clips both sides alike, so the shown text is compared. */
export function commonPrefixLength(
  left: readonly { role: string; content: unknown }[],
  right: readonly { role: string; content: unknown }[],
): number {
  const shorter = Math.min(left.length, right.length);
  for (let n = 0; n < shorter; n++) {
    const [one, other] = [left[n]!, right[n]!];
    if (one.role !== other.role || JSON.stringify(one.content) !== JSON.stringify(other.content)) return n;
  }
  return shorter;
}

/** Rows in reading order. A row has two equal entries, or an entry that differs per branch. */
export function alignEntries(
  left: readonly TranscriptEntry[],
  right: readonly TranscriptEntry[],
): ComparedRow[] {
  const [ours, theirs] = [left.filter(isShown), right.filter(isShown)];
  const rows: ComparedRow[] = [];
  /** Per side the next entry, and the first row without one. */
  const next = { left: 0, right: 0 };
  const free = { left: 0, right: 0 };
  const place = (side: "left" | "right", entry: TranscriptEntry) => {
    const index = free[side]++;
    rows[index] = { left: null, right: null, isSame: false, ...rows[index], [side]: entry };
  };
  for (const { sign } of diffParts(ours.map(keyOf), theirs.map(keyOf)))
    if (sign === "-") place("left", ours[next.left++]!);
    else if (sign === "+") place("right", theirs[next.right++]!);
    else {
      rows.push({ left: ours[next.left++]!, right: theirs[next.right++]!, isSame: true });
      free.left = free.right = rows.length;
    }
  return rows;
}

const isShown = ({ isMerged }: TranscriptEntry) => !isMerged;

/** The entry without the ids of its tool calls, which differ between equal calls. */
const keyOf = ({ role, items }: TranscriptEntry) =>
  JSON.stringify([role, items], (name, value: unknown) =>
    name === "id" || name === "toolUseId" ? undefined : value,
  );
