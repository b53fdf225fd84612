/** Tool `get_conversation`: a branch of a conversation as Markdown, a page at a time. */
import { z } from "zod";
import { contentText } from "../domain/analysis/transcript.ts";
import { labelOf } from "../domain/fence.ts";
import type { TranscriptMessage } from "../schemas/api/conversations.ts";
import { readTranscript } from "../store/conversations/transcript.ts";
import { clean, MAX_TEXT_BYTES, recorded } from "./recorded-text.ts";
import { type Tool, ToolFailure } from "./tool.ts";

/** Messages of one page, which is usually full before. */
const MAX_MESSAGES = 100;
const MAX_BRANCHES_NAMED = 20;

const Input = z.object({
  conversation_id: z.uuid().describe("As search_conversations returns it."),
  branch: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("Name or key of a branch; without it the main branch."),
  from: z.int().min(1).max(1_000_000).default(1).describe("Number of the first message."),
});

export const getConversation: Tool<typeof Input> = {
  name: "get_conversation",
  title: "Read a conversation",
  description:
    "Reads a branch of an earlier conversation as Markdown, in order, without thinking and system reminders; long texts are shortened. A long branch comes in pages.",
  input: Input,
  target: (given) => given.conversation_id,
  async run({ conversation_id: id, branch, from }, { context, owner }) {
    const found = await readTranscript(context.config, id, {
      branch,
      from,
      limit: MAX_MESSAGES,
      maxBytes: MAX_TEXT_BYTES,
      owner,
      // Long texts are shortened when they are read; a secret must not be cut before that.
      mask: clean,
    });
    if (!found.ok)
      throw new ToolFailure(
        found.error === "no_branch"
          ? "This conversation has no such branch."
          : "There is no such conversation, or it is not yours.",
      );
    const { transcript, branches } = found.value;
    const others = branches
      .filter(({ branchKey }) => branchKey !== transcript.branchKey)
      .slice(0, MAX_BRANCHES_NAMED);
    const heading = [
      `Conversation ${transcript.conversationId}, branch ${transcript.branchId}: ${transcript.total} messages.`,
      ...(others.length === 0
        ? []
        : [
            `Other branches: ${others.map(({ branchId, branchKey }) => `${branchId} (${branchKey})`).join(", ")}.`,
          ]),
    ].join("\n");
    const { messages, nextCursor } = transcript;
    const continuation = (next: number | null) =>
      next === null ? "" : `The branch continues: read again with "from": ${next}.`;
    if (messages.length === 0)
      return {
        text: [
          heading,
          `There is no message ${nextCursor === null ? `from ${from} on` : `to show at ${from}`}.`,
          continuation(nextCursor),
        ]
          .filter(Boolean)
          .join("\n"),
      };
    return {
      text: recorded(messages.map(asMarkdown), "\n\n", (shown) => ({
        heading,
        ending: continuation(messages[shown]?.position ?? nextCursor),
      })),
    };
  },
};

function asMarkdown({
  position,
  role,
  timestamp,
  content,
}: Pick<TranscriptMessage, "position" | "role" | "timestamp" | "content">): string {
  const when = timestamp === null ? "" : `, ${timestamp}`;
  return `## ${position}. ${labelOf(role)}${when}\n\n${contentText(content)}`;
}
