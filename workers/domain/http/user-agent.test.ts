import { expect, it } from "vitest";
import { clientName } from "./user-agent.ts";

it.each([
  ["claude-cli/2.1.330 (external, sdk-cli)", "claude-cli/2.1.330"],
  ["Anthropic/JS 1.12.0", "Anthropic/JS 1.12.0"],
  ["Mozilla/5.0 (X11; Linux x86_64) Gecko", "Mozilla/5.0"],
  ["curl/8.5.0", "curl/8.5.0"],
  ["(only a comment)", null],
  ["", null],
  [undefined, null],
  ["x".repeat(100), "x".repeat(60)],
])("the client of %j is %j", (userAgent, name) => {
  expect(clientName(userAgent)).toBe(name);
});
