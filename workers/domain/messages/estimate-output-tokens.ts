/** Estimates the minimum of output tokens of a response without a final usage. Called by workers/ingest. */
import { EXTRAS_MEMBER } from "./content-blocks.ts";
import { contentBlocks } from "./content.ts";
import { isObject, type JsonObject } from "../json/json.ts";

/** The usual estimate. Newer models use fewer characters per token, so the result is a lower bound. */
const CHARACTERS_PER_TOKEN = 4;
/** Members of a block that hold output of the model. */
const OUTPUT_MEMBERS = ["text", "thinking", "input"];

/**
 * The minimum of output tokens in an assembled message: one per four characters of text, thinking, tool input and unreported
 * compaction, or the stream's own estimate of its thinking, if that is more. 0 without output. Results of server tools are not output of the
 * model.
 */
export function estimateOutputTokens(message: JsonObject): number {
  let characters = 0;
  let estimated = 0;
  let hasOutput = false;
  const isCompactionReported = reportsCompaction(message["usage"]);
  for (const block of contentBlocks(message["content"])) {
    const summary = block["type"] === "compaction" && !isCompactionReported ? lengthOf(block["content"]) : 0;
    const length = OUTPUT_MEMBERS.reduce((sum, member) => sum + lengthOf(block[member]), summary);
    characters += length;
    estimated += estimatedTokens(block, length);
    // An empty block counts as output unless it is text or a tool result.
    if (length > 0 || (block["type"] !== "text" && !String(block["type"]).endsWith("_tool_result")))
      hasOutput = true;
  }
  return Math.max(tokensOf(characters) + estimated, hasOutput ? 1 : 0);
}

/** An entry of `iterations` has the tokens of compactions; the other counts leave them out. */
function reportsCompaction(usage: unknown): boolean {
  const entries = isObject(usage) ? usage["iterations"] : null;
  return Array.isArray(entries) && entries.some((entry) => isObject(entry) && entry["type"] === "compaction");
}

/** The stream's estimate for this block beyond its received text. */
function estimatedTokens(block: JsonObject, length: number): number {
  const extras = block[EXTRAS_MEMBER];
  const reported = isObject(extras) ? extras["estimated_tokens"] : undefined;
  return typeof reported === "number" && Number.isFinite(reported)
    ? Math.max(0, Math.floor(reported) - tokensOf(length))
    : 0;
}

function lengthOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  return isObject(value) && Object.keys(value).length > 0 ? JSON.stringify(value).length : 0;
}

function tokensOf(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
