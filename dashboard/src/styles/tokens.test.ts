/** The contrast of what stands on what (WCAG 2.2): text 4.5, marks and the edges of controls 3, in light and in dark. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

type Rgb = readonly [number, number, number];
const SCHEMES = ["light", "dark"] as const;

const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");
const OKLCH = String.raw`oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)`;
const tokens = new Map(
  [...css.matchAll(new RegExp(String.raw`--([\w-]+): light-dark\(${OKLCH}, ${OKLCH}\);`, "g"))].map(
    (found) => {
      const numbers = found.slice(2).map(Number);
      const [l1, c1, h1, l2, c2, h2] = numbers as [number, number, number, number, number, number];
      return [found[1]!, { light: linearRgb(l1, c1, h1), dark: linearRgb(l2, c2, h2) }] as const;
    },
  ),
);

/** OKLCH to linear sRGB, clipped to what a screen shows. Matrices: Björn Ottosson, "A perceptual color space", 2020. */
function linearRgb(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const clip = (value: number) => Math.min(1, Math.max(0, value));
  return [
    clip(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    clip(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    clip(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const luminance = ([red, green, blue]: Rgb) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;

function contrast(one: string, other: string, scheme: (typeof SCHEMES)[number]): number {
  const [first, second] = [one, other].map((name) => {
    const token = tokens.get(name);
    if (!token) throw new Error(`There is no colour --${name}.`);
    return luminance(token[scheme]);
  }) as [number, number];
  return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
}

const SURFACES = ["page", "surface", "sunken", "raised", "hover"];
const each = (marks: readonly string[], grounds: readonly string[]) =>
  marks.flatMap((mark) => grounds.map((ground) => [mark, ground] as const));

const TEXT = [
  ...each(["text", "text-soft", "text-mute", "accent"], SURFACES),
  ...each(["text", "text-soft", "accent"], ["accent-wash"]),
  ...each(["error", "warning", "good"], ["page", "surface", "sunken", "hover"]),
  ...each(["text", "text-soft", "text-mute"], ["error-wash", "warning-wash", "good-wash"]),
  ...(["error", "warning", "good"] as const).map((status) => [status, `${status}-wash`] as const),
  ...each(["json-string", "json-number", "code-keyword", "code-name"], ["page", "surface", "sunken"]),
  ["on-accent", "accent-fill"],
] as const;

const MARKS = [
  ...each(["input", "output", "cache-read", "cache-write", "thinking"], ["page", "surface"]),
  ...each(
    Array.from({ length: 8 }, (_, index) => `series-${index + 1}`),
    ["page", "surface"],
  ),
  ...each(["line-strong", "accent-fill"], ["page", "surface", "raised"]),
] as const;

describe("the colours", () => {
  it("are read from the style sheet", () => {
    expect(tokens.size).toBeGreaterThan(25);
    expect(contrast("on-accent", "text", "light")).toBeGreaterThan(12);
  });

  describe.each(SCHEMES)("in %s", (scheme) => {
    it.each(TEXT)("give text --%s a contrast of 4.5 on --%s", (text, ground) => {
      expect(contrast(text, ground, scheme)).toBeGreaterThanOrEqual(4.5);
    });

    it.each(MARKS)("give mark --%s a contrast of 3 on --%s", (mark, ground) => {
      expect(contrast(mark, ground, scheme)).toBeGreaterThanOrEqual(3);
    });
  });
});
