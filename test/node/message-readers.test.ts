/** Title, alert, linking, search, message reader and page agree on the user's text of a message, whatever its shape. */
import { describe, expect, it } from "vitest";
import { blocksOf } from "../../dashboard/src/transcript/blocks.ts";
import { summarizeMessage } from "../../workers/domain/alerts/message-summary.ts";
import type { JsonObject } from "../../workers/domain/json/json.ts";
import { evidenceOf } from "../../workers/domain/linking/evidence/evidence.ts";
import { itemsOf } from "../../workers/domain/linking/evidence/transcript.ts";
import { contentBlocks, contentTexts } from "../../workers/domain/messages/content.ts";
import { withoutReminders } from "../../workers/domain/messages/reminders.ts";
import { userPromptText } from "../../workers/domain/messages/user-prompt.ts";
import { findTerms, parseQuery } from "../../workers/domain/search/query.ts";
import { searchText } from "../../workers/domain/search/text.ts";

const text = (value: unknown) => ({ type: "text", text: value });
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } };
const result = { type: "tool_result", tool_use_id: "toolu_1", content: "out" };
const reminder = "<system-reminder>\nr\n</system-reminder>";

/** A content, and the user's texts in it. */
const CASES: [name: string, content: unknown, said: string[]][] = [
  ["a string", "Fix it", ["Fix it"]],
  ["a text block", [text("Fix it")], ["Fix it"]],
  ["several texts", [text("Fix it"), text("now")], ["Fix it", "now"]],
  ["an empty string", "", []],
  ["blanks only", " \n", []],
  ["an empty list", [], []],
  ["an empty text", [text("")], []],
  ["no content", undefined, []],
  ["null", null, []],
  ["a number", 7, []],
  ["an object", { type: "text", text: "Fix it" }, []],
  ["entries that are no blocks", [null, 7, "no", [], text(7), { type: "tomorrow", text: "no" }], []],
  ["images only", [image, image], []],
  ["an image and a text", [image, text("What is this?")], ["What is this?"]],
  ["tool results only", [result], []],
  ["a tool result with a reminder inside", [{ ...result, content: `out\n\n${reminder}` }], []],
  ["a tool result and a text", [result, text("Go on")], ["Go on"]],
  ["a reminder before", `${reminder}\nFix it`, ["Fix it"]],
  ["a reminder behind", `Fix it\n\n${reminder}`, ["Fix it"]],
  ["a reminder inside", `Fix it ${reminder} now`, ["Fix it now"]],
  ["several reminders in a text", `${reminder}Fix ${reminder}${reminder} it${reminder}`, ["Fix it"]],
  ["a reminder in a block of its own", [text(reminder), text("Fix it")], ["Fix it"]],
  ["reminders only", [text(reminder), text(reminder)], []],
  ["an upper-case reminder", "<SYSTEM-REMINDER>r</SYSTEM-REMINDER>Fix it", ["Fix it"]],
  ["a reminder in mixed case", "<System-Reminder>r</system-reminder>Fix it", ["Fix it"]],
  ["a nested reminder", `<system-reminder>a ${reminder} b</system-reminder>Fix it`, ["Fix it"]],
  [
    "a reminder that mentions the tag",
    "<system-reminder>a <system-reminder> b</system-reminder>Fix it",
    ["Fix it"],
  ],
  ["an unclosed reminder", "<system-reminder>cut off", []],
  ["an unclosed reminder behind another", `${reminder}\n<system-reminder>cut off`, []],
  ["an unclosed tag behind a text", "Is <system-reminder> a tag?", ["Is <system-reminder> a tag?"]],
  ["a closing tag alone", "Is </system-reminder> a tag?", ["Is </system-reminder> a tag?"]],
];

describe.each(CASES)("%s", (_, content, said) => {
  const message = { role: "user", content };
  const bytes = new TextEncoder().encode(JSON.stringify(message));
  const page = blocksOf(content);

  it("has this text in each reader", () => {
    const title = userPromptText([bytes]);
    const alert = summarizeMessage([bytes], null);
    const link = itemsOf(content).flatMap(({ plainText }) => plainText ?? []);
    const read = contentTexts(content)
      .map(withoutReminders)
      .filter((part) => part !== "");
    const shown = page.flatMap((block) => (block.kind === "text" ? block.text.trim() || [] : []));
    expect({ title, alert: alert?.userText ?? null, link, read, shown: shown.join(" ") }).toEqual({
      title: said.join(" ") || null,
      alert: said.join("\n") || null,
      link: said,
      read: said,
      shown: said.join(" "),
    });
  });

  it("is found by that text and by the reminders that the page can show", () => {
    const searched = searchText(bytes)!.text;
    const reminders = page.flatMap((block) => (block.kind === "reminder" ? [block.text] : []));
    const isFound = (part: string) => findTerms(searched, parseQuery(part)) !== null;
    expect([...said, ...reminders].filter((part) => part !== "" && !isFound(part))).toEqual([]);
  });

  it("is the same message for linking with a reminder and without", () => {
    expect(identityOf(withReminder(content))).toEqual(identityOf(content));
  });

  it("keeps every entry that is no text, in linking and on the page", () => {
    const isText = ({ type, text: value }: JsonObject) => type === "text" && typeof value === "string";
    const others = contentBlocks(content).filter((block) => !isText(block)).length;
    expect(itemsOf(content).filter(({ plainText }) => plainText === null)).toHaveLength(others);
    expect(page.filter(({ kind }) => kind !== "text" && kind !== "reminder")).toHaveLength(others);
  });
});

/** The keys and the stored hash that linking compares for a request with this message. */
function identityOf(content: unknown) {
  const { endKey, messageKey, messageHash } = evidenceOf({
    requestId: "01930000-0000-7000-8000-000000000000",
    headers: {},
    body: {},
    messages: [{ role: "user", content }],
    system: "You are helpful",
    tools: [],
    response: null,
    isResponseComplete: false,
    isBodyComplete: true,
  })!;
  return { endKey, messageKey, messageHash };
}

/** The content with a reminder before each of its texts, and in a block of its own. */
function withReminder(content: unknown): unknown {
  if (typeof content === "string") return `${reminder}\n${content}`;
  if (!Array.isArray(content)) return content;
  const added = contentBlocks(content).map((block) =>
    block["type"] === "text" && typeof block["text"] === "string"
      ? { ...block, text: `${reminder}${block["text"]}` }
      : block,
  );
  return [text(reminder), ...added];
}

it("takes time linear in a text's tags", () => {
  for (const hostile of [
    "<system-reminder>",
    "</system-reminder>",
    "a<system-reminder>b",
    "<system-reminder></system-reminder>",
  ]) {
    const start = performance.now();
    withoutReminders(hostile.repeat(200_000));
    // A quadratic scan takes minutes.
    expect(performance.now() - start).toBeLessThan(5_000);
  }
});
