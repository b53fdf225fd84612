/** Diffs of transcripts: lines, words or messages. Its cost is bounded for texts of any size. */

export interface DiffPart {
  sign: " " | "+" | "-";
  text: string;
}

/** If a side has more differing parts, no common parts are looked for between them: all old, then all new. */
const MAX_COMPARED_PARTS = 400;

/** Lines of `before` and `after` in reading order, deletions before additions. */
export function diffLines(before: string, after: string): DiffPart[] {
  return diffParts(before === "" ? [] : before.split("\n"), after === "" ? [] : after.split("\n"));
}

/** Words of `before` and `after`, each with the blanks behind it. */
export function diffWords(before: string, after: string): DiffPart[] {
  const words = (text: string) => text.match(/\S+\s*|\s+/g) ?? [];
  return diffParts(words(before), words(after));
}

export function diffParts(before: readonly string[], after: readonly string[]): DiffPart[] {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head++;
  const maxTail = Math.min(before.length, after.length) - head;
  let tail = 0;
  while (tail < maxTail && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return [
    ...signed(" ", before.slice(0, head)),
    ...diffMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...signed(" ", before.slice(before.length - tail)),
  ];
}

/** Longest common subsequence by dynamic programming. */
function diffMiddle(before: readonly string[], after: readonly string[]): DiffPart[] {
  if (Math.max(before.length, after.length) > MAX_COMPARED_PARTS)
    return [...signed("-", before), ...signed("+", after)];
  const width = after.length + 1;
  const common = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] =
        before[i] === after[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
  const parts: DiffPart[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length)
    if (before[i] === after[j]) {
      parts.push({ sign: " ", text: before[i++]! });
      j++;
    } else if (common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
      parts.push({ sign: "-", text: before[i++]! });
    else parts.push({ sign: "+", text: after[j++]! });
  return [...parts, ...signed("-", before.slice(i)), ...signed("+", after.slice(j))];
}

const signed = (sign: DiffPart["sign"], texts: readonly string[]): DiffPart[] =>
  texts.map((text) => ({ sign, text }));
