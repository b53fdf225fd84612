/** /conversations/:id/export: the transcript of a branch as a file, streamed page by page so that its length does not matter. */
import type { Context } from "hono";
import type {
  ConversationDetail,
  Transcript,
  TranscriptMessage,
} from "../../../workers/schemas/api/conversations.ts";
import type { ApiClient } from "../api/client.ts";
import type { AppEnv } from "../context/environment.ts";
import { viewOf } from "../context/view.ts";
import { jsonError } from "../layout/render.tsx";
import { messageOf } from "../transcript/blocks.ts";
import { entryMarkdown, headMarkdown } from "../transcript/export.ts";
import { pairTools } from "../transcript/pair-tools.ts";

/** Messages of one question to the API. */
const PAGE_MESSAGES = 200;

/** `?format=md` (default) or `json`, `?branch=` a key or name. Failures before the first byte have a status. */
export async function exportConversation(c: Context<AppEnv>): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const { branch = null, format = "md" } = viewOf(c).query;
  if (format !== "md" && format !== "json")
    return jsonError(c, 400, "invalid_request", "format: allowed: md, json.");
  const isJson = format === "json";
  const api = c.get("api");
  const [detail, first] = await Promise.all([
    api.get("/api/conversations/{id}", { id, limit: 1 }),
    api.get("/api/conversations/{id}/messages", { id, branch, limit: PAGE_MESSAGES, purpose: "export" }),
  ]);
  for (const result of [detail, first])
    if (!result.ok) {
      const status = result.problem.status === 404 || result.problem.status === 400 ? 404 : 503;
      return jsonError(c, status, result.problem.code, result.problem.message);
    }
  if (!detail.ok || !first.ok) throw new Error("unreachable");
  const pages = allPages(api, id, branch, first.data);
  const text = isJson ? toJson(detail.data, first.data, pages) : toMarkdown(detail.data, first.data, pages);
  const name = `${id.slice(0, 8)}-${first.data.branchId.replaceAll(/[^\w-]/g, "").slice(0, 60)}`;
  return c.body(streamOf(text), 200, {
    "content-type": isJson ? "application/json; charset=utf-8" : "text/markdown; charset=utf-8",
    "content-disposition": `attachment; filename="${name}.${isJson ? "json" : "md"}"`,
    "content-security-policy": "default-src 'none'; sandbox",
  });
}

/** All messages, unclipped: clipped ones are fetched one by one. Throws if the API fails midway: a file must not end early silently. */
async function* allPages(
  api: ApiClient,
  id: string,
  branch: string | null,
  first: Transcript,
): AsyncGenerator<TranscriptMessage[]> {
  let page = first;
  for (;;) {
    const messages: TranscriptMessage[] = [];
    for (const message of page.messages) {
      const whole = message.isClipped
        ? await api.get("/api/conversations/{id}/messages/{position}", {
            id,
            position: message.position,
            branch,
            purpose: "export",
          })
        : null;
      // If the message is too large or was removed meanwhile, the shortened one, which is marked, is exported.
      messages.push(whole?.ok ? { ...message, content: whole.data.content, isClipped: false } : message);
    }
    yield messages;
    // A cursor that does not move on would never end.
    if (page.nextCursor === null || page.messages.length === 0) return;
    const next = await api.get("/api/conversations/{id}/messages", {
      id,
      branch,
      limit: PAGE_MESSAGES,
      purpose: "export",
      cursor: page.nextCursor,
    });
    if (!next.ok) throw new Error(`The export failed: ${next.problem.message}`);
    page = next.data;
  }
}

async function* toJson(
  detail: ConversationDetail,
  { conversationId, branchKey, branchId, total, compactedFrom }: Transcript,
  pages: AsyncIterable<TranscriptMessage[]>,
): AsyncGenerator<string> {
  const { title, domain, firstMessageTime, endedAt } = detail;
  const head = {
    conversationId,
    branchKey,
    branchId,
    title,
    domain,
    firstMessageTime,
    endedAt,
    total,
    compactedFrom,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"messages":[`;
  let separator = "\n";
  for await (const messages of pages)
    for (const message of messages) {
      yield separator + JSON.stringify(message);
      separator = ",\n";
    }
  yield "\n]}\n";
}

async function* toMarkdown(
  { title, domain }: ConversationDetail,
  { branchId, total }: Transcript,
  pages: AsyncIterable<TranscriptMessage[]>,
): AsyncGenerator<string> {
  yield headMarkdown(title, { branch: branchId, messages: total, domain });
  for await (const messages of pages) {
    const entries = pairTools(messages.map(messageOf));
    for (const [n, entry] of entries.entries()) {
      const { position, timestamp } = messages[n]!;
      yield entryMarkdown({ ...entry, number: position }, timestamp);
    }
  }
}

function streamOf(text: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next: IteratorResult<string, unknown> = await text.next();
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await text.return(undefined);
    },
  });
}
