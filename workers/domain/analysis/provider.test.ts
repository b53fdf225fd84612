import { expect, test } from "vitest";
import { maxPromptTokens } from "./provider.ts";

test.each([
  ["gemini", "gemini-3.8-flash", 855_000, 855_000],
  ["gemini", "gemini-3.8-flash", 2_000_000, 983_040],
  ["claude", "claude-sonnet-5", 855_000, 855_000],
  ["claude", "claude-haiku-4-5", 855_000, 134_464],
  ["claude", "claude-haiku-4-5", 50_000, 50_000],
] as const)(
  "a prompt for %s %s with a limit of %i has at most %i tokens",
  (provider, model, setting, most) => {
    expect(maxPromptTokens(provider, model, setting)).toBe(most);
  },
);
