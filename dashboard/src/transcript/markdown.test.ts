import { describe, expect, it } from "vitest";
import { renderParts } from "./markdown.ts";

const renderMarkdown = (text: string) => renderParts(text, Infinity).shown;

describe("Markdown of a transcript", () => {
  it("renders what people write", () => {
    expect(renderMarkdown("**bold** and `code`")).toContain("<strong>bold</strong>");
    expect(renderMarkdown("```ts\nconst a = 1;\n```")).toContain("<pre");
  });

  it.each(["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b onclick=x>y</b>"])(
    "shows %s as text",
    (html) => {
      expect(renderMarkdown(html)).not.toMatch(/<(script|img|b)\b/i);
      expect(renderMarkdown(html)).toContain("&lt;");
    },
  );

  it.each(["javascript:alert(1)", "data:text/html,<b>", "vbscript:x"])("makes no link of %s", (target) => {
    expect(renderMarkdown(`[a](${target})`)).not.toContain("href");
  });

  it("keeps quotes and tags inside code fences and their language names as text", () => {
    const html = renderMarkdown('```"><script>\n</code><script>alert(1)</script>\n```');
    expect(html).not.toContain("<script");
  });
});
