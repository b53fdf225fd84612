/** One conversation by its current or a former id, and the first requests of its branches. */
import { and, asc, eq, sql } from "drizzle-orm";
import { conversations, domains, requests } from "../../../drizzle/schema.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import type { ConversationRow } from "../../schemas/api/conversations.ts";
import { CONVERSATION_COLUMNS, toConversationRow } from "./row.ts";
import type { Reader } from "../db/db.ts";

/** Null if there is none. A former id leads to the conversation that its first request belongs to now. */
export async function findConversation(db: Reader, id: string): Promise<ConversationRow | null> {
  const [row] = await db
    .select(CONVERSATION_COLUMNS)
    .from(conversations)
    .innerJoin(domains, eq(domains.id, conversations.domainId))
    .where(
      sql`${conversations.id} = coalesce(
        (select id from conversations where id = ${id}::uuid),
        (select r.conversation_id from conversation_aliases a join requests r on r.id = a.root_request_id
          where a.id = ${id}::uuid limit 1))`,
    );
  return row ? toConversationRow(row) : null;
}

/** The first request of a branch. */
export interface BranchStart {
  branchKey: string;
  branchId: string;
  isSubtask: boolean;
  linkKind: string | null;
  parentRequestId: string | null;
  /** The branch that it continues, and where; null if that is not part of this conversation. */
  parentBranchKey: string | null;
  parentStartedAt: string | null;
}

/** The branches of a conversation, by start. */
export async function readBranchStarts(db: Reader, conversationId: string): Promise<BranchStart[]> {
  const rows = await db
    .select({
      branchKey: requests.id,
      branchId: sql<string>`coalesce(${requests.branchId}, 'main')`,
      isSubtask: requests.isSubtask,
      linkKind: requests.linkKind,
      parentRequestId: requests.parentRequestId,
      parentBranchKey: sql<string | null>`parent.branch_key`,
      parentStartedAt: sql<string | null>`parent.started_at`,
    })
    .from(requests)
    .leftJoin(
      sql`requests parent`,
      sql`parent.id = ${requests.parentRequestId} and parent.conversation_id = ${requests.conversationId}`,
    )
    .where(and(eq(requests.conversationId, conversationId), sql`${requests.branchKey} = ${requests.id}`))
    .orderBy(asc(requests.startedAt), asc(requests.id));
  return rows;
}

/** The branch with this key or name; without one, `main` or else the first branch. */
export function findBranch(
  starts: readonly BranchStart[],
  named: string | undefined,
): BranchStart | undefined {
  if (named === undefined) return starts.find(({ branchId }) => branchId === "main") ?? starts[0];
  return starts.find(({ branchKey, branchId }) => branchKey === named || branchId === named);
}

export type NoBranch = "no_conversation" | "no_branch";

export interface FoundBranch {
  conversationId: string;
  domain: string;
  branch: BranchStart;
  /** All branches of the conversation, by start. */
  starts: BranchStart[];
  /** Those of the owner. */
  visible: BranchStart[];
}

/** Whose conversations are read: those of a domain, or the part of them that requests with one of its keys sent and received. */
export interface Owner {
  domain: string;
  /** Absent: the whole domain. */
  clientKeyId?: string | undefined;
}

/** A branch, and its conversation by a current or former id. What is not the owner's does not exist. */
export async function findBranchOf(
  db: Reader,
  id: string,
  named: string | undefined,
  owner?: Owner,
): Promise<Result<FoundBranch, NoBranch>> {
  const conversation = await findConversation(db, id);
  if (!conversation || (owner && owner.domain !== conversation.domain)) return failed("no_conversation");
  const { conversationId, domain } = conversation;
  const starts = await readBranchStarts(db, conversationId);
  const own = owner?.clientKeyId && (await readBranchesOfKey(db, conversationId, owner.clientKeyId));
  const visible = own ? starts.filter(({ branchKey }) => own.has(branchKey)) : starts;
  if (own && visible.length === 0) return failed("no_conversation");
  const branch = findBranch(visible, named);
  return branch ? ok({ conversationId, domain, branch, starts, visible }) : failed("no_branch");
}

/** Keys of the branches on which requests with this client key are. */
async function readBranchesOfKey(
  db: Reader,
  conversationId: string,
  clientKeyId: string,
): Promise<Set<string | null>> {
  const rows = await db
    .selectDistinct({ branchKey: requests.branchKey })
    .from(requests)
    .where(and(eq(requests.conversationId, conversationId), eq(requests.clientKeyId, clientKeyId)));
  return new Set(rows.map(({ branchKey }) => branchKey));
}
