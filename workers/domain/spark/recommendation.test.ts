import { describe, expect, test } from "vitest";
import { readRecommendation, SPARK_TOOL } from "./recommendation.ts";

const RESPONSE =
  "# Retry with **one** `key` {#retry}\n\nUse one key.\n\n## Sources {#sources}\n\n| source |\n| https://a.example/x |";
const read = (body: object | string, input: unknown = {}) =>
  readRecommendation(SPARK_TOOL, input, typeof body === "string" ? body : JSON.stringify(body));
const spark = (more: object = {}) => read({ session_id: "s-1", response: RESPONSE, ...more });

test("reads title, text and query from what Spark returns", () => {
  const input = { request: { query: "How do I retry\na charge?", context: ["node"] } };
  const body = { session_id: "s-1", request: "…", response: RESPONSE, feedback: "None", error_message: null };
  expect(read(body, input)).toEqual({
    sessionId: "s-1",
    title: "Retry with one key",
    text: "Use one key.\n\n## Sources\n\n| source |\n| https://a.example/x |",
    confidence: null,
    sources: [],
    query: "How do I retry a charge?",
    isCut: false,
  });
});

test("names a recommendation by its title, its heading, the query, or in general", () => {
  expect(spark({ title: "Given" })?.title).toBe("Given");
  const plain = { session_id: "s", response: "No heading.\n# Later" };
  expect(read(plain, { query: "Why?" })).toMatchObject({ title: "Why?", text: plain.response });
  expect(read(plain)?.title).toBe("Recommendation");
  expect(read({ ...plain, response: "# " })?.title).toBe("Recommendation");
});

test.each([
  [0.82, 0.82],
  [82, 0.82],
  [1, 1],
  [0, 0],
  ["high", "high"],
  [-1, null],
  [101, null],
  ["", null],
  [{}, null],
])("reads the confidence %o as %o", (given, expected) => {
  expect(spark({ confidence: given })?.confidence).toBe(expected);
  expect(spark({ metadata: { confidence: given } })?.confidence).toBe(expected);
});

test("reads sources as addresses, objects and names, and links only to web addresses", () => {
  const sources = [
    "https://a.example",
    { url: "https://b.example/doc", title: "B" },
    { source_url: "javascript:alert(1)", name: "C" },
    { title: "A handbook" },
    "javascript:alert(1)",
    `https://${"a".repeat(600)}.example`,
    "https://a.example",
    7,
    null,
  ];
  expect(spark({ sources })?.sources.map(({ label, url }) => [label.slice(0, 21), url])).toEqual([
    ["https://a.example", "https://a.example"],
    ["B", "https://b.example/doc"],
    ["C", null],
    ["A handbook", null],
    ["javascript:alert(1)", null],
    [`https://${"a".repeat(13)}`, null],
  ]);
  expect(spark({ sources: Array.from({ length: 99 }, (_, n) => `s${n}`) })?.sources).toHaveLength(20);
  expect(spark({ source: "One" })?.sources).toEqual([{ label: "One", url: null }]);
});

describe("a result that a transcript has shortened", () => {
  const whole = JSON.stringify({ session_id: "s", response: `# T\n\nA "quoted" text \\ with 🦊 fox.` });
  const cuts = Array.from({ length: whole.length }, (_, at) => at).filter(
    (at) => at > whole.indexOf("quoted"),
  );

  test.each(cuts)("is read when cut after %i characters", (at) => {
    const cut = read(`${whole.slice(0, at)}…`);
    // With its closing brace only the mark is left over, which is no JSON.
    if (at >= whole.length - 1) return;
    expect(cut).toMatchObject({ sessionId: "s", title: "T", isCut: true });
    expect(
      `A "quoted" text \\ with 🦊 fox.`.startsWith(cut!.text.trim().toWellFormed().replace("\ufffd", "")),
    ).toBe(true);
  });

  test("is no recommendation before its text begins", () => {
    expect(read('{"session_id":"s…')).toBeNull();
    expect(read('{"session_id":"s","response":["a…')).toBeNull();
  });
});

test.each<[string, string]>([
  ["no JSON", "Error: spark is down"],
  ["a text", '"text"'],
  ["a list", "[]"],
  ["null", "null"],
  ["no session", '{"response":"a"}'],
  ["a path as session", '{"session_id":"../x","response":"a"}'],
  ["dots as session", '{"session_id":"..","response":"a"}'],
  ["a number as session", '{"session_id":1,"response":"a"}'],
  ["no response", '{"session_id":"s","error_message":"x"}'],
  ["an empty response", '{"session_id":"s","response":" "}'],
  ["another type of response", '{"session_id":"s","response":{}}'],
  ["members of the prototype", '{"__proto__":{"session_id":"s","response":"a"}}'],
  ["a deep value", `{"session_id":"s","response":"a","more":${"[".repeat(5_000)}${"]".repeat(5_000)}}`],
])("is no recommendation: %s", (_what, text) => {
  expect(read(text)).toBeNull();
});

test("is no recommendation: the result of another tool", () => {
  const text = JSON.stringify({ session_id: "s", response: "a" });
  for (const name of ["mcp__spark__get_insights", "mcp__spark__get_recommendation2", "", "__proto__"])
    expect(readRecommendation(name, {}, text)).toBeNull();
});
