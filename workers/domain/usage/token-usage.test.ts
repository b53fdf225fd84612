import { describe, expect, test } from "vitest";
import { mergeUsage, serverToolUse, tokenCounts } from "./token-usage.ts";

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

  test("lets a later zero overwrite, since zero is said", () => {
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

  test("keeps members nobody knows, also one called __proto__", () => {
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
