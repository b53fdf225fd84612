import { expect, test } from "vitest";
import type { AnalysisResult } from "../../schemas/analysis.ts";
import { readResult } from "./result.ts";

const RESULT: AnalysisResult = {
  summary: "A greeting.",
  keyTopics: ["greeting"],
  sentiment: "positive",
  userIntent: "Greet",
  outcomes: [],
  actionItems: [],
  promptingTips: [{ category: "clarity", issue: "short", suggestion: "say more", messages: [1, 99] }],
  interactionPatterns: {
    promptClarity: 5,
    contextCompleteness: 5,
    followUpEffectiveness: "good",
    commonIssues: [],
    strengths: [],
  },
  technicalDetails: { frameworks: [], issues: [], solutions: [] },
  conversationQuality: { clarity: "high", completeness: "partial", effectiveness: "effective" },
};

test.each([
  ["JSON", JSON.stringify(RESULT)],
  ["JSON in prose", `Here it is:\n\`\`\`json\n${JSON.stringify(RESULT)}\n\`\`\`\nDone.`],
])("reads %s, and drops numbers of messages that were not shown", (_name, text) => {
  const [tip] = RESULT.promptingTips;
  const promptingTips = [{ ...tip, messages: [1] }];
  expect(readResult(text, [1, 2])).toEqual({ ok: true, value: { ...RESULT, promptingTips } });
});

test("leaves out tips that name no message that was shown", () => {
  const [tip] = RESULT.promptingTips;
  const tips = [[99], [], [2, 98], [3, 4]].map((messages) => ({ ...tip, messages }));
  const read = readResult(JSON.stringify({ ...RESULT, promptingTips: tips }), [1, 2]);
  expect(read.ok && read.value.promptingTips.map(({ messages }) => messages)).toEqual([[2]]);
});

test.each([
  ["prose", "Sorry.", "it is not one JSON object"],
  ["malformed JSON", '{"summary": "x"', "it is not one JSON object"],
  ["another shape", JSON.stringify({ ...RESULT, sentiment: "great" }), "sentiment: "],
])("says what is wrong with %s", (_name, text, problem) => {
  expect(readResult(text, [])).toMatchObject({
    ok: false,
    error: expect.stringContaining(problem) as string,
  });
});
