/** Recommendations of Spark among the tool calls of a transcript. */
import { isObject } from "../../../workers/domain/json/json.ts";
import { contentBlocks } from "../../../workers/domain/messages/content.ts";
import {
  readRecommendation,
  type Recommendation,
  SPARK_TOOL,
} from "../../../workers/domain/spark/recommendation.ts";
import { type Block, messageOf } from "./blocks.ts";
import { pairTools } from "./pair-tools.ts";

type Use = Extract<Block, { kind: "tool_use" }>;
type Outcome = Extract<Block, { kind: "tool_result" }>;

/** The recommendation that a call returned; null for any other call, a failed one, and a result of another form. */
export function recommendationOf(use: Use | null, result: Outcome | null): Recommendation | null {
  if (use?.name !== SPARK_TOOL || !result || result.isError) return null;
  const text = result.content.find((block) => block.kind === "text")?.text ?? "";
  return readRecommendation(use.name, use.input, text);
}

/** The session ids of the recommendations in messages of the API, each once, in their order. */
export function sparkSessions(messages: readonly unknown[]): string[] {
  if (!messages.some(callsSpark)) return [];
  const items = pairTools(messages.map(messageOf)).flatMap((entry) => entry.items);
  const ids = items.flatMap((item) =>
    item.kind === "call" ? (recommendationOf(item.use, item.result)?.sessionId ?? []) : [],
  );
  return [...new Set(ids)];
}

const callsSpark = (message: unknown) =>
  isObject(message) && contentBlocks(message.content).some(({ name }) => name === SPARK_TOOL);
