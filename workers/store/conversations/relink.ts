/**
 * Relinks history, one batch of requests at a time: makes evidence from stored bodies and chooses parents again, as on arrival.
 * Applies linking rules to requests stored before them. Can be repeated and interrupted: each batch is committed. Called by the
 * API for administrators.
 */
import { and, asc, count, eq, gt, gte, inArray } from "drizzle-orm";
import { domains, linkEvidence, linkKeys, requests } from "../../../drizzle/schema.ts";
import type { Config } from "../../runtime/config.ts";
import { newExchangeId, startedAtOf } from "../../domain/exchange-id.ts";
import { LinkPosition, type RelinkResult } from "../../schemas/api/relink.ts";
import { updateConversationTotals } from "./totals.ts";
import { columnsNamed } from "../db/columns.ts";
import { transaction, withWriter, type WriterTransaction } from "../db/db.ts";
import { lockDomain } from "../db/domain-lock.ts";
import { readEvidence } from "./link-evidence.ts";
import { type LinkColumns, SIDE_REQUEST_LINK, writeLinkColumns, writeLinks } from "./links.ts";

export interface RelinkBatch {
  domain: string;
  since: Date | undefined;
  /** The last request of the previous batch. */
  cursor: string | undefined;
  limit: number;
  dryRun: boolean;
}

const MAX_SHOWN_CHANGES = 20;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";

/** Relinks one batch of a domain's requests, oldest first; null for an unknown domain. */
export async function relink(config: Config, batch: RelinkBatch): Promise<RelinkResult | null> {
  return withWriter(config, async (db) => {
    const [known] = await db.select().from(domains).where(eq(domains.name, batch.domain));
    if (!known) return null;
    return transaction(db, batch, (tx) => relinkBatch(tx, batch));
  });
}

async function relinkBatch(tx: WriterTransaction, batch: RelinkBatch): Promise<RelinkResult> {
  const { id: domainId } = await lockDomain(tx, batch.domain);
  const remainingRequests = afterCursor(domainId, batch);
  const rows = await tx
    .select(REQUEST_COLUMNS)
    .from(requests)
    .where(remainingRequests)
    .orderBy(asc(requests.id))
    .limit(batch.limit);
  const [total] = await tx.select({ n: count() }).from(requests).where(remainingRequests);
  const evidence = await readEvidence(tx, rows);
  const linkedIds = new Set(evidence.map(({ requestId }) => requestId));
  const ids = rows.map(({ id }) => id);
  // Those without any evidence: the others are linked like all requests.
  const sideRequests = rows.filter(
    ({ id, endpoint, bodyKind }) => !linkedIds.has(id) && !(endpoint === "messages" && bodyKind === "bytes"),
  );
  if (ids.length > 0)
    await tx.delete(linkKeys).where(inArray(linkKeys.requestId, [...linkedIds, ...idsOf(sideRequests)]));
  if (sideRequests.length > 0)
    await tx.delete(linkEvidence).where(inArray(linkEvidence.requestId, idsOf(sideRequests)));
  const links = await writeLinks(tx, domainId, evidence, idsOf(sideRequests));
  const asSide = sideRequests.map(({ id }) => [id, SIDE_REQUEST_LINK] as const);
  await writeLinkColumns(tx, rows, new Map<string, LinkColumns>([...links.columns, ...asSide]));

  const changes = new Map<string, RelinkResult["changes"][number]>();
  const noteChange = (requestId: string, before: ComparedColumns, after: ComparedColumns) => {
    const change = { requestId, before: comparedColumns(before), after: comparedColumns(after) };
    if (JSON.stringify(change.before) !== JSON.stringify(change.after)) changes.set(requestId, change);
  };
  for (const { before, after } of links.moved) noteChange(after.requestId, before, after);
  for (const after of links.added) noteChange(after.requestId, SIDE_REQUEST_LINK, after);
  for (const before of links.removed) noteChange(before.requestId, before, SIDE_REQUEST_LINK);
  for (const row of rows)
    noteChange(row.id, row, links.columns.get(row.id) ?? (linkedIds.has(row.id) ? row : SIDE_REQUEST_LINK));
  for (const { id, endpoint, bodyKind } of rows)
    if (endpoint === "messages" && bodyKind === "bytes") changes.delete(id);
  await updateConversationTotals(tx, {
    changed: new Set(
      [
        ...links.changed,
        ...[...changes.values()].flatMap(({ before, after }) => [
          before.conversationId,
          after.conversationId,
        ]),
      ].filter((id) => id !== null),
    ),
    added: [],
  });
  const last = rows.at(-1);
  const remaining = (total?.n ?? 0) - rows.length;
  return {
    domain: batch.domain,
    checked: rows.length,
    remaining,
    changed: changes.size,
    changes: [...changes.values()].slice(0, MAX_SHOWN_CHANGES),
    nextCursor: remaining > 0 && last ? last.id : null,
  };
}

/** Requests after the cursor, else since `since`: an id contains its time. */
function afterCursor(domainId: number, { cursor, since }: RelinkBatch) {
  const from = cursor ?? (since ? newExchangeId(since.getTime(), new Uint8Array(10)) : FIRST_ID);
  const startedAt = startedAtOf(from);
  return and(
    eq(requests.domainId, domainId),
    gt(requests.id, from),
    startedAt === null ? undefined : gte(requests.startedAt, new Date(startedAt)),
  );
}

/** The columns that a change shows. */
const COMPARED = LinkPosition.keyof().options;
const REQUEST_COLUMNS = columnsNamed(requests, [...COMPARED, "id", "startedAt", "endpoint", "bodyKind"]);

type ComparedColumns = { [Name in keyof LinkPosition]?: string | null | undefined };

function comparedColumns(row: ComparedColumns): LinkPosition {
  return Object.fromEntries(COMPARED.map((name) => [name, row[name] ?? null])) as LinkPosition;
}

function idsOf(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
