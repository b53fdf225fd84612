/** `/api/conversations`: list, detail, tree and transcript; and the linking quality. */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import {
  ConversationDetail,
  ConversationDetailQuery,
  ConversationList,
  ConversationParameter,
  ConversationQuery,
  ConversationTree,
  LinkingQuality,
  LinkingQuery,
  Transcript,
  TranscriptMessage,
  TranscriptPosition,
  TranscriptQuery,
} from "../schemas/api/conversations.ts";
import { AUDIT_READING_MS } from "../runtime/constants.ts";
import type { Result } from "../domain/result.ts";
import { previewContent } from "../domain/messages/clip-message.ts";
import { writeAuditOnce } from "../store/admin/audit.ts";
import { listConversations } from "../store/conversations/list.ts";
import { readConversation } from "../store/conversations/read.ts";
import { readTranscript, readTranscriptMessage } from "../store/conversations/transcript.ts";
import { readTree } from "../store/conversations/tree.ts";
import { readLinkingQuality } from "../store/conversations/linking-quality.ts";
import { auditActor } from "./admin/audit-context.ts";
import { type ApiEnv, newRoutes } from "./http/context.ts";
import { goneResponse, json, notFoundResponse, errorResponses } from "./http/openapi.ts";
import { ApiError, invalidParameter } from "./http/errors.ts";
import { cursorParameter, listParameters, notWithCursor } from "./http/parameters.ts";

const WEEK_MS = 7 * 86_400_000;
/** Includes the last exchange. */
const PREVIEW_MESSAGES = 6;
const DEFAULT_WEEKS = 8;
/** A longer period reads too many rows in one statement. */
const MAX_WEEKS = 53;

const tags = ["Conversations"];
const list = createRoute({
  method: "get",
  path: "/api/conversations",
  tags,
  summary: "Conversations, last activity first",
  request: { query: ConversationQuery },
  responses: { 200: json("One page.", ConversationList), ...errorResponses },
});
const read = createRoute({
  method: "get",
  path: "/api/conversations/{id}",
  tags,
  summary: "One conversation: totals, branches, tasks and requests",
  request: { params: ConversationParameter, query: ConversationDetailQuery },
  responses: {
    200: json("One page of its requests.", ConversationDetail),
    ...errorResponses,
    ...notFoundResponse,
  },
});
const tree = createRoute({
  method: "get",
  path: "/api/conversations/{id}/tree",
  tags,
  summary: "One conversation as a tree of requests",
  request: { params: ConversationParameter },
  responses: { 200: json("The tree.", ConversationTree), ...errorResponses, ...notFoundResponse },
});
const messages = createRoute({
  method: "get",
  path: "/api/conversations/{id}/messages",
  tags,
  summary: "The transcript of a branch, each message once",
  request: { params: ConversationParameter, query: TranscriptQuery },
  responses: { 200: json("One page.", Transcript), ...errorResponses, ...notFoundResponse },
});
const message = createRoute({
  method: "get",
  path: "/api/conversations/{id}/messages/{position}",
  tags,
  summary: "One message of a transcript, not clipped",
  request: { params: TranscriptPosition, query: TranscriptQuery.pick({ branch: true, purpose: true }) },
  responses: {
    200: json(
      "The message.",
      TranscriptMessage.pick({ position: true, role: true, content: true, bytes: true }),
    ),
    ...errorResponses,
    ...notFoundResponse,
    ...goneResponse,
  },
});
const linking = createRoute({
  method: "get",
  path: "/api/quality/linking",
  tags,
  summary: "Share of requests linked to the one they continue, by client version and week",
  request: { query: LinkingQuery },
  responses: { 200: json("The shares.", LinkingQuality), ...errorResponses },
});

export const conversationRoutes = newRoutes()
  .openapi(list, async (c) => {
    const { cursor, dateFrom, dateTo, ...query } = c.req.valid("query");
    const filter = { ...query, from: query.from ?? dateFrom, to: query.to ?? dateTo };
    const before = listParameters({ cursor, ...filter });
    return c.json(await listConversations(c.get("config"), { ...filter, before }), 200);
  })
  .openapi(read, async (c) => {
    const { id } = c.req.valid("param");
    const { cursor, ...filter } = c.req.valid("query");
    const after = cursorParameter(cursor, "uuid");
    return c.json(valueOf(await readConversation(c.get("config"), id, { ...filter, after }), id), 200);
  })
  .openapi(tree, async (c) => {
    const { id } = c.req.valid("param");
    return c.json(valueOf(await readTree(c.get("config"), id), id), 200);
  })
  .openapi(messages, async (c) => {
    const { id } = c.req.valid("param");
    const { cursor: from, purpose, ...query } = c.req.valid("query");
    const isPreview = purpose === "preview";
    const filter = isPreview ? { ...query, limit: Math.min(query.limit, PREVIEW_MESSAGES) } : query;
    if (from !== undefined && filter.requestId !== undefined) throw notWithCursor("requestId");
    const { transcript, domain } = valueOf(
      await readTranscript(c.get("config"), id, { ...filter, from }),
      id,
    );
    const details = { domain, branch: transcript.branchId, from: from ?? 1 };
    await audit(c, purpose, transcript.conversationId, details);
    return c.json(isPreview ? previewOf(transcript) : transcript, 200);
  })
  .openapi(message, async (c) => {
    const { id, position } = c.req.valid("param");
    const { branch, purpose } = c.req.valid("query");
    const found = valueOf(
      await readTranscriptMessage(c.get("config"), id, { branch, position }),
      id,
      position,
    );
    await audit(c, purpose, id, { domain: found.domain, message: position });
    return c.json(found.message, 200);
  })
  .openapi(linking, async (c) => {
    const { domain, from: start, to: end } = c.req.valid("query");
    const to = end?.getTime() ?? Date.now();
    const from = start?.getTime() ?? to - DEFAULT_WEEKS * WEEK_MS;
    if (from >= to)
      throw invalidParameter("query", "from", "is not before the end of the period", "a time before `to`");
    if (to - from > MAX_WEEKS * WEEK_MS)
      throw invalidParameter(
        "query",
        "from",
        "makes the period too long",
        `at most ${MAX_WEEKS} weeks before \`to\``,
      );
    return c.json(await readLinkingQuality(c.get("config"), { domain, from, to }), 200);
  });

type ConversationError = "no_conversation" | "no_branch" | "no_message" | "removed" | "too_large";

/** The value, or the error as an ApiError. `position`: the requested message, if any. */
function valueOf<T>(result: Result<T, ConversationError>, id: string, position?: number): T {
  if (result.ok) return result.value;
  switch (result.error) {
    case "no_conversation":
      throw new ApiError("not_found", `There is no conversation ${id}.`);
    case "no_branch":
      throw new ApiError(
        "not_found",
        `Conversation ${id} has no such branch. GET /api/conversations/${id} lists its branches.`,
      );
    case "no_message":
      throw new ApiError("not_found", `Conversation ${id} has no message ${position}.`);
    case "removed":
      throw new ApiError("gone", `Message ${position} of conversation ${id} was deleted.`);
    case "too_large":
      throw new ApiError(
        "not_found",
        `Message ${position} of conversation ${id} is too large to return as JSON. Download the body of its request instead.`,
      );
  }
}

function previewOf(transcript: Transcript): Transcript {
  const messages = transcript.messages.map((one) => ({ ...one, content: previewContent(one.content) }));
  return { ...transcript, messages };
}

async function audit(
  c: Context<ApiEnv>,
  purpose: TranscriptQuery["purpose"],
  target: string,
  details: Record<string, unknown>,
): Promise<void> {
  const action = purpose === "read" ? "transcript.open" : `transcript.${purpose}`;
  const entry = { ...auditActor(c), action, target, details };
  await writeAuditOnce(c.get("config"), entry, AUDIT_READING_MS);
}
