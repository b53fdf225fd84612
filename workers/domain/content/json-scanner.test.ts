import { describe, expect, test } from "vitest";
import { eachElement, eachMember, INVALID, skipSpace, stringEquals, valueEnd } from "./json-scanner.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

function isJson(text: string): boolean {
  const bytes = bytesOf(text);
  const end = valueEnd(bytes, skipSpace(bytes, 0));
  return end !== INVALID && skipSpace(bytes, end) === bytes.length;
}

describe("valueEnd", () => {
  test.each([
    ...["0", "-0", "10", "1.5", "1e5", "1E+5", "-1.0e-10", "1e400", "true", "false", "null"],
    ...['""', '"a"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u00Ff"', '"\\ud800"', '"\u2028\x7f🙂"'],
    ...["[]", "[ ]", "{}", "{\t}", "[1 , 2]", '{"a":1,"a":[{}]}', '\r\n\t {"":{"":[[]]}} '],
  ])("accepts %j", (text) => {
    expect(isJson(text)).toBe(true);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  test.each([
    ...["", " ", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "1_000", "NaN", "Infinity", "-Infinity"],
    ...["tru", "truee", "nul", "undefined", "'a'", '"', '"\\', '"\\"', '"\\x"', '"\\u12g4"', '"\\u12"'],
    ...['"\n"', '"\0"', "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "]", "[}", "{]", "{", '{"a"', '{"a":'],
    ...['{"a":1', '{"a":1,', '{"a":1,}', '{"a" 1}', "{a:1}", "{1:1}", '{,"a":1}', '{"a":1 "b":2}', "1 2"],
    ...["\u00a01", "\ufeff1", "[1]\0", "// a\n1", '[1}{"a":1]', '{"a":[}'],
  ])("rejects %j", (text) => {
    expect(isJson(text)).toBe(false);
    expect(() => JSON.parse(text) as unknown).toThrow();
  });

  test("accepts five million levels of nesting", () => {
    const levels = 5_000_000;
    expect(isJson("[".repeat(levels) + "]".repeat(levels))).toBe(true);
    expect(isJson('{"a":['.repeat(levels / 5) + "]}".repeat(levels / 5))).toBe(true);
    expect(isJson("[".repeat(levels) + "]".repeat(levels - 1) + "}")).toBe(false);
  });

  test("ends at the given value, not after it", () => {
    expect(valueEnd(bytesOf('[1, "]", {"a": 2}] , 5'), 0)).toBe(18);
    expect(valueEnd(bytesOf('[1, "]", {"a": 2}]'), 4)).toBe(7);
    expect(valueEnd(bytesOf("12,"), 0)).toBe(2);
  });
});

describe("eachMember and eachElement", () => {
  test("visit keys and values with their positions", () => {
    const text = ' { "a" : [1, {"b":2}] ,"":"}" } ';
    const bytes = bytesOf(text);
    const seen: string[] = [];
    const end = eachMember(bytes, 1, (keyStart, keyEnd, value) => {
      const valueStop = valueEnd(bytes, value);
      seen.push(text.slice(keyStart, keyEnd), text.slice(value, valueStop));
      return valueStop;
    });
    expect(seen).toEqual(['"a"', '[1, {"b":2}]', '""', '"}"']);
    expect(end).toBe(text.length - 1);
  });

  test("visit elements with their positions", () => {
    const text = '[ "a]" , [2,3],null ]x';
    const bytes = bytesOf(text);
    const seen: string[] = [];
    const end = eachElement(bytes, 0, (start) => {
      const stop = valueEnd(bytes, start);
      seen.push(text.slice(start, stop));
      return stop;
    });
    expect(seen).toEqual(['"a]"', "[2,3]", "null"]);
    expect(end).toBe(text.length - 1);
  });

  test("return INVALID for invalid JSON inside", () => {
    const broken = bytesOf('{"a":[1,]}');
    expect(eachMember(broken, 0, (_key, _keyEnd, value) => valueEnd(broken, value))).toBe(INVALID);
    const open = bytesOf("[1");
    expect(eachElement(open, 0, (start) => valueEnd(open, start))).toBe(INVALID);
  });
});

test.each([
  ['"messages"', true],
  ['"mess\\u0061ges"', true],
  ['"\\u006D\\u0065\\u0073\\u0073\\u0061\\u0067\\u0065\\u0073"', true],
  ['"message"', false],
  ['"messagesx"', false],
  ['"messag\\\\es"', false],
  ['"Messages"', false],
  ['""', false],
])("stringEquals of %s is %s for messages", (spelling, isMessages) => {
  const bytes = bytesOf(spelling);
  expect(stringEquals(bytes, 0, bytes.length, bytesOf("messages"))).toBe(isMessages);
});
