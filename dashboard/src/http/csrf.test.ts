import { describe, expect, it } from "vitest";
import { csrfToken, isCsrfToken, isCsrfSeed, newCsrfSeed } from "./csrf.ts";

describe("a CSRF token", () => {
  it("is valid for its own cookie and session", async () => {
    const seed = newCsrfSeed();
    expect(isCsrfSeed(seed)).toBe(true);
    expect(await isCsrfToken(await csrfToken(seed, "session"), seed, "session")).toBe(true);
    expect(await isCsrfToken(await csrfToken(seed, null), seed, null)).toBe(true);
  });

  it("is invalid for another session or cookie and before signing in", async () => {
    const seed = newCsrfSeed();
    const token = await csrfToken(seed, "session");
    expect(await isCsrfToken(token, seed, "other")).toBe(false);
    expect(await isCsrfToken(token, newCsrfSeed(), "session")).toBe(false);
    expect(await isCsrfToken(await csrfToken(seed, null), seed, "session")).toBe(false);
  });

  it.each([null, undefined, "", "x"])("is invalid when it is %j", async (token) => {
    expect(await isCsrfToken(token, newCsrfSeed(), "session")).toBe(false);
  });

  it("rejects a cookie that is not a seed", async () => {
    for (const seed of ["", "a", "a".repeat(44), `${"a".repeat(42)}=`]) {
      expect(isCsrfSeed(seed)).toBe(false);
      expect(await isCsrfToken(await csrfToken(seed, null), seed, null)).toBe(false);
    }
  });

  it("gets a different seed each time", () => {
    expect(newCsrfSeed()).not.toBe(newCsrfSeed());
  });
});
