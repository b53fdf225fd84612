/** Reads any number of evidence look-ups in one statement. Called by link-store.ts. */
import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { linkEvidence } from "../../../drizzle/schema.ts";
import { type Evidence, EvidenceFlag } from "../../domain/linking/evidence/evidence.ts";
import type { FoundEvidence, Lookup } from "../../domain/linking/evidence/lookup.ts";
import { arrayLiteral } from "../db/statement-batches.ts";
import type { WriterTransaction } from "../db/db.ts";

const COLUMNS = {
  end: "end_key",
  response: "answer_key",
  priorResponse: "prior_answer_key",
  thread: "session_key",
  sideRequests: "session_key",
} as const;

type Row = Record<string, string | number | null> & { n: number; request_id: string; rank: number };

/** The results of each look-up, in the look-up's order. */
export async function readLookups(
  tx: WriterTransaction,
  domainId: number,
  lookups: readonly Lookup[],
): Promise<FoundEvidence[][]> {
  const results: FoundEvidence[][] = lookups.map(() => []);
  if (lookups.length === 0) return results;
  const groups = new Map<string, number[]>();
  lookups.forEach((lookup, n) => {
    const shape = shapeOf(lookup);
    groups.set(shape, [...(groups.get(shape) ?? []), n]);
  });
  const parts = [...groups.values()].map((members) => partOf(members, lookups, domainId));
  const { rows } = await tx.execute<Row>(sql`${sql.join(parts, sql` UNION ALL `)}`);
  for (const row of rows) results[row.n]!.push({ evidence: evidenceOf(row), rank: row.rank });
  results.forEach((found, n) => {
    const descends = lookups[n]!.before !== undefined;
    found.sort((a, b) => (a.evidence.requestId < b.evidence.requestId === descends ? 1 : -1));
  });
  return results;
}

/** Look-ups of one shape share one part of the statement: LIMIT accepts no column. */
function shapeOf({ index, before, sessionKey, limit }: Lookup): string {
  const kind = typeof index === "number" ? "key" : index;
  return `${kind} ${before !== undefined} ${!isOfThread(index) && sessionKey !== undefined} ${limit}`;
}

function partOf(members: readonly number[], lookups: readonly Lookup[], domainId: number): SQL {
  const given = members.map((n) => lookups[n]!);
  const { index, before, sessionKey, limit } = given[0]!;
  const bounds = `{${given.map((each) => each.before ?? each.after).join(",")}}`;
  const bound = before === undefined ? sql`e.request_id > q.bound` : sql`e.request_id < q.bound`;
  const order = before === undefined ? sql.raw("ASC") : sql.raw("DESC");
  const session = !isOfThread(index) && sessionKey !== undefined ? sql`AND e.session_key = q.session` : sql``;
  return sql`(SELECT q.n, found.* FROM unnest(
      ${arrayLiteral(members)}::int[], ${arrayLiteral(given.map(({ key }) => key))}::bigint[], ${bounds}::uuid[],
      ${arrayLiteral(given.map((each) => each.sessionKey ?? null))}::bigint[],
      ${arrayLiteral(given.map((each) => each.agentKey ?? null))}::bigint[],
      ${arrayLiteral(given.map((each) => (typeof each.index === "number" ? each.index : null)))}::int[]
    ) AS q (n, key, bound, session, agent, purpose)
    CROSS JOIN LATERAL (
      SELECT ${EVIDENCE}, ${typeof index === "number" ? sql.raw("k.rank") : sql.raw("0::smallint AS rank")}
      ${source(index, domainId)} AND e.domain_id = ${domainId}::int AND ${bound} ${session}
      ORDER BY e.request_id ${order} LIMIT ${sql.raw(String(limit))}
    ) found)`;
}

const { requestId, form, domainId: _, isAmbiguous: __, ...keyColumns } = getTableColumns(linkEvidence);
const KEY_COLUMNS = Object.entries(keyColumns);
/** The columns that hold an evidence, beside the id; `form` holds its flags. */
export const EVIDENCE_COLUMNS = { form, ...keyColumns };
const EVIDENCE = sql.raw(
  [requestId, ...Object.values(EVIDENCE_COLUMNS)].map(({ name }) => `e.${name}`).join(", "),
);

function source(index: Lookup["index"], domainId: number): SQL {
  if (typeof index === "number")
    return sql`FROM link_keys k JOIN link_evidence e ON e.request_id = k.request_id WHERE k.key = q.key AND k.purpose = q.purpose`;
  if (index === "ambiguous") return sql`FROM link_evidence e WHERE e.is_ambiguous`;
  const ofKey = sql`FROM link_evidence e WHERE e.${sql.identifier(COLUMNS[index])} = q.key`;
  if (!isOfThread(index)) return ofKey;
  const ofThread = sql`${ofKey} AND e.agent_key = q.agent`;
  if (index === "thread") return sql`${ofThread} AND (e.form & ${SIDE}) = 0`;
  // IS NOT FALSE keeps the next request out of the index condition: it is looked for only where there are side requests.
  return sql`${ofThread} AND (e.form & ${SIDE}) <> 0 AND (e.request_id < (
    SELECT n.request_id FROM link_evidence n
    WHERE n.session_key = q.key AND n.agent_key = q.agent AND (n.form & ${SIDE}) = 0
      AND n.domain_id = ${domainId}::int AND n.request_id > q.bound
    ORDER BY n.request_id LIMIT 1)) IS NOT FALSE`;
}

const SIDE = sql.raw(String(EvidenceFlag.sideRequest | EvidenceFlag.likelySideRequest));

function isOfThread(index: Lookup["index"]): boolean {
  return index === "thread" || index === "sideRequests";
}

function evidenceOf(row: Row): Evidence {
  const keys = KEY_COLUMNS.map(([member, { name }]) => {
    const value = row[name];
    return [member, value == null ? null : BigInt(value)];
  });
  return { requestId: row.request_id, flags: Number(row["form"]), ...Object.fromEntries(keys) } as Evidence;
}
