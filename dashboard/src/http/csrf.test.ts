import { describe, expect, it } from "vitest";
import { csrfToken, isCsrfToken, isCsrfSeed, newCsrfSeed } from "./csrf.ts";

describe("the proof of a form", () => {
  it("holds for its own cookie and session", async () => {
    const seed = newCsrfSeed();
    expect(isCsrfSeed(seed)).toBe(true);
    expect(await isCsrfToken(await csrfToken(seed, "session"), seed, "session")).toBe(true);
    expect(await isCsrfToken(await csrfToken(seed, null), seed, null)).toBe(true);
  });

  it("does not hold for another session or cookie, or before signing in", async () => {
    const seed = newCsrfSeed();
    const token = await csrfToken(seed, "session");
    expect(await isCsrfToken(token, seed, "other")).toBe(false);
    expect(await isCsrfToken(token, newCsrfSeed(), "session")).toBe(false);
    expect(await isCsrfToken(await csrfToken(seed, null), seed, "session")).toBe(false);
  });

  it.each([null, undefined, "", "x"])("does not hold for the token %j", async (token) => {
    expect(await isCsrfToken(token, newCsrfSeed(), "session")).toBe(false);
  });

  it("takes no cookie that it could not have made", async () => {
    for (const seed of ["", "a", "a".repeat(44), `${"a".repeat(42)}=`]) {
      expect(isCsrfSeed(seed)).toBe(false);
      expect(await isCsrfToken(await csrfToken(seed, null), seed, null)).toBe(false);
    }
  });

  it("never makes the same seed twice", () => {
    expect(newCsrfSeed()).not.toBe(newCsrfSeed());
  });
});
