import { describe, expect, it } from "vitest";
import { diffLines } from "./diff.ts";
import { collapseText } from "./collapse.ts";
import { eventSummary, parseStream } from "./sse.ts";

describe("folding long text", () => {
  it("does not cut a text that is slightly too long", () => {
    expect(collapseText("x".repeat(390), 300)).toMatchObject({ rest: "", omitted: 0 });
  });

  it("cuts at a line's end and counts the lines behind the fold", () => {
    const text = Array.from({ length: 40 }, (_, index) => `line number ${index}`).join("\n");
    const folded = collapseText(text, 300);
    expect(`${folded.shown}\n${folded.rest}`).toBe(text);
    expect(folded.restLines).toBe(40 - folded.shown.split("\n").length);
  });

  it("cuts within a line without end, and loses nothing", () => {
    const text = "👩".repeat(1_000);
    const folded = collapseText(text, 301);
    expect(folded.shown + folded.rest).toBe(text);
    expect(folded.shown.isWellFormed()).toBe(true);
  });

  it("counts the omitted characters", () => {
    expect(collapseText("x".repeat(1_000_000), 300)).toMatchObject({ omitted: 976_000 });
  });
});

describe("a line diff", () => {
  const signs = (before: string, after: string) =>
    diffLines(before, after).map((line) => line.sign + line.text);

  it("shows removed and added lines, in reading order", () => {
    expect(signs("a\nb\nc", "a\nB\nc")).toEqual([" a", "-b", "+B", " c"]);
    expect(signs("a\nb", "b\na")).toEqual(["-a", " b", "+a"]);
    expect(signs("", "new\nfile")).toEqual(["+new", "+file"]);
    expect(signs("gone", "")).toEqual(["-gone"]);
    expect(signs("same", "same")).toEqual([" same"]);
  });

  it("contains both sides, also of large texts", () => {
    const before = Array.from({ length: 3_000 }, (_, index) => `old ${index % 7}`).join("\n");
    const after = Array.from({ length: 3_000 }, (_, index) => `new ${index % 5}`).join("\n");
    const lines = diffLines(before, after);
    const side = (sign: string) =>
      lines
        .filter((line) => line.sign !== sign)
        .map((line) => line.text)
        .join("\n");
    expect(side("+")).toBe(before);
    expect(side("-")).toBe(after);
  });
});

describe("the events of a stream", () => {
  it("are read with any line ends, several data lines, comments and a cut end", () => {
    const stream =
      ': hello\nevent: message_start\ndata: {"ä":1}\n\ndata:one\r\ndata: two\r\n\r\ndata:\r\revent: ping\ndata: {"b":';
    const first = new TextEncoder().encode(stream.slice(0, stream.indexOf("data:one"))).length;
    const whole = new TextEncoder().encode(stream);
    expect(parseStream(whole)).toEqual([
      { number: 1, type: "message_start", data: { ä: 1 }, size: 7, end: first },
      { number: 2, type: "message", data: "one\ntwo", size: 7, end: first + 23 },
      { number: 3, type: "message", data: "", size: 0, end: first + 30 },
      { number: 4, type: "ping", data: '{"b":', size: 5, end: whole.length },
    ]);
  });

  it("start after a byte order mark, and end with their bytes, even if those are not UTF-8", () => {
    const bytes = Uint8Array.from([0xef, 0xbb, 0xbf, ...new TextEncoder().encode("data: a"), 0xff, 10, 10]);
    expect(parseStream(bytes)).toEqual([{ number: 1, type: "message", data: "a\ufffd", size: 2, end: 13 }]);
    expect(parseStream(new Uint8Array(0))).toEqual([]);
  });

  it.each([
    [{ delta: { type: "text_delta", text: "Hello" } }, "Hello"],
    [{ delta: { type: "text_delta", text: "\n\n" } }, '"\\n\\n"'],
    [{ delta: { type: "input_json_delta", partial_json: '{"a' } }, '{"a'],
    [{ delta: { stop_reason: "end_turn" } }, "end_turn"],
    [{ content_block: { type: "tool_use", name: "Read" } }, "tool_use Read"],
    [{ error: { message: "Overloaded" } }, "Overloaded"],
    [{ type: "ping" }, ""],
    ["not json", "not json"],
    [null, ""],
  ])("summarize %j as %j", (data, words) => {
    expect(eventSummary({ number: 1, type: "x", data, size: 1, end: 1 })).toBe(words);
  });
});
