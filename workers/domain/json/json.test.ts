import { describe, expect, test } from "vitest";
import { MAX_PARSED_BYTES, MAX_PARSED_VALUES } from "../../runtime/constants.ts";
import {
  isObject,
  isTooLarge,
  MAX_JSON_DEPTH,
  parseJson,
  parseJsonBytes,
  setOwn,
  storableJson,
  unknownMembers,
} from "./json.ts";

describe("parseJson", () => {
  test("returns the value, and undefined for invalid JSON", () => {
    expect(parseJson('{"a":[1]}')).toEqual({ a: [1] });
    expect(parseJson("null")).toBeNull();
    for (const text of ["", "{", "undefined", "{'a':1}", "\ufeff{}"]) expect(parseJson(text)).toBeUndefined();
  });

  test("rejects texts that take too much memory as values, and none for what is in their strings", () => {
    const list = (length: number, item: string) => `[${Array.from({ length }, () => item).join(",")}]`;
    const strings = JSON.stringify(["a,[{".repeat(MAX_PARSED_VALUES), '\\",[{\\'.repeat(100_000)]);
    for (const text of [list(50_000, "1"), list(MAX_PARSED_VALUES - 1, "1"), strings]) {
      expect(parseJson(text)).toBeDefined();
      expect(parseJsonBytes(new TextEncoder().encode(text))).toBeDefined();
    }
    for (const text of [
      list(MAX_PARSED_VALUES + 1, "1"),
      list(60_000, "[]"),
      list(60_000, "{}"),
      `"${"a".repeat(MAX_PARSED_BYTES)}"`,
    ]) {
      expect(parseJson(text)).toBeUndefined();
      expect(parseJsonBytes(new TextEncoder().encode(text))).toBeUndefined();
    }
  });

  test("counts the values after strings with any quotes and backslashes in them", () => {
    const values = "1,".repeat(100_001);
    for (const string of [
      '""',
      '"\\""',
      '"\\\\"',
      '"\\\\\\""',
      `"${'\\"'.repeat(50_000)}"`,
      '"a","\\\\","b"',
    ]) {
      expect(isTooLarge([new TextEncoder().encode(`[${string},${values}1]`)]), string.slice(0, 20)).toBe(
        true,
      );
      expect(isTooLarge([new TextEncoder().encode(`[${string},"${values}"]`)]), string.slice(0, 20)).toBe(
        false,
      );
    }
    expect(isTooLarge([new TextEncoder().encode(`["${values}`)])).toBe(false);
  });

  test("counts the values of several texts together", () => {
    const text = new TextEncoder().encode(`[${"1,".repeat(30_000)}1]`);
    expect(isTooLarge([text, text, text])).toBe(false);
    expect(isTooLarge([text, text, text, text])).toBe(true);
    expect(isTooLarge([new Uint8Array(MAX_PARSED_BYTES)])).toBe(false);
    expect(isTooLarge([new Uint8Array(MAX_PARSED_BYTES), new Uint8Array(1)])).toBe(true);
  });

  test("rejects values nested too deeply to be serialised", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(parseJson(nested(MAX_JSON_DEPTH))).toBeDefined();
    expect(parseJson(nested(MAX_JSON_DEPTH + 1))).toBeUndefined();
    expect(parseJson(nested(1_000_000))).toBeUndefined();
  });

  test.each([
    ["1", 0],
    ['"[[["', 0],
    ["[]", 1],
    ['{"a":[]}', 2],
    ['[[],[{"a":1}],[]]', 3],
    ['["\\"[[[", {"\\\\": "{"}]', 2],
    ['{"a\\\\\\"{{{":[1]}', 2],
    ['  [ { } , [ "]" , [ ] ] ]\n', 3],
  ])("takes %s as %i deep", (text, depth) => {
    expect(parseJson(text, depth)).toEqual(JSON.parse(text));
    expect(parseJson(text, depth - 1) === undefined).toBe(depth > 0);
  });

  test("does not count brackets in strings, nor those of siblings", () => {
    const text = JSON.stringify({ a: '["\\'.repeat(5_000), b: Array.from({ length: 5_000 }, () => [{}]) });
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });
});

test("isObject accepts objects only", () => {
  expect([{}, Object.create(null)].every(isObject)).toBe(true);
  expect([null, undefined, [], "x", 1].some(isObject)).toBe(false);
});

test("setOwn never touches a prototype", () => {
  const target = {};
  setOwn(target, "__proto__", { polluted: true });
  expect(Object.getPrototypeOf(target)).toBe(Object.prototype);
  expect(Object.keys(target)).toEqual(["__proto__"]);
});

test("unknownMembers returns the other members, unless these are only the type and nulls", () => {
  expect(unknownMembers({ type: "t", a: 1, b: null, c: 2 }, "a")).toEqual({ type: "t", b: null, c: 2 });
  expect(unknownMembers({ type: "t", a: 1, b: null }, "a")).toBeNull();
});

test("storableJson returns the same object where nothing changes", () => {
  const value = { a: ["😀", "\\u0000 spelled out", { b: null }] };
  expect(storableJson(value)).toEqual(value);
  const plain = { a: 1 };
  expect(storableJson(plain)).toBe(plain);
  expect(storableJson(null)).toBeNull();
});

test("storableJson keeps a number beyond a double, which JSON would turn into null, as a text", () => {
  const value = parseJson('{"a":[1e400,null,-1e400,1]}');
  expect(storableJson(value)).toEqual({ a: ["Infinity", null, "-Infinity", 1] });
});

test("storableJson replaces what jsonb rejects, in names and values", () => {
  expect(storableJson({ "a\0": ["\ud800x", "\udc00"] })).toEqual({ "a\ufffd": ["\ufffdx", "\ufffd"] });
});
