import { describe, expect, it } from "vitest";
import { findTerms, parseQuery, toTsquery } from "./query.ts";
import { snippetAround } from "./snippet.ts";
import { searchText } from "./text.ts";
import { indexTerms, indexTermsInSteps, tokenize } from "./tokenize.ts";

const found = (text: string, question: string) => {
  const ranges = findTerms(text, parseQuery(question));
  return ranges?.map(({ start, end }) => text.slice(start, end)) ?? null;
};

/** What Postgres would say: every positive word of the question is indexed, or begins an indexed one. */
function isIndexed(text: string, question: string): boolean {
  const words = new Set(indexTerms(text));
  const isThere = (quoted: string) => {
    const word = /^'(.*)'/.exec(quoted)![1]!;
    return quoted.endsWith(":*") ? [...words].some((one) => one.startsWith(word)) : words.has(word);
  };
  return toTsquery(parseQuery(question))
    .split(" & ")
    .every((word) => (word.startsWith("!") ? !isThere(word.slice(1)) : isThere(word)));
}

describe("words", () => {
  it("are letters and digits, folded, wherever they stand", () => {
    const text = "Héllo, WORLD_42! ﬁne don't e\u0301te\u0301";
    expect([...tokenize(text)].map((word) => word.text)).toEqual([
      "hello",
      "world",
      "42",
      "fine",
      "don",
      "t",
      "ete",
    ]);
    for (const { start, end } of tokenize(text))
      expect(text.slice(start, end)).toMatch(/^[\p{L}\p{M}\p{N}]+$/u);
  });

  it("of scripts without spaces are characters and pairs, of emoji the emoji, of thisOne its parts too", () => {
    expect(indexTerms("全文検索")).toEqual(["全", "全文", "文", "文検", "検", "検索", "索"]);
    expect(indexTerms("ok🚀👩‍💻")).toEqual(["ok", "🚀", "👩", "💻"]);
    expect(indexTerms("findPrefixes")).toEqual(["findprefixes", "find", "prefixes"]);
  });

  it.each([
    ["words", "ab cd ".repeat(300_000)],
    ["a script without spaces", "全文検索".repeat(250_000)],
  ])("of a long text of %s are found in steps", (_, text) => {
    const steps = indexTermsInSteps(text);
    let taken = 1;
    while (!steps.next().done) taken++;
    expect(taken).toBeGreaterThan(10);
  });

  it("fit into Postgres, whatever the text is", () => {
    const many = Array.from({ length: 300_000 }, (_, n) => n.toString(36).padStart(9, "x")).join(" ");
    expect(indexTerms(many).join("").length).toBeLessThan(1_000_000);
    expect(indexTerms("y".repeat(1_000_000))).toEqual(["y".repeat(64)]);
    expect(indexTerms("\u0000\ud800 \t'\\&|!():*<->")).toEqual([]);
  });
});

describe("a question", () => {
  const text =
    "The login test fails: TypeError in src/login.test.ts, 検索エンジンの全文検索 and 🚀. Café au lait.";
  it.each([
    ["login", ["login", "login"]],
    ["log", ["login", "login"]],
    ["lo", null],
    ["LOGIN fails", ["login", "fails", "login"]],
    ['"login test"', ["login test", "login.test"]],
    ['"test login"', null],
    ["login.test.ts", ["login.test.ts"]],
    ["login -success", ["login", "login"]],
    ["login -typeerror", null],
    ['login -"test fails"', null],
    ['login -"fails test"', ["login", "login"]],
    ["全文", ["全文"]],
    ["文検", ["文検"]],
    ["検索", ["検索"]],
    ["検索全文", null],
    ["エンジン", ["エンジン"]],
    ["🚀", ["🚀"]],
    ["cafe", ["Café"]],
    ["error", ["Error"]],
    ["missing", null],
  ])("%s finds %j", (question, expected) => {
    expect(found(text, question)).toEqual(expected);
    // The index may let more through, never less.
    if (expected) expect(isIndexed(text, question)).toBe(true);
  });

  it("of nothing that can be found has no terms, and no input is wrong", () => {
    for (const odd of [
      "",
      "!!!",
      "-",
      '"',
      '""',
      "& | ! ( ) :* <->",
      "'",
      "\\",
      "\u0000",
      "-only -without",
      "\ud800",
    ])
      expect(parseQuery(odd), odd).toEqual([]);
    for (const odd of [
      "a'b",
      "x:*",
      "!x",
      "(x",
      "x & y",
      '"open phrase',
      "--x y",
      "o''; drop table requests",
    ])
      expect(toTsquery(parseQuery(odd)), odd).toMatch(
        /^(!?'[\p{L}\p{N}]+'(:\*)?)( & !?'[\p{L}\p{N}]+'(:\*)?)*$/u,
      );
    expect(parseQuery("word ".repeat(100))).toHaveLength(16);
  });
});

describe("a snippet", () => {
  it("shows the place, marked, as one line", () => {
    const text = `${"before ".repeat(50)}the needle\nin\u0000it ${"after ".repeat(100)}`;
    const { snippet, highlights } = snippetAround(text, findTerms(text, parseQuery("needle"))!);
    expect(highlights.map(({ start, end }) => snippet.slice(start, end))).toEqual(["needle"]);
    expect(snippet).toMatch(/^…before .*the needle in it after .*…$/);
    expect(snippet.length).toBeLessThan(260);
  });

  it("of a short text is the text, and marks do not overlap", () => {
    const text = "search the search engine";
    const { snippet, highlights } = snippetAround(
      text,
      findTerms(text, parseQuery('search "search engine"'))!,
    );
    expect(snippet).toBe(text);
    expect(highlights.map(({ start, end }) => text.slice(start, end))).toEqual(["search", "search"]);
  });

  it("cuts no character in two", () => {
    const text = "🦊".repeat(400);
    for (const at of [0, 100, 101, 399]) {
      const { snippet } = snippetAround(text, [{ start: at * 2, end: at * 2 + 2 }]);
      expect(snippet.isWellFormed()).toBe(true);
    }
  });
});

it("the searched text of a message is what it says, calls and results included, and no encoded bytes", () => {
  const of = (value: unknown) => searchText(new TextEncoder().encode(JSON.stringify(value)));
  expect(
    of({
      role: "user",
      content: [
        { type: "text", text: "Look", cache_control: { type: "ephemeral" } },
        { type: "tool_use", id: "toolu_1", name: "Bash", input: { command: "ls -l", n: 3 } },
        { type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "total 0" }] },
        { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
        { type: "thinking", thinking: "Hm", signature: "sig" },
      ],
    }),
  ).toEqual({ role: "user", text: "Look\nBash\nls -l\ntotal 0\nHm" });
  expect(of({ role: "assistant", content: "plain" })).toEqual({ role: "assistant", text: "plain" });
  for (const odd of [null, 1, [], {}, { content: "x" }]) expect(of(odd)).toBeNull();
  expect(searchText(new TextEncoder().encode("{"))).toBeNull();
});
