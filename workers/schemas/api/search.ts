/** Full-text search over messages. */
import { z } from "zod";
import { CursorText, DomainFilter, oneOf, optional, time, whole, withDefault } from "./parameters.ts";

const QUESTION_RULE = "words to look for, 1 to 500 characters";

export const SearchQuery = z.object({
  q: z
    .string({ error: QUESTION_RULE })
    .min(1, { error: QUESTION_RULE })
    .max(500, { error: QUESTION_RULE })
    .describe(
      'All of these words; "a phrase" in quotes, -without. Words of three letters also find longer ones.',
    ),
  domain: DomainFilter,
  role: optional(oneOf(["user", "assistant", "system"])).describe("Only messages of this role."),
  from: optional(time()).describe("First sent at or after."),
  to: optional(time()).describe("First sent before."),
  limit: withDefault(whole(1, 100).default(20)).describe("Maximum results per page."),
  cursor: CursorText,
});
export type SearchQuery = z.infer<typeof SearchQuery>;

export const SearchResults = z.object({
  results: z
    .array(
      z.object({
        requestId: z
          .string()
          .describe("The earliest request whose history or response contains the message."),
        conversationId: z.string().nullable(),
        branchId: z.string().nullable(),
        branchKey: z.string().nullable(),
        domain: z.string(),
        timestamp: z.iso.datetime(),
        role: z.string(),
        snippet: z.string(),
        highlights: z
          .array(z.object({ start: z.number().int(), end: z.number().int() }))
          .describe("In the snippet, in UTF-16 code units."),
      }),
    )
    .describe("Newest first."),
  nextCursor: z.string().nullable(),
});
export type SearchResults = z.infer<typeof SearchResults>;
