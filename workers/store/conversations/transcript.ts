/**
 * The transcript of a branch: the history of its last request, each message once, and its last response. Only the requested
 * page of a history is read; the requests of the branch and its ancestors determine which one first sent a message.
 */
import { and, asc, desc, eq, or, type SQL, sql } from "drizzle-orm";
import { requests } from "../../../drizzle/schema.ts";
import { MAX_PARSED_BYTES } from "../../runtime/constants.ts";
import { clipMessage } from "../../domain/messages/clip-message.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import type { Transcript, TranscriptMessage } from "../../schemas/api/conversations.ts";
import { readContents } from "../content/request-body.ts";
import { type HistoryMessage, readHistory } from "../content/history.ts";
import { type BranchStart, findBranchOf, type NoBranch, type Owner } from "./find.ts";
import { type DatabaseConfig, type Reader, withReader } from "../db/db.ts";

export interface TranscriptFilter {
  branch?: string | undefined;
  limit: number;
  /** The page ends after the message that brings its content, as returned, to this many bytes. */
  maxBytes: number;
  /** Position of the first message. */
  from?: number | undefined;
  /** Start at the first message that this request added. */
  requestId?: string | undefined;
  /** The branch ends at the last request of the owner, and only the owner's requests are named. */
  owner?: Owner;
  /** Applied to texts that are too long for a page, before they are shortened. */
  mask?: (text: string) => string;
}

export interface FoundTranscript {
  domain: string;
  transcript: Transcript;
  /** Branches that the owner may read, by start. */
  branches: Pick<BranchStart, "branchId" | "branchKey">[];
}

export async function readTranscript(
  config: DatabaseConfig,
  id: string,
  filter: TranscriptFilter,
): Promise<Result<FoundTranscript, NoBranch>> {
  return withReader(config, async (db) => {
    const found = await findTip(db, id, filter.branch, filter.owner);
    if (!found.ok) return found;
    const { conversationId, domain, branch, starts, visible, tip } = found.value;
    const lineage = lineageOf(starts, branch);
    const from =
      filter.from ?? (filter.requestId ? await firstNewPosition(db, conversationId, filter.requestId) : 1);
    const { messages: pieces, length } = await readHistory(db, tip.messagesNodeId, {
      from,
      limit: filter.limit + 1,
    });
    const hasResponse = tip.responseContentId !== null;
    const total = length + (hasResponse ? 1 : 0);
    if (hasResponse && from <= total && pieces.length <= filter.limit && from + pieces.length > length)
      pieces.push({ position: total, contentId: tip.responseContentId!, size: 0, isRepeated: false });
    const { messages, next, isRemoved } = await readPage(db, pieces, filter);
    const senders = await readSenders(
      db,
      conversationId,
      lineage,
      { from, to: from + pieces.length },
      filter.owner?.clientKeyId,
    );
    const compacted =
      branch.linkKind === "compact" && branch.parentRequestId !== null && branch.parentBranchKey !== null
        ? {
            branchKey: branch.parentBranchKey,
            branchId: starts.find((one) => one.branchKey === branch.parentBranchKey)?.branchId ?? "main",
            requestId: branch.parentRequestId,
          }
        : null;
    const transcript: Transcript = {
      conversationId,
      branchKey: branch.branchKey,
      branchId: branch.branchId,
      requestId: tip.requestId,
      total,
      state: isRemoved ? "removed" : total === 0 ? "none" : "whole",
      compactedFrom: compacted,
      messages: messages.map(({ contentId, ...message }) => ({
        ...message,
        ...firstSender(senders, message, contentId, tip),
        isAnswer: hasResponse && message.position === total,
      })),
      nextCursor: next,
    };
    return ok({ domain, transcript, branches: visible });
  });
}

/** One message as it was sent, not clipped. `removed`: it was deleted. */
export async function readTranscriptMessage(
  config: DatabaseConfig,
  id: string,
  { branch: named, position }: { branch?: string | undefined; position: number },
) {
  return withReader(config, async (db) => {
    const found = await findTip(db, id, named);
    if (!found.ok) return found;
    const { tip, domain } = found.value;
    const { messages: pieces, length } = await readHistory(db, tip.messagesNodeId, {
      from: position,
      limit: 1,
    });
    const isResponse = position === length + 1 && tip.responseContentId !== null;
    const contentId = isResponse ? tip.responseContentId : (pieces[0]?.contentId ?? null);
    if (contentId === null) return failed("no_message");
    const bytes = (await readContents(db, [{ id: contentId, length: 0 }])).get(contentId);
    if (!bytes) return failed("removed");
    if (bytes.length > MAX_PARSED_BYTES) return failed("too_large");
    const { role, content } = clipMessage(bytes, true);
    return ok({ domain, message: { position, role, content, bytes: bytes.length } });
  });
}

interface Tip {
  requestId: string;
  startedAt: Date;
  durationMs: number | null;
  messagesNodeId: bigint | null;
  responseContentId: bigint | null;
}

/** The request whose history and response are those of the branch. */
export async function findTip(db: Reader, id: string, named: string | undefined, owner?: Owner) {
  const found = await findBranchOf(db, id, named, owner);
  if (!found.ok) return found;
  const { conversationId, branch } = found.value;
  const [tip] = await db
    .select({
      requestId: requests.id,
      startedAt: requests.startedAt,
      durationMs: requests.durationMs,
      messagesNodeId: requests.messagesNodeId,
      responseContentId: requests.responseContentId,
    })
    .from(requests)
    .where(
      and(
        eq(requests.conversationId, conversationId),
        eq(requests.branchKey, branch.branchKey),
        owner?.clientKeyId === undefined ? undefined : eq(requests.clientKeyId, owner.clientKeyId),
      ),
    )
    // A request without body has no history, and a compact-ask may omit the latest response.
    .orderBy(
      asc(sql`${requests.messagesNodeId} is null`),
      asc(sql`coalesce(${requests.linkKind} = 'compact-ask', false)`),
      desc(requests.startedAt),
      desc(requests.id),
    )
    .limit(1);
  return tip ? ok({ ...found.value, tip }) : failed("no_branch");
}

/** The branches that a history runs through, each up to where the next one starts (null: to its end). */
type Lineage = { branchKey: string; until: string | null }[];

function lineageOf(starts: readonly BranchStart[], branch: BranchStart): Lineage {
  const lineage: Lineage = [];
  let at: BranchStart | undefined = branch;
  let until: string | null = null;
  while (at && !lineage.some(({ branchKey }) => branchKey === at?.branchKey)) {
    lineage.push({ branchKey: at.branchKey, until });
    // A compacted history and a sub-task start with an empty history.
    if (at.linkKind === "compact" || at.isSubtask) break;
    until = at.parentStartedAt;
    const parentKey: string | null = at.parentBranchKey;
    at = starts.find(({ branchKey }) => branchKey === parentKey);
  }
  return lineage;
}

interface Sender {
  requestId: string;
  startedAt: Date;
  durationMs: number | null;
  messageCount: number;
  responseContentId: bigint | null;
}

/** The requests of the lineage, of one key if it is given, whose histories end in this range of positions, oldest first. */
async function readSenders(
  db: Reader,
  conversationId: string,
  lineage: Lineage,
  { from, to }: { from: number; to: number },
  clientKeyId: string | undefined,
): Promise<Sender[]> {
  const onLineage = lineage.map(({ branchKey, until }): SQL | undefined =>
    until === null
      ? eq(requests.branchKey, branchKey)
      : and(eq(requests.branchKey, branchKey), sql`${requests.startedAt} <= ${until}::timestamptz`),
  );
  return db
    .select({
      requestId: requests.id,
      startedAt: requests.startedAt,
      durationMs: requests.durationMs,
      messageCount: requests.messageCount,
      responseContentId: requests.responseContentId,
    })
    .from(requests)
    .where(
      and(
        eq(requests.conversationId, conversationId),
        or(...onLineage),
        clientKeyId === undefined ? undefined : eq(requests.clientKeyId, clientKeyId),
        // A turn adds a few messages.
        sql`${requests.messageCount} between ${from - 2} and ${to + 20}`,
      ),
    )
    .orderBy(asc(requests.startedAt), asc(requests.id));
}

/** The request that first sent the message; for a response, its own request. */
function firstSender(
  senders: readonly Sender[],
  { position, role }: { position: number; role: string },
  contentId: bigint,
  tip: Tip,
): Pick<TranscriptMessage, "requestId" | "timestamp"> {
  if (role === "assistant") {
    const responder =
      senders.find((one) => one.responseContentId === contentId && one.messageCount === position - 1) ??
      senders.find((one) => one.responseContentId === contentId) ??
      senders.find((one) => one.messageCount === position - 1) ??
      (contentId === tip.responseContentId ? tip : undefined);
    if (!responder) return { requestId: null, timestamp: null };
    const at = responder.startedAt.getTime() + (responder.durationMs ?? 0);
    return { requestId: responder.requestId, timestamp: new Date(at).toISOString() };
  }
  const sent = senders.find(({ messageCount }) => messageCount >= position);
  return { requestId: sent?.requestId ?? null, timestamp: sent?.startedAt.toISOString() ?? null };
}

const encoder = new TextEncoder();

/** The messages of one page; repeated tool calls and results are omitted. */
async function readPage(
  db: Reader,
  pieces: readonly HistoryMessage[],
  { limit, maxBytes, mask }: TranscriptFilter,
) {
  const read = fittingPieces(pieces.slice(0, limit));
  const contents = await readContents(
    db,
    read.flatMap(({ contentId, size }) => (size > MAX_PARSED_BYTES ? [] : [{ id: contentId, length: size }])),
  );
  const messages: (Omit<TranscriptMessage, "requestId" | "timestamp" | "isAnswer"> & {
    contentId: bigint;
  })[] = [];
  let bytesLeft = maxBytes;
  let isRemoved = false;
  for (const [n, { position, contentId, size, isRepeated }] of pieces.entries()) {
    if (n >= read.length || (bytesLeft <= 0 && messages.length > 0))
      return { messages, next: position, isRemoved };
    const bytes = contents.get(contentId);
    if (!bytes) {
      if (size > MAX_PARSED_BYTES)
        messages.push({ position, role: "unknown", content: null, isClipped: true, bytes: size, contentId });
      else isRemoved = true;
      continue;
    }
    const { role, content, isClipped, hasTools } = clipMessage(bytes, false, mask);
    if (isRepeated && hasTools) continue;
    messages.push({ position, role, content, isClipped, bytes: bytes.length, contentId });
    bytesLeft -= isClipped ? encoder.encode(JSON.stringify(content)).length : bytes.length;
  }
  return { messages, next: null, isRemoved };
}

/** The first messages, as many as are in memory together; at least one. Larger ones than are parsed are not read. */
function fittingPieces(pieces: readonly HistoryMessage[]): readonly HistoryMessage[] {
  let bytesLeft = MAX_PARSED_BYTES;
  const end = pieces.findIndex(({ size }, n) => {
    if (size <= MAX_PARSED_BYTES) bytesLeft -= size;
    return bytesLeft < 0 && n > 0;
  });
  return end === -1 ? pieces : pieces.slice(0, end);
}

/** The position of the first message that a request added: its last messages are new. */
async function firstNewPosition(db: Reader, conversationId: string, requestId: string): Promise<number> {
  const { rows } = await db.execute<{ before: number | null }>(sql`
    select p.message_count as before from requests r left join requests p on p.id = r.parent_request_id
    where r.conversation_id = ${conversationId}::uuid and r.id = ${requestId}::uuid`);
  return Number(rows[0]?.before ?? 0) + 1;
}
