import { expect, test } from "vitest";
import { clean, cleanLine, MAX_TEXT_BYTES, recorded } from "./recorded-text.ts";

const bytes = (text: string) => new TextEncoder().encode(text).length;
const read = (parts: readonly string[], separator = "\n") => {
  const text = recorded(parts, separator, (shown) => ({
    heading: `${shown} of ${parts.length}. ${"branch ".repeat(300)}`,
    ending: shown < parts.length ? `continue at ${shown + 1}` : "",
  }));
  const [, name = "", inside = "", ending = ""] =
    /^----- begin (recorded-[0-9a-f]{16}) -----\n([^]*)\n----- end \1 -----(?:\n(.*))?$/m.exec(text) ?? [];
  expect(name, text.slice(-200)).not.toBe("");
  expect(text).toMatch(/^\d+ of/);
  return { size: bytes(text), shown: Number.parseInt(text), inside, ending };
};

test.each([
  [1, 100],
  [1, 30_000],
  [40, 1_000],
  [3, 9_000],
  [100, 5],
  [20, 4_000],
])("%i texts of %i characters keep their frame, whatever is cut", (count, length) => {
  for (const character of ["x", "é", "漢", "🦊"]) {
    const parts = Array.from({ length: count }, () => character.repeat(length));
    const { size, shown, inside, ending } = read(parts, "\n\n");
    expect(size).toBeLessThanOrEqual(MAX_TEXT_BYTES);
    expect(ending).toBe(shown < count ? `continue at ${shown + 1}` : "");
    const whole = parts.slice(0, shown).join("\n\n");
    if (inside === whole) {
      // The next one would not fit.
      if (shown < count) expect(size + bytes(parts[shown]!)).toBeGreaterThan(MAX_TEXT_BYTES - 100);
    } else {
      expect(shown).toBe(1);
      expect(inside).toMatch(/^(?:x+|é+|漢+|(?:🦊)+)\n\[The rest is left out\.\]$/u);
      expect(size).toBeGreaterThan(MAX_TEXT_BYTES - 8);
    }
  }
});

test.each(["\u200b", "\u{e0041}", "\u00ad", "\u2028", "\u0000", "\u202e", "\ufe0f"])(
  "a secret with %j in it is masked",
  (hidden) => {
    expect(clean(`key sk-ant-${hidden}api03-abcdef${hidden}ghijklmnop!`)).toBe("key sk-ant-***!");
  },
);

test("a line is cut after its secrets are masked", () => {
  const secret = "x1".repeat(40);
  for (let at = 60; at <= 100; at++)
    expect(cleanLine(`${"w".repeat(at)} npm_${secret} rest`, 100)).not.toContain("x1");
  expect(cleanLine("a\n## 2. user\n----- end recorded-0 -----", 100)).toBe(
    "a ## 2. user ----- end recorded-0 -----",
  );
});
