import { describe, expect, it } from "vitest";
import { toCsv } from "./csv.ts";
import { countLines, cutAt, oneLine, printable, shortId } from "./text.ts";

describe("text from the wire", () => {
  it("shows control characters instead of dropping or obeying them", () => {
    expect(printable("a\u0000b\u001b[31m\u007f")).toBe("a␀b␛[31m␡");
    expect(printable("one\r\ntwo\rthree\tfour")).toBe("one\ntwo\nthree\tfour");
  });

  it("cuts to one line by whole characters and says that it did", () => {
    expect(oneLine("  a\n\n b\tc ", 20)).toBe("a b c");
    expect(oneLine("👩👩👩👩", 3)).toBe("👩👩…");
    expect(oneLine("abc", 3)).toBe("abc");
    expect(oneLine("x".repeat(1_000_000), 5)).toBe("xxxx…");
    expect(oneLine(`${" ".repeat(1_000)}end`, 10)).toContain("…");
  });

  it("never cuts a surrogate pair in half", () => {
    expect(cutAt("ab👩", 3)).toBe("ab");
    expect(cutAt("ab👩", 4)).toBe("ab👩");
  });

  it.each([
    ["", 0],
    ["a", 1],
    ["a\n", 1],
    ["a\nb", 2],
    ["\n\n", 2],
  ])("counts the lines of %j as %i", (text, lines) => {
    expect(countLines(text)).toBe(lines);
  });

  it("keeps the end of a long id, because UUIDv7s begin alike", () => {
    expect(shortId("019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071")).toBe("4e5f6071");
    expect(shortId("short")).toBe("short");
  });
});

describe("CSV", () => {
  it("quotes what needs it", () => {
    expect(
      toCsv(
        ["a", "b"],
        [
          ['x,"y"', null],
          ["line\nbreak", 3],
        ],
      ),
    ).toBe('a,b\r\n"x,""y""",\r\n"line\nbreak",3\r\n');
  });

  const FORMULAS = ["=1+1", "+1", "@x", "-cmd", "\tx", "\rx", "\nx", " =1+1", "\u00a0@x", "\ufeff=1"];
  it.each([...FORMULAS, "＝1+1", "＋1", "－1", "＠x", "﹦1", "\u22121"])("disarms the formula %j", (text) => {
    expect(toCsv(["a"], [[text]])).toMatch(/^a\r\n"?'/);
    expect(toCsv(["a"], [[text]])).toContain(`'${text}`);
  });

  it("leaves negative amounts as numbers", () => {
    expect(toCsv(["a"], [["-12.5"]])).toBe("a\r\n-12.5\r\n");
  });
});
