import { expect, test } from "vitest";
import { isSameModel } from "./model-id.ts";

test.each([
  ["claude-opus-5-5", "claude-opus-5-5", true],
  ["claude-opus-4-5", "claude-opus-4-5-20251101", true],
  ["claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", true],
  ["claude-opus-5-5[1m]", "claude-opus-5-5", true],
  ["Claude-Opus-5-5[1M]", "claude-opus-5-5-20260922", true],
  ["claude-opus-4-0", "claude-opus-4-20250514", true],
  ["claude-opus-5-5", "claude-opus-5", false],
  ["claude-opus-4-1", "claude-opus-4-20250514", false],
  ["claude-opus-4-10", "claude-opus-4-1", false],
  ["claude-opus-5-5", "claude-haiku-5-5", false],
  ["claude-opus-5-5", "anthropic/claude-opus-5-5", false],
])("%s and %s name the same model: %s", (one, other, expected) => {
  expect([isSameModel(one, other), isSameModel(other, one)]).toEqual([expected, expected]);
});
