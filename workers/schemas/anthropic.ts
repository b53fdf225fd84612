/** Names of the Messages API that this project reads, checked against the types of the vendor's SDK. */
import type { BetaContentBlock, BetaRawContentBlockDelta } from "@anthropic-ai/sdk/resources/beta/messages";

/** Blocks that call a tool: the client's, the vendor's server tools, and MCP tools that the vendor calls. */
export const TOOL_CALL_TYPES: readonly unknown[] = [
  "tool_use",
  "server_tool_use",
  "mcp_tool_use",
] satisfies BetaContentBlock["type"][];

/** Blocks of a response that one inference writes. The usage beside a fallback is that of the attempt that served. */
export const SINGLE_INFERENCE_TYPES: readonly unknown[] = [
  "text",
  "thinking",
  "redacted_thinking",
  "tool_use",
  "fallback",
] satisfies BetaContentBlock["type"][];

/** The type of the block that a delta belongs to. */
export const BLOCK_TYPE_OF_DELTA = {
  text_delta: "text",
  citations_delta: "text",
  thinking_delta: "thinking",
  signature_delta: "thinking",
  input_json_delta: "tool_use",
  compaction_delta: "compaction",
} as const satisfies Record<BetaRawContentBlockDelta["type"], BetaContentBlock["type"]>;
