/** A line diff for edits in transcripts: small, and bounded however large the texts are. */

export interface DiffLine {
  sign: " " | "+" | "-";
  text: string;
}

/** Beyond this many differing lines on a side no common lines are looked for: all old out, all new in. */
const MAX_COMPARED_LINES = 400;

/** Lines of `before` and `after` in reading order, deletions before additions. */
export function diffLines(before: string, after: string): DiffLine[] {
  return diffParts(before === "" ? [] : before.split("\n"), after === "" ? [] : after.split("\n"));
}

/** The same of words, each with the blanks behind it. */
export function diffWords(before: string, after: string): DiffLine[] {
  const words = (text: string) => text.match(/\S+\s*|\s+/g) ?? [];
  return diffParts(words(before), words(after));
}

function diffParts(old: string[], now: string[]): DiffLine[] {
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (
    tail < old.length - head &&
    tail < now.length - head &&
    old[old.length - 1 - tail] === now[now.length - 1 - tail]
  ) {
    tail++;
  }
  const same = (text: string): DiffLine => ({ sign: " ", text });
  return [
    ...old.slice(0, head).map(same),
    ...diffMiddle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...old.slice(old.length - tail).map(same),
  ];
}

/** Longest common subsequence by the usual table. */
function diffMiddle(old: string[], now: string[]): DiffLine[] {
  const out = (text: string): DiffLine => ({ sign: "-", text });
  const add = (text: string): DiffLine => ({ sign: "+", text });
  if (old.length > MAX_COMPARED_LINES || now.length > MAX_COMPARED_LINES) {
    return [...old.map(out), ...now.map(add)];
  }
  const width = now.length + 1;
  const common = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      common[i * width + j] =
        old[i] === now[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ sign: " ", text: old[i]! });
      i++;
      j++;
    } else if (
      i < old.length &&
      (j === now.length || common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
    ) {
      lines.push(out(old[i++]!));
    } else lines.push(add(now[j++]!));
  }
  return lines;
}
