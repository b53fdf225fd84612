/**
 * Parses a search query into a query for the index and a check of texts. All terms must match; "quoted" terms match as phrases,
 * -terms exclude; a word of three letters or more matches as a prefix. Every input is valid.
 */
import { clipTerm, gramsOfRun, MAX_TERM_LENGTH, type Token, tokenize } from "./tokenize.ts";

const MAX_TERMS = 16;
/** A shorter prefix would match too many words. */
const MIN_PREFIX = 3;

export interface Term {
  /** Consecutive words: several for "a phrase", foo.bar or don't. */
  tokens: readonly string[];
  isUnspaced: readonly boolean[];
  /** The last word is a prefix. */
  isPrefix: boolean;
  isExcluded: boolean;
}

/** A range of a text, in UTF-16 code units. */
export interface Range {
  start: number;
  end: number;
}

/** The terms of a query; empty without a searchable one. */
export function parseQuery(query: string): Term[] {
  const terms: Term[] = [];
  for (const match of query.matchAll(/(-?)"([^"]*)"?|(-?)(\S+)/g)) {
    const [, minusQuoted, quoted, minus, bare] = match;
    const words = [...tokenize(quoted ?? bare ?? "")];
    if (words.length === 0) continue;
    const last = words.at(-1)!;
    terms.push({
      tokens: words.map(({ text }) => text),
      isUnspaced: words.map(({ isUnspaced: isRun }) => isRun),
      isPrefix: quoted === undefined && !last.isUnspaced && last.text.length >= MIN_PREFIX,
      isExcluded: (minusQuoted ?? minus) === "-",
    });
    if (terms.length === MAX_TERMS) break;
  }
  return terms.some(({ isExcluded }) => !isExcluded) ? terms : [];
}

/** The terms as Postgres' tsquery; words hold letters and digits only, so nothing needs escaping. */
export function toTsquery(terms: readonly Term[]): string {
  return terms
    .flatMap((term) => {
      const words = term.tokens.flatMap((word, n) => {
        if (term.isUnspaced[n]) {
          const grams = [...gramsOfRun(word)];
          // The pairs imply the characters.
          return grams.length === 1
            ? [`'${word}'`]
            : grams.filter((gram) => [...gram].length === 2).map((gram) => `'${gram}'`);
        }
        const goesOn = (term.isPrefix && n === term.tokens.length - 1) || word.length > MAX_TERM_LENGTH;
        return [`'${clipTerm(word)}'${goesOn ? ":*" : ""}`];
      });
      if (!term.isExcluded) return words;
      // The index does not know whether the words are consecutive, so the text has to be checked.
      return words.length === 1 ? [`!${words[0]!}`] : [];
    })
    .join(" & ");
}

/** The ranges of the terms in a text, in order; null if one is missing or an excluded one occurs. */
export function findTerms(text: string, terms: readonly Term[]): Range[] | null {
  const words = [...tokenize(text)];
  const ranges: Range[] = [];
  for (const term of terms) {
    const found = words.flatMap((_, n) => matchTerm(text, words, n, term) ?? []);
    if (found.length === 0 ? !term.isExcluded : term.isExcluded) return null;
    ranges.push(...found);
  }
  return ranges.sort((a, b) => a.start - b.start);
}

/** The range of the term if it begins at word `n` of the text. */
function matchTerm(text: string, words: readonly Token[], n: number, term: Term): Range | null {
  let first: Range | null = null;
  let last: Range | null = null;
  for (const [i, wanted] of term.tokens.entries()) {
    const word = words[n + i];
    if (!word) return null;
    const isOnly = term.tokens.length === 1;
    const range = matchToken(text, word, wanted, {
      isPrefix: term.isPrefix && i === term.tokens.length - 1,
      isAnywhere: isOnly || (i === 0 ? "end" : i === term.tokens.length - 1 ? "start" : "all"),
    });
    if (!range) return null;
    first ??= range;
    last = range;
  }
  return first && last && { start: first.start, end: last.end };
}

function matchToken(
  text: string,
  word: Token,
  wanted: string,
  { isPrefix, isAnywhere }: { isPrefix: boolean; isAnywhere: true | "start" | "end" | "all" },
): Range | null {
  const whole = { start: word.start, end: word.end };
  if (word.isUnspaced) {
    const at = isAnywhere === "end" ? word.text.length - wanted.length : word.text.indexOf(wanted);
    const isThere =
      at >= 0 &&
      word.text.startsWith(wanted, at) &&
      (isAnywhere === true || isAnywhere === "end" || at === 0);
    if (!isThere) return null;
    // Folding a run may change its length; then the whole run is marked.
    return word.text.length === word.end - word.start
      ? { start: word.start + at, end: word.start + at + wanted.length }
      : whole;
  }
  if (word.text === wanted || (isPrefix && word.text.startsWith(wanted))) return whole;
  // Part of a word written like thisOne.
  if (isAnywhere !== true) return null;
  let start = word.start;
  for (const part of text.slice(word.start, word.end).split(/(?<=\p{Ll})(?=\p{Lu})/u)) {
    const folded = part.toLowerCase();
    if (part.length < word.end - word.start && (folded === wanted || (isPrefix && folded.startsWith(wanted))))
      return { start, end: start + part.length };
    start += part.length;
  }
  return null;
}
