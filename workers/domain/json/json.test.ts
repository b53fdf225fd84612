import { describe, expect, test } from "vitest";
import { isObject, unknownMembers, MAX_JSON_DEPTH, parseJson, setOwn, storableJson } from "./json.ts";

describe("parseJson", () => {
  test("returns the value, and undefined for invalid JSON", () => {
    expect(parseJson('{"a":[1]}')).toEqual({ a: [1] });
    expect(parseJson("null")).toBeNull();
    for (const text of ["", "{", "undefined", "{'a':1}", "\ufeff{}"]) expect(parseJson(text)).toBeUndefined();
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
