import { describe, expect, test } from "vitest";
import { plainText, truncate } from "./truncate.ts";

describe("truncate", () => {
  test("leaves a text alone that fits", () => {
    expect(truncate("abc", 3)).toBe("abc");
    expect(truncate("", 0)).toBe("");
  });

  test("cuts at the given length", () => {
    expect(truncate("abcdef", 4)).toBe("abcd");
  });

  test.each([0, 1, 2, 3, 4, 5])("never splits a surrogate pair (at %i)", (max) => {
    const cut = truncate("a😀😀", max);
    expect(cut.isWellFormed()).toBe(true);
    expect(cut.length).toBeLessThanOrEqual(max);
    expect("a😀😀".startsWith(cut)).toBe(true);
  });

  test("cuts to nothing at zero and below", () => {
    expect(truncate("abc", 0)).toBe("");
    expect(truncate("abc", -1)).toBe("");
  });
});

describe("plainText", () => {
  test("makes one line of several and drops what a terminal or database would choke on", () => {
    expect(plainText(" a\r\n\tb\u0000\u001b[31mc\u2028d\u0085 ", 100)).toBe("a b [31mc d");
  });

  test("replaces lone surrogates", () => {
    expect(plainText("a\ud800b", 10)).toBe("a\ufffdb");
  });

  test("keeps the limit", () => {
    expect(plainText("x".repeat(1_000_000), 500)).toHaveLength(500);
    expect(plainText("😀".repeat(10), 3)).toBe("😀");
  });
});
