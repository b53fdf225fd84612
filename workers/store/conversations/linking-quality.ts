/** Linking quality: counts by client version and week, and totals for the status. */
import { sql, type SQL } from "drizzle-orm";
import type { Linking, LinkingQuality } from "../../schemas/api/conversations.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";

export interface LinkingFilter {
  domain: string | undefined;
  /** Epoch milliseconds; `from` before `to`. */
  from: number;
  to: number;
}

interface CountRow extends Record<string, unknown> {
  grouping: number;
  week: string | null;
  client: string | null;
  requests: string;
  continuations: string;
  orphans: string;
  subtasks: string;
  low: string;
  straight: string;
  strayed: string;
}

/** The request opened a branch although no other request that continues its parent was itself continued. */
const LEFT_BRANCH = sql.raw(`(r.branch_key = r.id and not exists (
  select from requests s join requests c on c.parent_request_id = s.id and c.link_kind <> 'retry'
  where s.parent_request_id = r.parent_request_id and s.id <> r.id and s.link_kind in ('turn', 'fork', 'resume')))`);

const CONTINUES = sql.raw("(r.parent_request_id is not null or e.prior_end_key is not null)");

export async function readLinkingQuality(
  config: DatabaseConfig,
  { domain, from, to }: LinkingFilter,
): Promise<LinkingQuality> {
  const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()];
  const inDomain: SQL =
    domain === undefined ? sql`` : sql`and r.domain_id = (select id from domains where name = ${domain})`;
  const { rows } = await withReader(config, (db) =>
    db.execute<CountRow>(sql`
      select grouping(week, client) as grouping, to_char(week, 'YYYY-MM-DD') as week, client, count(*) as requests,
        count(*) filter (where continues) as continuations,
        count(*) filter (where continues and parent_request_id is null) as orphans,
        count(*) filter (where is_subtask and branch_key = id) as subtasks,
        count(*) filter (where link_confidence = 'low') as low,
        count(*) filter (where is_turn and (branch_key <> id or left_branch)) as straight,
        count(*) filter (where is_turn and left_branch) as strayed
      from (select date_trunc('week', r.started_at at time zone 'UTC') as week, r.client, r.parent_request_id,
          r.is_subtask, r.branch_key, r.id, r.link_confidence, ${CONTINUES} as continues,
          r.link_kind = 'turn' and r.parent_request_id is not null as is_turn,
          r.link_kind = 'turn' and r.parent_request_id is not null and ${LEFT_BRANCH} as left_branch
        from requests r left join link_evidence e on e.request_id = r.id
        where r.started_at >= ${start}::timestamptz and r.started_at < ${end}::timestamptz
          and r.conversation_id is not null ${inDomain}) chosen
      group by grouping sets ((week, client), (client), ())
      order by week, count(*) desc, client`),
  );
  // Bits of grouping(): a set bit is a column that the row sums over.
  const of = (grouping: number) => rows.filter((row) => Number(row.grouping) === grouping);
  return {
    from: start,
    to: end,
    total: linkingOf(of(0b11)[0]),
    clients: of(0b10).map((row) => ({ client: row.client, ...linkingOf(row) })),
    weeks: of(0b00).map((row) => ({ week: row.week ?? "", client: row.client, ...linkingOf(row) })),
  };
}

function linkingOf(row: CountRow | undefined): Linking {
  const continuations = Number(row?.continuations ?? 0);
  const orphans = Number(row?.orphans ?? 0);
  const straightTurns = Number(row?.straight ?? 0);
  const leftBranch = Number(row?.strayed ?? 0);
  return {
    requests: Number(row?.requests ?? 0),
    continuations,
    orphans,
    linkedShare: continuations === 0 ? null : (continuations - orphans) / continuations,
    subtasks: Number(row?.subtasks ?? 0),
    lowConfidence: Number(row?.low ?? 0),
    straightTurns,
    leftBranch,
    keptBranchShare: straightTurns === 0 ? null : (straightTurns - leftBranch) / straightTurns,
  };
}
