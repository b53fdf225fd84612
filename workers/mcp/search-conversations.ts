/** Tool `search_conversations`: full-text search over messages. */
import { z } from "zod";
import { decodeCursor } from "../domain/cursor.ts";
import { labelOf } from "../domain/fence.ts";
import type { SearchResults } from "../schemas/api/search.ts";
import { searchMessages } from "../store/search/query.ts";
import { clean, cleanLine, recorded } from "./recorded-text.ts";
import { type Tool, ToolFailure } from "./tool.ts";

const MAX_AUDITED_QUERY = 300;
/** Characters, of at most three bytes: all messages of a page fit into a result. */
const MAX_SNIPPET = 250;

const Input = z.object({
  query: z
    .string()
    .min(1)
    .max(500)
    .describe(
      'All of these words; "a phrase" in quotes, -without. Words of three letters also find longer ones.',
    ),
  limit: z.int().min(1).max(20).default(10).describe("Messages, at most."),
  cursor: z.string().max(100).optional().describe("Of the previous result, for older messages."),
});

export const searchConversations: Tool<typeof Input> = {
  name: "search_conversations",
  title: "Search conversations",
  description:
    "Finds messages of earlier conversations with Claude by words, newest first, with the id of each conversation, which get_conversation reads.",
  input: Input,
  target: ({ query }) => cleanLine(query, MAX_AUDITED_QUERY),
  async run({ query, limit, cursor }, { context, owner }) {
    const before = cursor === undefined ? null : decodeCursor(cursor);
    if (cursor !== undefined && (before === null || before.id.includes("-")))
      throw new ToolFailure("cursor: is none of this search.");
    const { results, nextCursor } = await searchMessages(context.config, {
      ...owner,
      q: query,
      limit,
      before,
      mask: clean,
    });
    const more =
      nextCursor === null ? "" : `There may be older messages: search again with the cursor ${nextCursor}`;
    if (results.length === 0) return { text: ["No message found.", more].filter(Boolean).join("\n") };
    return {
      text: recorded(results.map(asLine), "\n", (shown) => ({
        heading: `${shown} messages, newest first.`,
        ending: more,
      })),
    };
  },
};

function asLine({ conversationId, branchId, timestamp, role, snippet }: SearchResults["results"][number]) {
  const where =
    conversationId === null
      ? "no conversation"
      : `conversation ${conversationId}, branch ${branchId ?? "main"}`;
  return `- ${timestamp} ${labelOf(role)}, ${where}:\n  ${cleanLine(snippet, MAX_SNIPPET)}`;
}
