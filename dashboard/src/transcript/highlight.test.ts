import { describe, expect, it } from "vitest";
import { languageOfPath, createHighlighter, highlightNumbered } from "./highlight.ts";

describe("colours of code", () => {
  it("mark words of a language, and escape everything", () => {
    const html = createHighlighter()('const a = "<script>alert(1)</script>" && 1;', "ts");
    expect(html).toContain('<span class="hljs-keyword">const</span>');
    expect(html).not.toContain("<script");
    expect(html?.replaceAll(/<\/?span[^>]*>/g, "")).toBe(
      "const a = &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot; &amp;&amp; 1;",
    );
  });

  it.each([
    ["an unknown language", "x = 1", "klingon"],
    ["no language", "x = 1", null],
    ["a long line", "x".repeat(1_001), "python"],
    ["a long block", "x = 1\n".repeat(3_000), "python"],
    ["a language that is a member of every object", "x = 1", "constructor"],
  ])("leave %s plain", (_, code, language) => {
    expect(createHighlighter()(code, language)).toBeNull();
  });

  it("end with the limit of a page", () => {
    const highlight = createHighlighter();
    const block = "x = 1\n".repeat(1_600);
    const isHighlighted = Array.from({ length: 5 }, () => highlight(block, "python") !== null);
    expect(isHighlighted).toEqual([true, true, true, false, false]);
    expect(highlight("x = 1", "python")).not.toBeNull();
  });

  it("keep the numbers of a listing apart from its code", () => {
    expect(highlightNumbered(createHighlighter())("  9→const a = 1;\n 10→<b>", "ts")).toMatch(
      /^<span class="line-number"> {2}9→<\/span><span class="hljs-keyword">const<\/span>[^]*\n<span class="line-number"> 10→<\/span>&lt;/,
    );
    expect(highlightNumbered(createHighlighter())("The file has been updated.", "ts")).toBeNull();
  });

  it.each([
    ["/a/b.test.ts", "ts"],
    ["C:\\a\\b.RS", "rs"],
    ["Dockerfile", "dockerfile"],
    ["a/b.toml", "ini"],
    ["README", null],
    ["a.constructor", null],
    [42, null],
  ])("are those of %s: %s", (path, language) => {
    expect(languageOfPath(path)).toBe(language);
  });
});
