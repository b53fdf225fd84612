import { describe, expect, it } from "vitest";
import { messageOf } from "./blocks.ts";
import { entryMarkdown, headMarkdown } from "./export.ts";
import { pairTools } from "./pair-tools.ts";

const markdown = (...messages: unknown[]) =>
  pairTools(messages.map(messageOf))
    .map((entry) => entryMarkdown(entry, null))
    .join("");

describe("a transcript as Markdown", () => {
  it("names the role of each message, in order", () => {
    expect(markdown({ role: "user", content: "Fix it" }, { role: "assistant", content: "Done." })).toBe(
      "## 1. You\n\nFix it\n\n## 2. Claude\n\nDone.\n\n",
    );
  });

  it("has a call with its result once", () => {
    const text = markdown(
      { role: "assistant", content: [{ type: "tool_use", id: "a", name: "Bash", input: { command: "ls" } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "x.ts", is_error: true }] },
    );
    expect(text).toContain(
      '**Tool: Bash**\n\n```json\n{\n  "command": "ls"\n}\n```\n\n*Result: error:*\n\n```\nx.ts\n```',
    );
    expect(text.match(/x\.ts/g)).toHaveLength(1);
    expect(text).not.toContain("## 2.");
  });

  it("fences text that contains fences", () => {
    const result = { type: "tool_result", tool_use_id: "a", content: "````\ncode\n````" };
    expect(markdown({ role: "user", content: [result] })).toContain("`````\n````\ncode\n````\n`````");
  });

  it("names blocks other than text, and quotes thinking", () => {
    const text = markdown({
      role: "assistant",
      content: [
        { type: "thinking", thinking: "one\ntwo" },
        { type: "image", source: { type: "base64", media_type: "image/png", data: "" } },
        { type: "tomorrow", x: 1 },
        { type: "redacted_thinking", data: "AAAA" },
      ],
    });
    expect(text).toContain("> one\n> two");
    expect(text).toContain("*Image (image/png).*");
    expect(text).toContain("*Block of type tomorrow:*");
    expect(text).toContain("encrypted by Anthropic");
  });

  it("keeps markup out of its head", () => {
    expect(headMarkdown("*<b>", { branch: "main", messages: 2, domain: "a.b" })).toBe(
      "#   b \n\na.b, main, 2 messages\n\n",
    );
  });
});
