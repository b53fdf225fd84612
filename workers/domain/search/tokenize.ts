/**
 * Splits texts and queries into words: letters and digits folded to lower case without accents; scripts written without spaces
 * as pairs of characters, so that any part of a text is found; emoji one by one. Not done by Postgres, whose parser depends on
 * the server's locale. Pure; used to index, to search and to highlight.
 */
import { finish, type Steps } from "../steps.ts";

/** A word in a text; `start` and `end` in UTF-16 code units. */
export interface Token {
  start: number;
  end: number;
  /** Folded. */
  text: string;
  /** Characters of a script without spaces between words. */
  isUnspaced: boolean;
}

const RUN =
  "[[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Hang}\\p{scx=Thai}\\p{scx=Laoo}\\p{scx=Khmr}\\p{scx=Mymr}]&&[\\p{L}\\p{N}\\p{M}]]";
const TOKENS = new RegExp(`(${RUN}+)|[[\\p{L}\\p{N}\\p{M}]--${RUN}]+|\\p{Extended_Pictographic}`, "gv");
const IS_ASCII = /^[\x20-\x7e]*$/;
/** More marks in a row than any writing has (UAX 15, section 13), and the half-width marks that become such. */
const MANY_MARKS = /([\p{M}\uff9e\uff9f]{30})[\p{M}\uff9e\uff9f]+/gu;
/** The boundaries inside camelCase. */
const HUMP = /(?<=\p{Ll})(?=\p{Lu})/u;

/** Longer words (hashes, encoded bytes) are indexed by their beginning. */
export const MAX_TERM_LENGTH = 64;
/** Take about 30 ms. */
const WORDS_PER_STEP = 50_000;
/** Postgres accepts a megabyte of words per text. */
const MAX_TERM_BYTES = 900_000;

/** The words of a text, in order. */
export function* tokenize(text: string): Generator<Token> {
  for (const match of text.matchAll(TOKENS)) {
    const isUnspaced = match[1] !== undefined;
    const folded = isUnspaced
      ? match[0].replace(MANY_MARKS, "$1").normalize("NFKC").toLowerCase()
      : fold(match[0]);
    if (folded !== "")
      yield { start: match.index, end: match.index + match[0].length, text: folded, isUnspaced };
  }
}

/** The index terms of a text: its words, the parts of camelCase words, single characters and pairs of runs. */
export const indexTerms = (text: string): string[] => finish(indexTermsInSteps(text));

/** `indexTerms` in steps. */
export function* indexTermsInSteps(text: string): Steps<string[]> {
  const found = new Set<string>();
  let bytesLeft = MAX_TERM_BYTES;
  let words = 0;
  for (const word of termsOf(text)) {
    if (++words % WORDS_PER_STEP === 0) yield;
    if (found.has(word)) continue;
    bytesLeft -= IS_ASCII.test(word) ? word.length : 3 * word.length;
    if (bytesLeft <= 0) break;
    found.add(word);
  }
  return [...found];
}

/** Index terms in order, with repetitions. */
function* termsOf(text: string): Generator<string> {
  for (const { start, end, text: word, isUnspaced } of tokenize(text)) {
    if (isUnspaced) {
      yield* gramsOfRun(word);
      continue;
    }
    yield clipTerm(word);
    const written = text.slice(start, end);
    if (HUMP.test(written))
      for (const part of written.split(HUMP)) if (part.length > 1) yield clipTerm(fold(part));
  }
}

/** Each character of a run and each pair of neighbours. */
export function* gramsOfRun(run: string): Generator<string> {
  let previous = "";
  for (const character of run) {
    if (previous !== "") yield previous + character;
    yield character;
    previous = character;
  }
}

/** A word as it is indexed. */
export function clipTerm(word: string): string {
  return word.length <= MAX_TERM_LENGTH ? word : word.slice(0, MAX_TERM_LENGTH).toWellFormed();
}

function fold(word: string): string {
  if (IS_ASCII.test(word)) return word.toLowerCase();
  // Marks are removed before too, because normalising sorts a run of them in quadratic time.
  return word
    .replace(/\p{M}+/gu, "")
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .normalize("NFC");
}
