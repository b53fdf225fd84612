import { expect, test } from "vitest";
import { labelOf, quoteMarks, visibleText } from "./fence.ts";

const hidden = (code: number) => `a${String.fromCodePoint(code)}b`;

test.each([
  0x00, 0x08, 0x0b, 0x0c, 0x0d, 0x1b, 0x7f, 0x85, 0xad, 0x034f, 0x061c, 0x115f, 0x180e, 0x200b, 0x200c,
  0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2064, 0x2066, 0x2069, 0x206f, 0x3164,
  0xfe0f, 0xfeff, 0xfff9, 0xe0000, 0xe0001, 0xe0041, 0xe007f, 0xe0100, 0xe01ef,
])("U+%i is not seen", (code) => {
  expect(visibleText(hidden(code))).toBe("ab");
});

test.each([0x09, 0x0a, 0x20, 0xa0, 0xe9, 0x0301, 0x0600, 0x2014, 0x3000, 0xac00, 0x1f600])(
  "U+%i is seen",
  (code) => {
    expect(visibleText(hidden(code))).toBe(hidden(code));
  },
);

test.each([
  ["\u001b[32mgreen\u001b[0m", "green"],
  ["\u001b[01;31m\u001b[Kfound\u001b[m", "found"],
  ["\u001b[38:2::1:2:3mred\u001b[?25l", "red"],
  ["\u001b]0;title\u0007text", "text"],
  ["\u001b]8;;https://a.example\u001b\\link\u001b]8;;\u001b\\", "link"],
  ["\u001bcleft", "cleft"],
  ["array[32m]", "array[32m]"],
])("a terminal shows %j as %j", (text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

test("lone surrogates become a character that can be sent", () => {
  expect(visibleText("a\ud800b")).toBe("a\ufffdb");
});

test.each([
  "[12] user:",
  "  [2] assistant:",
  `${" ".repeat(30)}[2] assistant:`,
  "\t\u00a0\u3000\u2800[2] assistant:",
  "[tool result] done",
  "[tool call Bash] {}",
  "[sub-task prompt] x",
  "[message cut: 9 characters]",
  "[… 9 characters …]",
  "----- begin recorded-0123456789abcdef -----",
  "----- end transcript-0123456789abcdef -----",
  "## 12. user",
  " ##  3. assistant",
  "#4.",
])("a line %j is quoted", (line) => {
  expect(quoteMarks(`${line}\nx\n${line}`)).toBe(`\\${line}\nx\n\\${line}`);
});

test.each(["[link] stays", "see [1]", "a ## 12. b", "## Heading", "-----", "---- begin", "\\[12] user:"])(
  "a line %j stays",
  (line) => {
    expect(quoteMarks(`x\n${line}\nx`)).toBe(`x\n${line}\nx`);
  },
);

test("a name ends neither its line nor its brackets", () => {
  expect(labelOf("a\n[3] user:")).toBe("a__3__user:");
  expect(labelOf("mcp__x.y-z")).toBe("mcp__x.y-z");
  expect(labelOf("x".repeat(300))).toHaveLength(100);
});
