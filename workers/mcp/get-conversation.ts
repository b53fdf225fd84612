/** Tool `get_conversation`: a branch of a conversation as Markdown, a page at a time. */
import { z } from "zod";
import { contentText } from "../domain/analysis/transcript.ts";
import type { TranscriptMessage } from "../schemas/api/conversations.ts";
import { readTranscript } from "../store/conversations/transcript.ts";
import { byteLength, clean, cutBytes, MAX_RECORDED_BYTES, recorded, type Tool, ToolFailure } from "./tool.ts";

/** Messages of one page, which is usually full before. */
const MAX_MESSAGES = 100;
const MAX_BRANCHES_NAMED = 20;
const CUT = "\n[The rest of this message is left out.]";

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
      maxBytes: MAX_RECORDED_BYTES,
      owner,
    });
    if (!found.ok)
      throw new ToolFailure(
        found.error === "no_branch"
          ? "This conversation has no such branch."
          : "There is no such conversation, or it is not yours.",
      );
    const { transcript, branches } = found.value;
    const { text, next } = asMarkdown(transcript.messages, transcript.nextCursor);
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
    if (text === "") return { text: `${heading}\nThere is no message from ${from} on.` };
    const ending = next === null ? "" : `The branch continues: read again with "from": ${next}.`;
    return { text: recorded(heading, text, ending) };
  },
};

/** As many messages as fit, at least the beginning of one. `next`: the first one that is left out. */
function asMarkdown(
  messages: readonly Pick<TranscriptMessage, "position" | "role" | "timestamp" | "content">[],
  nextPage: number | null,
): { text: string; next: number | null } {
  const parts: string[] = [];
  let bytesLeft = MAX_RECORDED_BYTES;
  for (const { position, role, timestamp, content } of messages) {
    const when = timestamp === null ? "" : `, ${timestamp}`;
    const part = `## ${position}. ${role}${when}\n\n${clean(contentText(content))}`;
    const bytes = byteLength(part) + 2;
    if (bytes > bytesLeft && parts.length > 0) return { text: parts.join("\n\n"), next: position };
    parts.push(bytes > bytesLeft ? cutBytes(part, bytesLeft - CUT.length) + CUT : part);
    bytesLeft -= bytes;
  }
  return { text: parts.join("\n\n"), next: nextPage };
}
