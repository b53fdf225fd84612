/** Lower bound of a response's output tokens, for responses without a final usage. Called by workers/ingest. */
import { EXTRAS_MEMBER } from "./content-blocks.ts";
import { contentBlocks } from "./content.ts";
import { isObject, type JsonObject } from "../json/json.ts";

/** The customary estimate; newer models use fewer characters per token, so the count stays below the truth. */
const CHARACTERS_PER_TOKEN = 4;
/** What a model writes in a block, by the block's member. */
const OUTPUT_MEMBERS = ["text", "thinking", "input"];

/**
 * Tokens of output that an assembled message holds at least: one per four characters of text, thinking and tool input, or
 * what the stream itself estimated for its thinking, if that is more. 0: nothing came. Results of server tools are not the
 * model's output and count nothing.
 */
export function estimateOutputTokens(message: JsonObject): number {
  let characters = 0;
  let estimated = 0;
  let hasOutput = false;
  for (const block of contentBlocks(message["content"])) {
    const length = OUTPUT_MEMBERS.reduce((sum, member) => sum + lengthOf(block[member]), 0);
    characters += length;
    estimated += estimatedTokens(block, length);
    // A block that is not plain text is output even where it shows nothing.
    if (length > 0 || (block["type"] !== "text" && !String(block["type"]).endsWith("_tool_result")))
      hasOutput = true;
  }
  return Math.max(tokensOf(characters) + estimated, hasOutput ? 1 : 0);
}

/** What the stream estimated for this block beyond the text that is there. */
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
