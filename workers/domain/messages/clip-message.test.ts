import { expect, it } from "vitest";
import { MAX_CLIPPED_TEXT, previewContent, clipMessage } from "./clip-message.ts";

const of = (value: unknown, isWhole = false) =>
  clipMessage(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)), isWhole);

it("a short message is shown as it is", () => {
  const content = [{ type: "text", text: "Hi <b>\u0000🦊" }];
  expect(of({ role: "user", content })).toEqual({ role: "user", content, isClipped: false, hasTools: false });
  expect(of({ role: "assistant", content: "Hi" })).toMatchObject({ role: "assistant", content: "Hi" });
});

it("long texts are cut between characters, images left out, and the whole is available", () => {
  const long = `${"x".repeat(MAX_CLIPPED_TEXT - 1)}🦊${"y".repeat(10)}`;
  const image = {
    type: "image",
    source: { type: "base64", media_type: "image/png", data: "A".repeat(9_000) },
  };
  const result = { type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: long }, image] };
  const message = { role: "user", content: [result] };
  const shown = of(message);
  expect(shown).toMatchObject({ isClipped: true, hasTools: true });
  expect(JSON.stringify(shown.content).length).toBeLessThan(MAX_CLIPPED_TEXT + 300);
  expect(JSON.stringify(shown.content)).toContain(`x…"`);
  expect(shown.content).toMatchObject([{ content: [{}, { source: { media_type: "image/png", data: "" } }] }]);
  expect(of(message, true)).toMatchObject({ content: message.content, isClipped: false });
});

it("texts are masked before they are cut, so that no part of a secret is left", () => {
  const text = `${"x".repeat(MAX_CLIPPED_TEXT - 8)} secret-secret`;
  const message = { role: "user", content: [{ type: "text", text }] };
  const mask = (given: string) => given.replace("secret-secret", "***");
  for (const given of [JSON.stringify(message), text]) {
    const { content, isClipped } = clipMessage(new TextEncoder().encode(given), false, mask);
    expect(isClipped).toBe(true);
    expect(JSON.stringify(content)).toMatch(/x \*\*\*/);
  }
});

it("what is no message is shown as text, and names of any kind are harmless", () => {
  expect(of("not JSON")).toMatchObject({ role: "unknown", content: "not JSON" });
  expect(of("[".repeat(2_000) + "]".repeat(2_000))).toMatchObject({ role: "unknown" });
  const hostile = of('{"role":"user","content":[{"type":"text","__proto__":{"x":1},"text":"a"}]}');
  expect(Object.keys((hostile.content as object[])[0]!)).toContain("__proto__");
});

it("a glimpse has the beginning of the text and the names of tools, without inputs and results", () => {
  const long = "word ".repeat(200);
  expect(previewContent(long)).toMatch(/^word word .{400,500}…$/);
  expect(
    previewContent([
      { type: "thinking", thinking: "secret", signature: "x" },
      { type: "text", text: "I look." },
      { type: "tool_use", id: "t1", name: "Read", input: { file_path: "/etc/passwd" } },
      { type: "tool_result", tool_use_id: "t1", content: "root:x:0" },
      { type: "image", source: { type: "base64", data: "AAAA" } },
      "stray",
    ]),
  ).toEqual([
    { type: "thinking" },
    { type: "text", text: "I look." },
    { type: "tool_use", id: "t1", name: "Read", input: {} },
    { type: "tool_result", tool_use_id: "t1" },
    { type: "image" },
    { type: "string" },
  ]);
  expect(previewContent(null)).toEqual([]);
  for (const odd of [7, { type: "text" }]) expect(previewContent(odd)).toEqual([{ type: "content" }]);
});
