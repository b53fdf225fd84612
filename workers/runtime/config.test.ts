import { expect, test } from "vitest";
import { loadConfig } from "./config.ts";

const BASE = { DATABASE_URL: "postgres://x", CREDENTIAL_KEYS: `k:${Buffer.alloc(32).toString("base64")}` };
const problemOf = (variables: Record<string, string | number | boolean>) => {
  try {
    loadConfig({ ...BASE, ...variables });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
};

test.each([
  [{ AI_MAX_PROMPT_TOKENS: "12" }, "AI_MAX_PROMPT_TOKENS: expected at least 1000 tokens"],
  [{ AI_HEAD_MESSAGES: "0" }, "AI_HEAD_MESSAGES: "],
  [{ MCP_TOOLS_ENABLED: "yes" }, "MCP_TOOLS_ENABLED: expected true or false"],
  [{ AI_DAILY_BUDGET_USD: -1 }, "AI_DAILY_BUDGET_USD: expected dollars such as 5 or 0.50"],
  [{ AI_TAIL_MESSAGES: "1e3" }, "AI_TAIL_MESSAGES: expected a decimal number"],
  [
    { AI_MAX_PROMPT_TOKENS: "5000", AI_ANALYSIS_INPUT_TRUNCATION_TARGET_TOKENS: "8192" },
    "AI_ANALYSIS_INPUT_TRUNCATION_TARGET_TOKENS: expected at most AI_MAX_PROMPT_TOKENS",
  ],
  [
    { AI_ANALYSIS_GEMINI_REQUEST_TIMEOUT_MS: "600001" },
    "AI_ANALYSIS_GEMINI_REQUEST_TIMEOUT_MS: expected at most 600000, because a queue consumer ends after 15 minutes",
  ],
  [{ GEMINI_API_URL: "http://gemini.example/models" }, "GEMINI_API_URL: expected an https address"],
  [
    {
      AI_ANALYSIS_INPUT_TRUNCATION_TARGET_TOKENS: "8192",
      AI_ANALYSIS_TRUNCATE_FIRST_N_TOKENS: "6000",
      AI_ANALYSIS_TRUNCATE_LAST_M_TOKENS: "4000",
    },
    "AI_ANALYSIS_TRUNCATE_FIRST_N_TOKENS: expected at most 8192 together with AI_ANALYSIS_TRUNCATE_LAST_M_TOKENS",
  ],
])("%j is a problem", (variables, problem) => {
  expect(problemOf(variables)).toContain(problem);
});

test("the existing system's defaults of truncation are accepted", () => {
  const variables = {
    AI_ANALYSIS_INPUT_TRUNCATION_TARGET_TOKENS: "8192",
    AI_ANALYSIS_TRUNCATE_FIRST_N_TOKENS: "1000",
    AI_ANALYSIS_TRUNCATE_LAST_M_TOKENS: "4000",
  };
  expect(problemOf(variables)).toBeNull();
});

test("values of wrangler.toml may be booleans and numbers", () => {
  const variables = { MCP_TOOLS_ENABLED: true, AI_WORKER_ENABLED: false, AI_DAILY_BUDGET_USD: 0.5 };
  expect(loadConfig({ ...BASE, ...variables, AI_HEAD_MESSAGES: 7 })).toMatchObject({
    MCP_TOOLS_ENABLED: true,
    AI_WORKER_ENABLED: false,
    AI_DAILY_BUDGET_USD: "0.5",
    AI_HEAD_MESSAGES: 7,
  });
});

test("a key is sent to loopback without https, for tests", () => {
  expect(problemOf({ GEMINI_API_URL: "http://127.0.0.1:9/models" })).toBeNull();
});
