import { expect, test } from "vitest";
import { pricesOf } from "../../../test/support/bills.ts";
import { toCostBreakdown } from "../pricing/cost-breakdown.ts";
import { unknownModels } from "./unknown-models.ts";

const usage = { input_tokens: 1, output_tokens: 1, server_tool_use: { code_execution_requests: 1 } };
const row = (domain: string, model: string) => ({
  domain,
  requestId: `of ${domain}`,
  timestamp: "2026-11-22T12:00:00.000Z",
  costBreakdown: toCostBreakdown(pricesOf({ model, usage }).plain.breakdown),
});

test("each domain gets one alert for each model without a price, and for no other", () => {
  const rows = [
    row("a.example", "claude-opus-5-5"),
    row("a.example", "claude-opus-9"),
    row("a.example", "claude-opus-9"),
    row("b.example", "claude-opus-9"),
    { ...row("b.example", "claude-opus-9"), costBreakdown: null },
  ];
  expect(unknownModels(rows)).toEqual(
    ["a.example", "b.example"].map((domain) => ({
      kind: "unknown_model",
      model: "claude-opus-9",
      domain,
      requestId: `of ${domain}`,
      at: Date.UTC(2026, 10, 22, 12),
    })),
  );
});
