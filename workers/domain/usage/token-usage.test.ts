import { describe, expect, test } from "vitest";
import {
  contextTokens,
  hasInvalidCounts,
  mergeUsage,
  serverToolUse,
  tokenCounts,
  totalTokenCounts,
} from "./token-usage.ts";

const START = {
  input_tokens: 7,
  cache_creation_input_tokens: 300,
  cache_read_input_tokens: 9_000,
  cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
  output_tokens: 1,
  service_tier: "standard",
  inference_geo: null,
};

describe("mergeUsage", () => {
  test("overwrites what a later usage says and never adds", () => {
    const merged = mergeUsage(mergeUsage(START, { output_tokens: 5 }), { input_tokens: 8, output_tokens: 9 });
    expect(merged).toEqual({ ...START, input_tokens: 8, output_tokens: 9 });
  });

  test("keeps what a later usage leaves out or says null about", () => {
    expect(mergeUsage(START, { cache_creation: null, service_tier: null, input_tokens: null })).toEqual(
      START,
    );
  });

  test("lets a later zero overwrite, since zero is a count", () => {
    expect(mergeUsage(START, { cache_read_input_tokens: 0 })).toMatchObject({ cache_read_input_tokens: 0 });
  });

  test("merges nested objects by the same rule", () => {
    const first = mergeUsage(START, { server_tool_use: { web_search_requests: 1, web_fetch_requests: 2 } });
    const merged = mergeUsage(first, {
      cache_creation: { ephemeral_5m_input_tokens: 250, ephemeral_1h_input_tokens: null },
      server_tool_use: { web_search_requests: 3 },
      output_tokens_details: { thinking_tokens: 40 },
    });
    expect(merged).toMatchObject({
      cache_creation: { ephemeral_5m_input_tokens: 250, ephemeral_1h_input_tokens: 100 },
      server_tool_use: { web_search_requests: 3, web_fetch_requests: 2 },
      output_tokens_details: { thinking_tokens: 40 },
    });
  });

  test("replaces iterations, which come complete each time", () => {
    const first = mergeUsage(START, { iterations: [{ type: "message", output_tokens: 1 }] });
    const second = mergeUsage(first, { iterations: [{ type: "compaction" }, { type: "message" }] });
    expect(second?.["iterations"]).toEqual([{ type: "compaction" }, { type: "message" }]);
  });

  test("keeps unknown members, also one called __proto__", () => {
    const later = JSON.parse('{"new_counter":{"a":1},"__proto__":{"b":2}}') as Record<string, unknown>;
    const merged = mergeUsage(START, later)!;
    expect(merged["new_counter"]).toEqual({ a: 1 });
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(JSON.stringify(merged)).toContain('"__proto__":{"b":2}');
  });

  test("keeps a null that is all that is known", () => {
    expect(mergeUsage(null, { speed: null })).toEqual({ speed: null });
    expect(mergeUsage(null, null)).toBeNull();
    expect(mergeUsage(START, null)).toBe(START);
  });

  test("leaves its arguments as they were", () => {
    const start = structuredClone(START);
    const later = { cache_creation: { ephemeral_5m_input_tokens: 999 } };
    mergeUsage(start, later);
    expect(start).toEqual(START);
    expect(later).toEqual({ cache_creation: { ephemeral_5m_input_tokens: 999 } });
  });
});

describe("tokenCounts", () => {
  test("reads every figure", () => {
    const usage = mergeUsage(START, {
      output_tokens: 50,
      output_tokens_details: { thinking_tokens: 20 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
    });
    expect(tokenCounts(usage)).toEqual({
      inputTokens: 7,
      outputTokens: 50,
      cacheReadInputTokens: 9_000,
      cacheCreationInputTokens: 300,
      cacheCreation5mInputTokens: 200,
      cacheCreation1hInputTokens: 100,
      thinkingTokens: 20,
    });
    expect(serverToolUse(usage)).toEqual({ web_search_requests: 2, web_fetch_requests: 0 });
  });

  test("leaves cache writes the vendor did not classify in the sum only", () => {
    expect(tokenCounts({ cache_creation_input_tokens: 10 })).toMatchObject({
      cacheCreationInputTokens: 10,
      cacheCreation5mInputTokens: null,
      cacheCreation1hInputTokens: null,
    });
  });

  test("adds up the lifetimes where the sum is missing", () => {
    const lifetimes = { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 };
    expect(tokenCounts({ cache_creation: lifetimes }).cacheCreationInputTokens).toBe(7);
  });

  test.each([["12"], [-1], [NaN], [Infinity], [1.5], [2 ** 31], [null], [{}], [[]], [true], [undefined]])(
    "takes %j for no count",
    (value) => {
      const usage = {
        input_tokens: value,
        output_tokens: value,
        cache_creation: { ephemeral_5m_input_tokens: value },
        server_tool_use: { web_search_requests: value },
        output_tokens_details: value,
      };
      expect(Object.values(tokenCounts(usage))).toEqual(new Array(7).fill(null));
      expect(serverToolUse(usage)).toBeNull();
    },
  );

  test("takes the largest integer a column holds, and zero", () => {
    expect(tokenCounts({ input_tokens: 2 ** 31 - 1, output_tokens: -0 })).toMatchObject({
      inputTokens: 2_147_483_647,
      outputTokens: 0,
    });
  });

  test.each([[null], [undefined], ["x"], [[]], [3]])("gives nulls for %j instead of an object", (usage) => {
    expect(tokenCounts(usage).inputTokens).toBeNull();
  });
});

const iteration = (
  type: string,
  input: number,
  cacheRead: number,
  cacheCreation: number,
  output: number,
) => ({
  type,
  input_tokens: input,
  cache_read_input_tokens: cacheRead,
  cache_creation_input_tokens: cacheCreation,
  output_tokens: output,
});
/** The top level is the sum of the entries of type `message`. */
const ADVISED = {
  input_tokens: 4,
  cache_read_input_tokens: 984_228,
  cache_creation_input_tokens: 3_722,
  output_tokens: 900,
  iterations: [
    iteration("message", 2, 490_866, 2_496, 100),
    { ...iteration("advisor_message", 497_522, 0, 0, 500), model: "claude-opus-4-8" },
    iteration("message", 2, 493_362, 1_226, 800),
  ],
};

test("totalTokenCounts adds up all inferences, an advisor's and a compaction's too", () => {
  expect(totalTokenCounts(ADVISED)).toMatchObject({
    inputTokens: 497_526,
    cacheReadInputTokens: 984_228,
    cacheCreationInputTokens: 3_722,
    outputTokens: 1_400,
    thinkingTokens: null,
  });
  const compacted = {
    input_tokens: 23_000,
    output_tokens: 1_000,
    output_tokens_details: { thinking_tokens: 40 },
    iterations: [iteration("compaction", 150_000, 0, 0, 3_000), iteration("message", 23_000, 0, 0, 1_000)],
  };
  expect(totalTokenCounts(compacted)).toMatchObject({
    inputTokens: 173_000,
    outputTokens: 4_000,
    // No entry reports it.
    thinkingTokens: 40,
  });
});

test("totalTokenCounts adds the top level to compactions and advisors alone, which it leaves out", () => {
  const iterations = [iteration("compaction", 100, 0, 0, 10), iteration("advisor_message", 20, 0, 0, 5)];
  expect(totalTokenCounts({ input_tokens: 3, output_tokens: 1, iterations })).toMatchObject({
    inputTokens: 123,
    outputTokens: 16,
  });
});

test.each([
  [{ input_tokens: 3 }],
  [{ input_tokens: 3, iterations: [] }],
  [{ input_tokens: 3, iterations: ["x", {}] }],
])("totalTokenCounts is the top level of %j", (usage) => {
  expect(totalTokenCounts(usage).inputTokens).toBe(3);
});

describe("contextTokens", () => {
  const websearch = { input_tokens: 123_201, cache_read_input_tokens: 426_653, output_tokens: 5_000 };
  test.each<[string, Parameters<typeof contextTokens>, number | null]>([
    [
      "of one inference is all of it",
      [{ input_tokens: 7, cache_read_input_tokens: 90, output_tokens: 3 }, false],
      100,
    ],
    ["is the last inference's of the conversation's model", [ADVISED, false], 495_390],
    ["does not need the top level for server tools that are listed", [ADVISED, true], 495_390],
    [
      "is the fallback's",
      [{ iterations: [iteration("message", 9, 0, 0, 0), iteration("fallback_message", 5, 0, 0, 1)] }, false],
      6,
    ],
    [
      "is unknown after a compaction alone",
      [{ input_tokens: 1, iterations: [iteration("compaction", 9, 0, 0, 1)] }, false],
      null,
    ],
    [
      "is unknown for searches that are not listed",
      [{ ...websearch, server_tool_use: { web_search_requests: 5 } }, false],
      null,
    ],
    ["is unknown for MCP calls, which usage does not count", [websearch, true], null],
    [
      "is known where a server tool was offered and not used",
      [{ ...websearch, server_tool_use: { web_search_requests: 0 } }, false],
      554_854,
    ],
    ["is unknown without counts", [{ service_tier: "standard" }, false], null],
    ["is unknown without usage", [null, false], null],
    ["is unknown with a count that is none", [{ input_tokens: 7, output_tokens: "3" }, false], null],
    [
      "is unknown with such a count in any entry",
      [{ ...ADVISED, iterations: [{ type: "compaction", input_tokens: -1 }, ...ADVISED.iterations] }, false],
      null,
    ],
  ])("%s", (_, given, expected) => {
    expect(contextTokens(...given)).toBe(expected);
  });
});

describe("hasInvalidCounts", () => {
  const VALID = { input_tokens: 7, output_tokens: 3 };
  test.each([
    [VALID],
    [
      {
        ...VALID,
        cache_read_input_tokens: null,
        cache_creation: null,
        server_tool_use: null,
        iterations: null,
      },
    ],
    [{ ...VALID, output_tokens_details: { thinking_tokens: "many" }, tokens_of_tomorrow: -1 }],
    [{ iterations: [iteration("message", 1, 0, 0, 1)] }],
    [ADVISED],
  ])("is false for %j", (usage) => {
    expect(hasInvalidCounts(usage)).toBe(false);
  });

  test.each(["12", "NaN", "", -1, 1.5, 2 ** 31, 1e21, Infinity, true, [], {}].map((value) => [value]))(
    "is true where a count is %j, wherever it stands",
    (value) => {
      for (const odd of [
        { input_tokens: value },
        { output_tokens: value },
        { cache_read_input_tokens: value },
        { cache_creation_input_tokens: value },
        { cache_creation: { ephemeral_1h_input_tokens: value } },
        { server_tool_use: { web_search_requests: value } },
        { iterations: [iteration("message", 1, 0, 0, 1), { type: "advisor_message", output_tokens: value }] },
      ])
        expect(hasInvalidCounts({ ...VALID, ...odd }), JSON.stringify(odd)).toBe(true);
    },
  );

  test.each([
    [{ input_tokens: null, output_tokens: 3 }],
    [{ input_tokens: 7, output_tokens: null }],
    [{ ...VALID, cache_creation: 5 }],
    [{ ...VALID, server_tool_use: "2" }],
    [{ ...VALID, iterations: "x" }],
    [{ ...VALID, iterations: ["x"] }],
    [{ ...VALID, iterations: [{ type: "message", input_tokens: null, output_tokens: 3 }] }],
    [
      {
        ...VALID,
        iterations: [iteration("message", 2 ** 31 - 1, 0, 0, 1), iteration("message", 1, 0, 0, 1)],
      },
    ],
  ])("is true for %j", (usage) => {
    expect([hasInvalidCounts(usage), hasInvalidCounts(usage, true)]).toEqual([true, true]);
  });

  test("is true where input or output is missing, unless the final usage is", () => {
    expect([hasInvalidCounts({ output_tokens: 3 }), hasInvalidCounts({ input_tokens: 3 }, true)]).toEqual([
      true,
      false,
    ]);
  });
});
