/**
 * Shapes of the Messages API as far as this project reads them. All are loose: unknown members, blocks and events are kept.
 * workers/schemas/anthropic.test.ts holds them against the types of the vendor's SDK.
 */
import type { BetaContentBlock, BetaRawContentBlockDelta } from "@anthropic-ai/sdk/resources/beta/messages";
import { z } from "zod";

export const ContentBlock = z.looseObject({ type: z.string() });

/** A string stands for one text block. */
const Content = z.union([z.string(), z.array(ContentBlock)]);

/** A message of a request; a response has the same two members. */
export const Message = z.looseObject({ role: z.string(), content: Content });

export const MessagesRequest = z.looseObject({
  model: z.string(),
  messages: z.array(Message),
  system: Content.optional(),
  stream: z.boolean().optional(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).optional(),
});

const count = z.number().int().nonnegative().nullish();
/** workers/schemas/tokens.ts lists the counts and what becomes of each. */
export const Usage = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  cache_creation: z
    .looseObject({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count })
    .nullish(),
  output_tokens_details: z.looseObject({ thinking_tokens: count }).nullish(),
  server_tool_use: z.looseObject({}).nullish(),
});

export const StreamEvent = z.looseObject({ type: z.string() });

/** Blocks that call a tool: the client's, the vendor's server tools, and MCP tools that the vendor calls. */
export const TOOL_CALL_TYPES: readonly unknown[] = [
  "tool_use",
  "server_tool_use",
  "mcp_tool_use",
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
