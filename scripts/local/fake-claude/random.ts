/**
 * Seeded random numbers for the fake Claude and the demo's traffic, the same on any machine. Not for secrets.
 */
import { createHash } from "node:crypto";

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Whole number in [low, high]. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  /** An element of a non-empty list. */
  pick<T>(list: readonly T[]): T;
  /** A shuffled copy. */
  shuffle<T>(list: readonly T[]): T[];
  hex(digits: number): string;
  /** Shaped as a version 4 UUID. */
  uuid(): string;
}

/** Hex SHA-256 of the parts, separated so that ("a","bc") and ("ab","c") differ. */
export function digest(...parts: (string | number | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts)
    hash.update(typeof part === "object" ? part : String(part)).update(Buffer.from([0]));
  return hash.digest("hex");
}

/** A generator seeded by its parts; generators of different names are independent. */
export function randomOf(...parts: (string | number | Uint8Array)[]): Random {
  let state = parseInt(digest(...parts).slice(0, 8), 16);
  // mulberry32: 32 bits of state are enough for words and delays.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const hex = (digits: number) => Array.from({ length: digits }, () => between(0, 15).toString(16)).join("");
  return {
    next,
    between,
    hex,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]) => {
      const chosen = list[between(0, list.length - 1)];
      if (chosen === undefined) throw new Error("pick from an empty list");
      return chosen;
    },
    shuffle: (list) => {
      const copy = [...list];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = between(0, i);
        const held = copy[i]!;
        copy[i] = copy[j]!;
        copy[j] = held;
      }
      return copy;
    },
    uuid: () => {
      const digits = hex(32);
      const variant = "89ab"[parseInt(digits[16]!, 16) % 4]!;
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
    },
  };
}
