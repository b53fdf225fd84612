import { describe, expect, test } from "vitest";
import { MAX_PARSED_BYTES } from "../../runtime/constants.ts";
import { sseEvents, sseEventsInSteps, type SseEvent } from "./sse.ts";

const MB = 1_048_576;

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string | Uint8Array): SseEvent[] => [
  ...sseEvents(typeof text === "string" ? bytes(text) : text),
];
const pairs = (text: string | Uint8Array) => read(text).map(({ event, data }) => [event, data]);

describe("sseEvents", () => {
  test.each([
    ["LF", "\n"],
    ["CR", "\r"],
    ["CRLF", "\r\n"],
  ])("reads events whose lines end with %s", (_, end) => {
    const text = ["event: a", "data: 1", "", "data: 2", "", ""].join(end);
    expect(pairs(text)).toEqual([
      ["a", "1"],
      ["message", "2"],
    ]);
  });

  test("reads a body that mixes all line endings", () => {
    expect(pairs("event: a\rdata: 1\r\n\ndata: 2\n\r\nevent: c\r\ndata: 3\r\r")).toEqual([
      ["a", "1"],
      ["message", "2"],
      ["c", "3"],
    ]);
  });

  test("joins several data lines by a line feed and keeps empty ones", () => {
    expect(pairs("data: a\ndata\ndata:\ndata: b\n\n")).toEqual([["message", "a\n\n\nb"]]);
  });

  test("takes off one blank behind the colon, and only one", () => {
    expect(pairs("data:  x \n\ndata:y\n\n")).toEqual([
      ["message", " x "],
      ["message", "y"],
    ]);
  });

  test("ignores comments, unknown fields, and names that only begin like a field", () => {
    expect(pairs(": keep alive\nid: 7\nretry: 10\nDATA: no\ndatas: no\n event: no\ndata: yes\n\n")).toEqual([
      ["message", "yes"],
    ]);
  });

  test("forgets the name of an event that has no data", () => {
    expect(pairs("event: lost\n\ndata: 1\n\n")).toEqual([["message", "1"]]);
  });

  test("takes the last of several names", () => {
    expect(pairs("event: a\nevent: b\ndata: 1\n\n")).toEqual([["b", "1"]]);
  });

  test("drops a byte order mark at the very start and nowhere else", () => {
    expect(pairs("\ufeffdata: \ufeffx\n\n\ufeffdata: 2\n\n")).toEqual([["message", "\ufeffx"]]);
  });

  test("gives an event behind the last blank line, marked as unterminated", () => {
    expect(read("data: 1\n\nevent: b\ndata: 2")).toEqual([
      { event: "message", data: "1", end: 9, terminated: true, isCut: false },
      { event: "b", data: "2", end: 25, terminated: false, isCut: false },
    ]);
  });

  test("counts the end of an event in bytes of the body, its blank line included", () => {
    const [first, second] = ["\ufeff: ö\ndata: ü\n\n", "\n: c\r\ndata: 2\r\n\r\n"];
    expect(read(first + second).map(({ end }) => end)).toEqual([
      bytes(first).length,
      bytes(first + second).length,
    ]);
  });

  test("replaces bytes that are not UTF-8 and reads on", () => {
    const body = Uint8Array.from([...bytes("data: a"), 0xff, 0xc3, ...bytes("b\n\ndata: 2\n\n")]);
    expect(pairs(body)).toEqual([
      ["message", "a\ufffd\ufffdb"],
      ["message", "2"],
    ]);
  });

  test.each([
    ["a long line", `data: ${"x".repeat(13 * MB)}\n\n`],
    ["many lines", `${"data: x\n".repeat(1_000_000)}\n`],
    ["many empty lines", `${"data:\n".repeat(1_000_000)}\n`],
  ])("leaves out a part of an event with %s, and reads on", (_, text) => {
    const [first, second] = read(`${text}data: 2\n\n`);
    expect(first).toMatchObject({ isCut: true, end: text.length });
    expect(first!.data.length).toBeLessThan(MAX_PARSED_BYTES + 10);
    expect(second).toMatchObject({ data: "2", isCut: false });
  });

  test.each(["data:\n", "x\n", ":\r\n", "\n", "event: a\n"])(
    "yields between events in a body of %j",
    (line) => {
      const steps = [...sseEventsInSteps(bytes(line.repeat((8 * MB) / line.length)))];
      expect(steps.filter((event) => event === null).length).toBeGreaterThanOrEqual(7);
      expect(steps.length).toBeLessThan(10);
    },
  );

  test.each(["", "\n", "\r", "\r\n\r\n", ":", ":\n", "data", "event: x\n\n", "\ufeff", "no colon here"])(
    "finds at most an empty event in %j",
    (text) => {
      expect(read(text).filter(({ data }) => data !== "")).toEqual([]);
    },
  );

  test("takes time linear in the body, whichever line ending is missing", () => {
    const seconds = (end: string) => {
      const body = bytes(`data: x${end}${end}`.repeat(200_000));
      const start = performance.now();
      expect(read(body)).toHaveLength(200_000);
      return (performance.now() - start) / 1_000;
    };
    // Quadratic search would take minutes.
    expect(Math.max(seconds("\n"), seconds("\r"), seconds("\r\n"))).toBeLessThan(10);
  });
});
