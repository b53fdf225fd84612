/** Which conversations automatic mode analyzes next. */
import { inArray, sql } from "drizzle-orm";
import { analyses } from "../../../drizzle/schema.ts";
import { DAY_MS } from "../../runtime/constants.ts";
import { type DatabaseConfig, withPrimary } from "../db/db.ts";
import { timestamptz } from "../db/sql.ts";
import { spentToday } from "./attempts.ts";

/** Conversations that became idle before are not analyzed: an old archive is not sent because the mode was turned on. */
const LOOKBACK_MS = 7 * DAY_MS;

export interface AutomaticCandidate {
  conversationId: string;
  branchKey: string;
  /** Of the last inference. */
  contextTokens: number;
}

/**
 * The state that limits automatic analyses; up to `limit` conversations with recorded usage whose main branch was never analyzed, newest
 * first; and when the next one becomes idle, if one may.
 */
export async function readAutomatic(config: DatabaseConfig, now: Date, limit: number) {
  return withPrimary(config, async (db) => {
    const open = await db.$count(analyses, inArray(analyses.status, ["pending", "processing"]));
    const { rows } = await db.execute<{ id: string; branch_key: string; tokens: number }>(sql`
      select c.id, r.id as branch_key, c.latest_context_tokens as tokens ${ELIGIBLE}
        and c.last_at > ${timestamptz(now.getTime() - LOOKBACK_MS)}
        and c.last_at < ${timestamptz(now)} - ${IDLE}
      order by c.last_at desc, c.id desc
      limit ${limit}`);
    const candidates = rows.map(({ id, branch_key: branchKey, tokens }): AutomaticCandidate => ({
      conversationId: id,
      branchKey,
      contextTokens: Number(tokens),
    }));
    const next = await db.execute<{ at: string | null }>(sql`
      select min(c.last_at + ${IDLE}) as at ${ELIGIBLE} and c.last_at >= ${timestamptz(now)} - ${IDLE}`);
    const nextIdleAt = next.rows[0]?.at ? new Date(next.rows[0].at) : null;
    return { open, spentPico: await spentToday(db, now), candidates, nextIdleAt };
  });
}

const IDLE = sql`make_interval(mins => (d.analysis_automatic->>'idleMinutes')::int)`;
const ELIGIBLE = sql`
  from domains d
  join conversations c on c.domain_id = d.id
  join requests r on r.conversation_id = c.id and r.branch_key = r.id and coalesce(r.branch_id, 'main') = 'main'
  where d.analysis_enabled and d.analysis_automatic is not null
    and c.latest_context_tokens is not null
    and c.turns > (d.analysis_automatic->>'moreThanTurns')::int
    and not exists (select 1 from analyses a where a.branch_key = r.id)`;
