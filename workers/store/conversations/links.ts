/**
 * Links as columns of request rows. New rows are inserted with them; rows whose link changed are updated here, in the same
 * transaction, and ids of conversations that no longer exist are kept as aliases. Called by requests/write.ts and relink.ts.
 */
import { sql } from "drizzle-orm";
import { conversationAliases, requests } from "../../../drizzle/schema.ts";
import { toHex } from "../../domain/bytes.ts";
import { startedAtOf } from "../../domain/exchange-id.ts";
import { linkExchanges } from "../../domain/linking/engine.ts";
import type { FullEvidence } from "../../domain/linking/evidence/evidence.ts";
import type { Link, LinkResult } from "../../domain/linking/link-store.ts";
import { conversationIdOf } from "../../domain/linking/structure.ts";
import type { WriterTransaction } from "../db/db.ts";
import { LINK_MEMBERS, linkStore } from "./link-store.ts";

type Row = typeof requests.$inferInsert;

const MOVED_MEMBERS = [...LINK_MEMBERS, "servesRequestId"] as const;
const HASH_MEMBERS = ["messageHash", "parentMessageHash", "systemHash"] as const;

export type LinkColumns = Pick<Row, (typeof MOVED_MEMBERS)[number] | (typeof HASH_MEMBERS)[number]>;

export interface WrittenLinks {
  /** Columns of the arrivals, by request id; none where there is no evidence. */
  columns: ReadonlyMap<string, LinkColumns>;
  /** Conversations that stored requests left, joined, or moved within. */
  changed: ReadonlySet<string>;
  /** Stored requests whose link changed. */
  moved: LinkResult["moved"];
  /** Stored requests that joined a conversation, and that left one as side requests. */
  added: LinkResult["added"];
  removed: LinkResult["removed"];
}

/** The link of requests of no conversation. */
export const SIDE_REQUEST_LINK = {
  linkKind: "aux",
  linkedBy: "none",
  linkConfidence: "certain",
  conversationId: null,
  branchId: null,
  branchKey: null,
  parentRequestId: null,
  isSubtask: false,
  parentTaskRequestId: null,
  servesRequestId: null,
} as const satisfies LinkColumns;

/**
 * Links arrivals and updates the rows that they affect. The rows of the arrivals, and of the requests `unlinked` that have no
 * evidence any more, are written by the caller.
 */
export async function writeLinks(
  tx: WriterTransaction,
  domainId: number,
  arrivals: readonly FullEvidence[],
  unlinked: readonly string[] = [],
): Promise<WrittenLinks> {
  const store = linkStore(tx, domainId);
  const { links, moved, added, removed, served } = await linkExchanges(store, arrivals, unlinked);
  const writtenByCaller = new Set([...arrivals.map(({ requestId }) => requestId), ...unlinked]);
  const changedRows = [
    ...[...moved.map(({ after }) => after), ...added].map((link) => ({ ...link, servesRequestId: null })),
    ...removed.map(({ requestId }) => ({ requestId, ...SIDE_REQUEST_LINK, ...served.get(requestId) })),
  ];
  await moveRows(
    tx,
    changedRows.filter(({ requestId }) => !writtenByCaller.has(requestId)),
    MOVED_MEMBERS,
  );
  const abandoned = moved.filter(
    ({ before, after }) =>
      before.conversationId !== after.conversationId &&
      before.conversationId === conversationIdOf(before.requestId),
  );
  if (abandoned.length > 0)
    await tx
      .insert(conversationAliases)
      .values(
        abandoned.map(({ before }) => ({
          id: before.conversationId,
          domainId,
          rootRequestId: before.requestId,
        })),
      )
      .onConflictDoNothing();
  const columns = new Map<string, LinkColumns>();
  for (const each of arrivals) {
    const link = links.get(each.requestId);
    const side = served.get(each.requestId);
    if (link) columns.set(each.requestId, columnsOf(link, each));
    // A likely side request may turn out to be part of a conversation, where its hashes count.
    else if (side?.linkConfidence === "likely")
      columns.set(each.requestId, { ...SIDE_REQUEST_LINK, ...side, ...hashesOf(each) });
    else if (side) columns.set(each.requestId, { ...SIDE_REQUEST_LINK, ...side });
  }
  const otherSides = [...served].filter(([id]) => !columns.has(id));
  await moveRows(
    tx,
    otherSides.map(([requestId, { servesRequestId }]) => ({ requestId, servesRequestId })),
    ["servesRequestId"],
  );
  return {
    columns,
    moved,
    added,
    removed,
    changed: new Set([
      ...moved.flatMap(({ before, after }) => [before.conversationId, after.conversationId]),
      ...[...added, ...removed].map(({ conversationId }) => conversationId),
    ]),
  };
}

/** Updates stored rows with their new links, and with the hashes of those that have any. */
export async function writeLinkColumns(
  tx: WriterTransaction,
  rows: readonly { id: string }[],
  columns: WrittenLinks["columns"],
): Promise<void> {
  const links = rows.flatMap(({ id }) => {
    const link = columns.get(id);
    return link ? [{ requestId: id, ...link }] : [];
  });
  await moveRows(
    tx,
    links.filter(({ messageHash }) => messageHash === undefined),
    MOVED_MEMBERS,
  );
  await moveRows(
    tx,
    links.filter(({ messageHash }) => messageHash !== undefined),
    [...MOVED_MEMBERS, ...HASH_MEMBERS],
  );
}

function columnsOf(link: Link, evidence: FullEvidence): LinkColumns {
  const { requestId: _, flags: __, textKey: ___, ...columns } = link;
  return {
    ...columns,
    servesRequestId: null,
    ...hashesOf(evidence),
  };
}

function hashesOf({ messageHash, priorMessageHash, systemHash }: FullEvidence) {
  return { messageHash, parentMessageHash: priorMessageHash, systemHash };
}

/** Rows updated in one statement. */
const MAX_MOVED_ROWS = 2_000;

/** Updates these columns of the rows in which one of them differs. */
async function moveRows<Member extends keyof LinkColumns>(
  tx: WriterTransaction,
  links: readonly (Pick<LinkColumns, Member> & { requestId: string })[],
  members: readonly Member[],
): Promise<void> {
  const columns = members.map((member) => requests[member]);
  const listOf = (relation: string) => sql.raw(columns.map(({ name }) => `${relation}.${name}`).join(", "));
  const assignments = sql.raw(columns.map(({ name }) => `${name} = m.${name}`).join(", "));
  const types = sql.raw(columns.map((column) => `${column.name} ${column.getSQLType()}`).join(", "));
  for (let at = 0; at < links.length; at += MAX_MOVED_ROWS) {
    const values = links.slice(at, at + MAX_MOVED_ROWS).map((link) => ({
      id: link.requestId,
      started_at: new Date(startedAtOf(link.requestId) ?? 0).toISOString(),
      ...Object.fromEntries(members.map((member) => [requests[member].name, jsonValue(link[member])])),
    }));
    await tx.execute(sql`
      UPDATE requests r SET ${assignments}
      FROM jsonb_to_recordset(${JSON.stringify(values)}::jsonb) AS m (id uuid, started_at timestamptz, ${types})
      WHERE r.id = m.id AND r.started_at = m.started_at AND (${listOf("r")}) IS DISTINCT FROM (${listOf("m")})`);
  }
}

/** Bytes as the text of a bytea. */
function jsonValue(value: LinkColumns[keyof LinkColumns]) {
  return value instanceof Uint8Array ? `\\x${toHex(value)}` : value;
}
