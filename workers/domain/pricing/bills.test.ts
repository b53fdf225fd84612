/**
 * Bills computed by hand, each with its arithmetic: tokens × dollars per million tokens = millionths of a dollar ("µ"). The number before
 * the last "µ" is the expected cost. Every bill is priced from a plain and from a streamed response.
 */
import { describe, expect, test } from "vitest";
import { pricesOf, type BilledMessage } from "../../../test/support/bills.ts";
import { toCostBreakdown, billTotal } from "./cost-breakdown.ts";
import { packBill, unpackBill } from "./cost-codec.ts";
import { parseUsd } from "./usd.ts";

/** The counts of a usage by short names; `writes` for five minutes, for an hour, and their total if it differs. */
type Counts = BilledMessage["usage"] & {
  input: number;
  output: number;
  reads?: number;
  writes?: [fiveMinutes: number, oneHour: number, total?: number];
};
function of(model: string, counts: Counts, more: Partial<BilledMessage> = {}): BilledMessage {
  const { input, output, reads, writes, ...rest } = counts;
  const usage: BilledMessage["usage"] = { input_tokens: input, output_tokens: output, ...rest };
  if (reads !== undefined) usage["cache_read_input_tokens"] = reads;
  if (writes) {
    const [fiveMinutes, oneHour, total = fiveMinutes + oneHour] = writes;
    usage["cache_creation_input_tokens"] = total;
    usage["cache_creation"] = { ephemeral_5m_input_tokens: fiveMinutes, ephemeral_1h_input_tokens: oneHour };
  }
  return { model, usage, ...more };
}
const entry = (type: string, model: string | null, input: number, output: number, more = {}) => ({
  type,
  ...(model && { model }),
  input_tokens: input,
  output_tokens: output,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_creation: null,
  ...more,
});
/** The message, with the usage of its inferences. */
const iterated = (message: BilledMessage, ...iterations: ReturnType<typeof entry>[]): BilledMessage => ({
  ...message,
  usage: { ...message.usage, iterations },
});
const REFUSED = { content: [], stopReason: "refusal" };

const BILLS: [nameAndArithmetic: string, message: BilledMessage][] = [
  // Each model's own rates.
  ["Opus 5.5: 12×4 + 50×20 = 1048µ", of("claude-opus-5-5", { input: 12, output: 50 })],
  [
    "Opus 5.5 with every kind of token: 100×4 + 2000×5 + 3000×8 + 40000×0.20 + 500×20 = 400+10000+24000+8000+10000 = 52400µ",
    of("claude-opus-5-5", { input: 100, reads: 40_000, output: 500, writes: [2_000, 3_000] }),
  ],
  [
    "Fable 5.1: cache reads at a fortieth of input: 7×10 + 100000×0.25 + 100×50 = 70+25000+5000 = 30070µ",
    of("claude-fable-5-1", { input: 7, reads: 100_000, output: 100 }),
  ],
  [
    "Mythos 5.1 with an hour's cache write: 1000×20 + 10×50 = 20500µ",
    of("claude-mythos-5-1", { input: 0, output: 10, writes: [0, 1_000] }),
  ],
  [
    "Fable 5: cache reads at a tenth of input: 100000×1.00 + 100×50 = 105000µ",
    of("claude-fable-5", { input: 0, reads: 100_000, output: 100 }),
  ],
  [
    "Opus 5 with a five-minute write: 3×5 + 1234×6.25 + 77×25 = 15+7712.5+1925 = 9652.5µ",
    of("claude-opus-5", { input: 3, output: 77, writes: [1_234, 0] }),
  ],
  [
    "Opus 4.5 by its dated id: 1000×5 + 2000×0.50 + 300×25 = 5000+1000+7500 = 13500µ",
    of("claude-opus-4-5-20251101", { input: 1_000, reads: 2_000, output: 300 }),
  ],
  [
    "Opus 4.1: 10×15 + 20×18.75 + 30×30 + 40×1.50 + 50×75 = 150+375+900+60+3750 = 5235µ",
    of("claude-opus-4-1-20250805", { input: 10, reads: 40, output: 50, writes: [20, 30] }),
  ],
  [
    "Sonnet 5 after the day of a rise that was cancelled: 1000×2 + 1000×10 = 12000µ",
    of("claude-sonnet-5", { input: 1_000, output: 1_000 }, { at: "2026-09-02T00:00:00Z" }),
  ],
  [
    "Sonnet 4.5: 1000×3 + 1000×3.75 + 1000×6 + 1000×0.30 + 1000×15 = 28050µ",
    of("claude-sonnet-4-5-20250929", { input: 1_000, reads: 1_000, output: 1_000, writes: [1_000, 1_000] }),
  ],
  [
    "Haiku 4.5: 1×1 + 1×1.25 + 1×2 + 1×0.10 + 1×5 = 9.35µ",
    of("claude-haiku-4-5-20251001", { input: 1, reads: 1, output: 1, writes: [1, 1] }),
  ],
  [
    "Haiku 3.5: 1000×0.80 + 500×0.08 + 10×4 = 800+40+40 = 880µ",
    of("claude-3-5-haiku-20241022", { input: 1_000, reads: 500, output: 10 }),
  ],
  // Prompt length: input + reads + writes decide about the whole request.
  [
    "Haiku 5.5 at exactly 100,000 prompt tokens: 10000×0.10 + 20000×0.125 + 70000×0.01 + 1000×0.50 = 1000+2500+700+500 = 4700µ",
    of("claude-haiku-5-5", { input: 10_000, reads: 70_000, output: 1_000, writes: [20_000, 0] }),
  ],
  [
    "Haiku 5.5 one token beyond: everything at five times the rate: 10001×0.50 + 20000×0.625 + 70000×0.05 + 1000×2.50 = 5000.5+12500+3500+2500 = 23500.5µ",
    of("claude-haiku-5-5", { input: 10_001, reads: 70_000, output: 1_000, writes: [20_000, 0] }),
  ],
  // Dates.
  [
    "Sonnet 5.5 on the last day of its first price: 100000×0.20 + 10×10 = 20100µ",
    of("claude-sonnet-5-5", { input: 0, reads: 100_000, output: 10 }, { at: "2026-10-06T23:59:59.999Z" }),
  ],
  [
    "Sonnet 5.5 on the first day of its second price: 100000×0.10 + 10×10 = 10100µ",
    of("claude-sonnet-5-5", { input: 0, reads: 100_000, output: 10 }, { at: "2026-10-07T00:00:00Z" }),
  ],
  [
    "a model before there was a price for it: no price",
    of("claude-opus-5-5", { input: 1, output: 1 }, { at: "2026-09-21T23:59:59Z" }),
  ],
  // Modifiers.
  [
    "fast mode, its cache multipliers on top of the fast input price: 100×8 + 100×(8×1.25) + 100×(8×2) + 1000×(8×0.05) + 100×40 = 800+1000+1600+400+4000 = 7800µ",
    of("claude-opus-5-5", { input: 100, reads: 1_000, output: 100, speed: "fast", writes: [100, 100] }),
  ],
  [
    "fast mode of Opus 4.8: 10×10 + 1000×1.00 + 10×50 = 1600µ",
    of("claude-opus-4-8", { input: 10, reads: 1_000, output: 10, speed: "fast" }),
  ],
  [
    "Opus 4.6 requested as fast runs at its standard price: 10×5 + 10×25 = 300µ",
    of("claude-opus-4-6", { input: 10, output: 10, speed: "fast" }),
  ],
  [
    "fast where no fast price is known: no price",
    of("claude-sonnet-5-5", { input: 10, output: 10, speed: "fast" }),
  ],
  [
    "US geography, on all token kinds: (100×4 + 200×5 + 300×8 + 400×0.20 + 500×20) × 1.1 = 13880 × 1.1 = 15268µ",
    of("claude-opus-5-5", { input: 100, reads: 400, output: 500, inference_geo: "us", writes: [200, 300] }),
  ],
  [
    "US geography and fast mode stack: (10×8 + 10×40) × 1.1 = 528µ",
    of("claude-opus-5-5", { input: 10, output: 10, inference_geo: "us", speed: "fast" }),
  ],
  [
    "no geography surcharge before generation 4.6: 10×1 + 10×5 = 60µ",
    of("claude-haiku-4-5", { input: 10, output: 10, inference_geo: "us" }),
  ],
  [
    "other geographies cost nothing more: 10×4 + 10×20 = 240µ",
    of("claude-opus-5-5", { input: 10, output: 10, inference_geo: "global", service_tier: "standard" }),
  ],
  [
    "a batch: (1000×3 + 1000×0.30 + 1000×15) ÷ 2 = 9150µ",
    of("claude-sonnet-4-6", { input: 1_000, reads: 1_000, output: 1_000, service_tier: "batch" }),
  ],
  [
    "a batch in the US, of the cheapest rate there is: (1×0.10 + 1×0.01 + 1×0.50) × 1.1 ÷ 2 = 0.3355µ",
    of("claude-haiku-5-5", { input: 1, reads: 1, output: 1, service_tier: "batch", inference_geo: "us" }),
  ],
  // Cache writes without their lifetime.
  [
    "an unclassified rest beside an hour's write is an hour's: 1000×8 + 500×8 + 10×20 = 12200µ",
    of("claude-opus-5-5", { input: 0, output: 10, writes: [0, 1_000, 1_500] }),
  ],
  [
    "an unclassified rest beside both is five minutes': 1000×5 + 1000×8 + 500×5 + 10×20 = 15700µ",
    of("claude-opus-5-5", { input: 0, output: 10, writes: [1_000, 1_000, 2_500] }),
  ],
  [
    "a write without a breakdown is five minutes': 1000×5 + 10×20 = 5200µ",
    of("claude-opus-5-5", { input: 0, output: 10, cache_creation_input_tokens: 1_000 }),
  ],
  // Server tools.
  [
    "web searches by the request, fetches free, others not priced: 1000×4 + 100×20 + 3×10000 = 36000µ",
    of("claude-opus-5-5", {
      input: 1_000,
      output: 100,
      server_tool_use: { web_search_requests: 3, web_fetch_requests: 5, code_execution_requests: 2 },
    }),
  ],
  [
    "a search costs the same in a batch in the US: (10×4 + 10×20) × 1.1 ÷ 2 + 1×10000 = 132+10000 = 10132µ",
    of("claude-opus-5-5", {
      input: 10,
      output: 10,
      service_tier: "batch",
      inference_geo: "us",
      server_tool_use: { web_search_requests: 1 },
    }),
  ],
  // Iterations.
  [
    "a compaction, which the top level leaves out, at the requested model: compaction 180000×4 + 3500×20 = 790000; message 23000×4 + 1000×20 = 112000; 902000µ",
    iterated(
      of("claude-opus-5-5", { input: 23_000, output: 1_000 }),
      entry("compaction", null, 180_000, 3_500),
      entry("message", "claude-opus-5-5", 23_000, 1_000),
    ),
  ],
  [
    "an advisor at its own rates: 412×2 + 89×10 = 1714; advisor 823×4 + 1612×20 = 35532; 1348×2 + 412×0.10 + 442×10 = 7157.2; 44403.2µ",
    iterated(
      of("claude-sonnet-5-5", { input: 1_760, output: 531, reads: 412 }),
      entry("message", "claude-sonnet-5-5", 412, 89),
      entry("advisor_message", "claude-opus-5-5", 823, 1_612),
      entry("message", "claude-sonnet-5-5", 1_348, 442, { cache_read_input_tokens: 412 }),
    ),
  ],
  [
    "a fallback: the attempt declined before output is free: 0; 5000×5 + 200×25 = 30000µ",
    iterated(
      of("claude-opus-4-8", { input: 5_000, output: 200 }, { requested: "claude-fable-5-1" }),
      entry("message", "claude-fable-5-1", 5_000, 0),
      entry("fallback_message", "claude-opus-4-8", 5_000, 200),
    ),
  ],
  [
    "a fallback after some output: both are billed, each at its own rate: 5000×10 + 40×50 = 52000; 5040×5 + 200×25 = 30200; 82200µ",
    iterated(
      of("claude-opus-4-8", { input: 5_040, output: 200 }, { requested: "claude-fable-5-1" }),
      // Without its model: it is the requested one.
      entry("message", null, 5_000, 40),
      entry("fallback_message", "claude-opus-4-8", 5_040, 200),
    ),
  ],
  [
    "the length of a prompt is that of each inference: compaction 120000×0.50 + 1000×2.50 = 62500; message 5000×0.10 + 100×0.50 = 550; 63050µ",
    iterated(
      of("claude-haiku-5-5", { input: 5_000, output: 100 }),
      entry("compaction", null, 120_000, 1_000),
      entry("message", null, 5_000, 100),
    ),
  ],
  [
    "one entry of an unknown model leaves the whole without a price: no price",
    iterated(
      of("claude-sonnet-5-5", { input: 10, output: 10 }),
      entry("message", "claude-sonnet-5-5", 10, 10),
      entry("advisor_message", "claude-fable-5-9", 10, 10),
    ),
  ],
  [
    "a compaction before a fallback ran on the requested model, with or without output: 1000×10 + 2000×5 + 10×25 = 10000+10000+250 = 20250µ",
    iterated(
      of("claude-opus-4-8", { input: 2_000, output: 10 }, { requested: "claude-fable-5-1" }),
      entry("compaction", null, 1_000, 0),
      entry("message", null, 2_000, 0),
      entry("fallback_message", "claude-opus-4-8", 2_000, 10),
    ),
  ],
  [
    "an advisor does not run fast because the message does: message 10×8 + 10×40 = 480; advisor 10×4 + 10×20 = 240; 720µ",
    iterated(
      of("claude-opus-5-5", { input: 10, output: 10, speed: "fast" }),
      entry("message", "claude-opus-5-5", 10, 10),
      entry("advisor_message", "claude-opus-5-5", 10, 10),
    ),
  ],
  [
    "an advisor that is not named: no price",
    iterated(
      of("claude-opus-5-5", { input: 10, output: 10 }),
      entry("advisor_message", null, 10, 10),
      entry("message", "claude-opus-5-5", 10, 10),
    ),
  ],
  // Refusals.
  [
    "a refusal whose compaction and advisor had worked: compaction 1000×4 + 10×20 = 4200; message 0; advisor 100×2 + 10×10 = 300; 4500µ",
    iterated(
      of("claude-opus-5-5", { input: 50, output: 0 }, REFUSED),
      entry("compaction", null, 1_000, 10),
      entry("message", "claude-opus-5-5", 50, 0),
      entry("advisor_message", "claude-sonnet-5-5", 100, 10),
    ),
  ],
  [
    "a refusal with a text: 106×10 + 4×50 = 1260µ",
    of("claude-fable-5-1", { input: 106, output: 4 }, { stopReason: "refusal" }),
  ],
  [
    "a refusal after output that is not shown: 106×10 + 500×50 = 26060µ",
    of("claude-fable-5-1", { input: 106, output: 500 }, REFUSED),
  ],
  [
    "a refusal before any output: 0µ",
    of("claude-fable-5-1", { input: 106, output: 0, reads: 9_000 }, REFUSED),
  ],
  [
    "a refusal before any output, with a placeholder count: 0µ",
    of("claude-fable-5-1", { input: 106, output: 1 }, REFUSED),
  ],
  [
    "a refusal in the middle of the output: 106×10 + 40×50 = 3060µ",
    of("claude-fable-5-1", { input: 106, output: 40 }, { stopReason: "refusal" }),
  ],
  // Unknown.
  [
    "the 1M suffix: the price of the model, 1000×4 + 10×20 = 4200µ",
    of("claude-opus-5-5[1m]", { input: 1_000, output: 10 }),
  ],
  ["an unknown model: no price", of("claude-opus-9", { input: 1, output: 1 })],
  ["a successor of a known model: no price", of("claude-opus-5-6", { input: 1, output: 1 })],
  [
    "the model of the response counts, not the requested one: 1000×1 = 1000µ",
    of("claude-haiku-4-5-20251001", { input: 1_000, output: 0 }, { requested: "claude-haiku-4-5" }),
  ],
];

describe(`${BILLS.length} bills by hand`, () => {
  test.each(BILLS)("%s", (bill, message) => {
    const micros = /([\d.]+)µ$/.exec(bill)?.[1];
    const costPico = micros === undefined ? null : parseUsd(micros) / 1_000_000n;
    for (const price of Object.values(pricesOf(message))) {
      expect(price.costPico).toBe(costPico);
      const lines = toCostBreakdown(unpackBill(packBill(price.breakdown))!).lines;
      const sum = lines.reduce((total, line) => total + BigInt(line.costPico ?? 0), 0n);
      expect(sum).toBe(billTotal(price.breakdown));
      if (costPico !== null) expect(sum).toBe(costPico);
    }
  });
});
