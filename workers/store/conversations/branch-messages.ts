/** A branch as an analysis reads it: its messages, the final responses of its sub-tasks, and the tokens that Claude counted. */
import { and, desc, eq, inArray, sql } from "drizzle-orm";
import { contents, domains, requests, taskInvocations } from "../../../drizzle/schema.ts";
import { type RecordedTokens, tokenizerOf } from "../../domain/analysis/estimate-tokens.ts";
import type { BranchMessage } from "../../domain/analysis/transcript.ts";
import { clipMessage } from "../../domain/messages/clip-message.ts";
import { contentBlocks, contentTexts, stringMember, toolCallBlocks } from "../../domain/messages/content.ts";
import { TASK_TOOLS } from "../../domain/messages/tool-calls.ts";
import { ok, type Result } from "../../domain/result.ts";
import { readContents } from "../content/request-body.ts";
import { type HistoryMessage, readHistory } from "../content/history.ts";
import { batches } from "../db/statement-batches.ts";
import { type DatabaseConfig, type Reader, withPrimary } from "../db/db.ts";
import type { NoBranch } from "./find.ts";
import { findTip } from "./transcript.ts";

const MAX_MESSAGES = 100_000;
/** Read at once; parsed, they take several times this much memory. */
const MAX_BRANCH_BYTES = 16 * 1_048_576;
/** Of those, by one statement: its bytes are in memory several times (as hexadecimal digits, bytes and text) until they are parsed. */
const MAX_READ_BYTES = 1_048_576;
/** Of those, for the beginning of the branch. */
const MAX_HEAD_BYTES = 2 * 1_048_576;
const MAX_SUBTASKS = 500;
/** Of the final responses of sub-tasks together, the last ones first; a transcript shows 6,000 characters of each. */
const MAX_SUBTASK_BYTES = 2 * 1_048_576;
/** Of the messages whose recorded tokens are compared with their estimate. */
const MAX_CALIBRATION_BYTES = 524_288;
const MAX_CALIBRATION_REQUESTS = 500;

export interface Branch {
  /** From the root of its history to its last response; repeated tool messages are left out. */
  messages: BranchMessage[];
  /** By the id of the tool call that started the sub-task. */
  subtaskAnswers: Map<string, string>;
  recorded: RecordedTokens | null;
}

/** Reads the primary: a replica may not have the branch's last requests yet, and an analysis without messages fails for good. */
export async function readBranch(
  config: DatabaseConfig,
  id: string,
  named: string,
): Promise<Result<Branch, NoBranch>> {
  return withPrimary(config, async (db) => {
    const found = await findTip(db, id, named);
    if (!found.ok) return found;
    const { conversationId, domain, branch, tip } = found.value;
    const { messages: pieces, length } = await readHistory(db, tip.messagesNodeId, {
      from: 1,
      limit: MAX_MESSAGES,
    });
    if (tip.responseContentId !== null)
      pieces.push({ position: length + 1, contentId: tip.responseContentId, size: 0, isRepeated: false });
    const messages = await readMessages(db, pieces);
    return ok({
      messages,
      subtaskAnswers: await readSubtaskAnswers(db, domain, messages),
      recorded: await readRecordedTokens(db, conversationId, branch.branchKey, messages),
    });
  });
}

async function readMessages(db: Reader, pieces: readonly HistoryMessage[]): Promise<BranchMessage[]> {
  let headLeft = MAX_HEAD_BYTES;
  const head = pieces.findIndex(({ size }) => (headLeft -= size) < 0);
  const headEnd = head < 0 ? pieces.length : head;
  let tailLeft = MAX_BRANCH_BYTES - MAX_HEAD_BYTES;
  const tail = pieces.findLastIndex(({ size }) => (tailLeft -= size) < 0);
  const isRead = (at: number) => at < headEnd || at > tail;
  const messages: BranchMessage[] = [];
  const sizeOf = ([at, { size }]: [number, HistoryMessage]) => (isRead(at) ? size : 0);
  for (const batch of batches([...pieces.entries()], sizeOf, MAX_READ_BYTES)) {
    // Parsed before the next ones are read, so that not all bytes are in memory beside what they hold.
    const bodies = await readContents(
      db,
      batch.filter(([at]) => isRead(at)).map(([, { contentId, size }]) => ({ id: contentId, length: size })),
    );
    for (const [at, { position, contentId, isRepeated, size }] of batch) {
      if (!isRead(at)) {
        messages.push({ position, role: "unknown", bytes: size });
        continue;
      }
      const bytes = bodies.get(contentId);
      if (!bytes) continue;
      const { role, content, hasTools } = clipMessage(bytes, true);
      if (isRepeated && hasTools) continue;
      forgetFiles(content);
      messages.push({ position, role, content, bytes: bytes.length });
    }
  }
  return messages;
}

/** Drops the Base64 of images and documents, which no transcript shows. */
function forgetFiles(content: unknown): void {
  for (const block of contentBlocks(content)) {
    if (block["type"] === "image" || block["type"] === "document") delete block["source"];
    if (block["type"] === "tool_result") forgetFiles(block["content"]);
  }
}

/**
 * The text of the last response of each sub-task whose own requests are known. Ids of calls come from clients, so only those of the
 * branch's domain are read.
 */
async function readSubtaskAnswers(
  db: Reader,
  domain: string,
  messages: readonly BranchMessage[],
): Promise<Map<string, string>> {
  const calls = messages.flatMap(({ content }) =>
    toolCallBlocks(content)
      .filter((block) => TASK_TOOLS.has(stringMember(block, "name")))
      .map((block) => stringMember(block, "id")),
  );
  if (calls.length === 0) return new Map();
  const rows = await db
    .select({
      toolUseId: taskInvocations.toolUseId,
      contentId: sql<string>`last.response_content_id`,
      size: contents.size,
    })
    .from(taskInvocations)
    .innerJoin(domains, and(eq(domains.id, taskInvocations.domainId), eq(domains.name, domain)))
    .innerJoin(
      requests,
      and(eq(requests.id, taskInvocations.subtaskRequestId), eq(requests.domainId, taskInvocations.domainId)),
    )
    .innerJoin(
      sql`lateral (select r.response_content_id from requests r
        where r.conversation_id = ${requests.conversationId} and r.branch_key = ${requests.branchKey}
          and r.response_content_id is not null order by r.started_at desc, r.id desc limit 1) last`,
      sql`true`,
    )
    .innerJoin(contents, sql`${contents.id} = last.response_content_id`)
    .where(inArray(taskInvocations.toolUseId, calls.slice(-MAX_SUBTASKS)));
  const found = new Map(
    rows.map(({ toolUseId, contentId, size }) => [toolUseId, { id: BigInt(contentId), length: size }]),
  );
  let left = MAX_SUBTASK_BYTES;
  const wanted = calls.toReversed().flatMap((toolUseId) => {
    const content = found.get(toolUseId);
    found.delete(toolUseId);
    if (!content || content.length > left) return [];
    left -= content.length;
    return [{ toolUseId, ...content }];
  });
  const bodies = await readContents(db, wanted);
  const answers = new Map<string, string>();
  for (const { toolUseId, id } of wanted) {
    const bytes = bodies.get(id);
    const answer = bytes && contentTexts(clipMessage(bytes, true).content).join("\n").trim();
    if (answer) answers.set(toolUseId, answer);
  }
  return answers;
}

/**
 * What Claude counted between two requests of the branch: the difference leaves out system prompt and tools. The later request is the last
 * one, and the earlier one as early as the bytes between them allow.
 */
async function readRecordedTokens(
  db: Reader,
  conversationId: string,
  branchKey: string,
  messages: readonly BranchMessage[],
): Promise<RecordedTokens | null> {
  // A request that was stored after the messages were read counts more of them.
  const end = messages.at(-1)?.position ?? 0;
  const counts = await db
    .select({
      tokens: requests.contextTokens,
      messageCount: requests.messageCount,
      model: sql<string | null>`coalesce(${requests.modelServed}, ${requests.model})`,
    })
    .from(requests)
    .where(
      and(
        eq(requests.conversationId, conversationId),
        eq(requests.branchKey, branchKey),
        sql`${requests.contextTokens} is not null and ${requests.messageCount} between 1 and ${end}::int`,
        sql`coalesce(${requests.linkKind} <> 'compact-ask', true)`,
      ),
    )
    .orderBy(desc(requests.messageCount), desc(requests.startedAt))
    .limit(MAX_CALIBRATION_REQUESTS);
  const [last] = counts;
  const tokenizer = tokenizerOf(last?.model ?? null);
  if (!last || tokenizer === null) return null;
  let best: RecordedTokens | null = null;
  for (const { tokens, messageCount, model } of counts) {
    if (tokenizerOf(model) !== tokenizer) break;
    // A context is that of a request and its response.
    const between = messages.filter(
      ({ position }) => position > messageCount + 1 && position <= last.messageCount + 1,
    );
    if (between.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_CALIBRATION_BYTES) break;
    best = { tokenizer, tokens: last.tokens! - tokens!, contents: between.map(({ content }) => content) };
  }
  return best;
}
