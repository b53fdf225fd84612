/** Results and costs of analyses over time, for the API. */
import { type SQL, sql } from "drizzle-orm";
import { formatUsd } from "../../domain/pricing/usd.ts";
import { BUCKET_MS, type Buckets, bucketsOf, iso } from "../../domain/usage/calendar.ts";
import { AnalysisResult, AnalysisStatus } from "../../schemas/analysis.ts";
import type { AnalysisTrends } from "../../schemas/api/analyses.ts";
import type { DatabaseConfig } from "../db/db.ts";
import { allOf, inDomain, readRows, timestamptz, timestamptzArray } from "../db/sql.ts";

const MAX_TOPICS = 20;
const SENTIMENTS = AnalysisResult.shape.sentiment.options;
const EFFECTIVENESS = AnalysisResult.shape.conversationQuality.shape.effectiveness.options;

interface TrendsFilter {
  /** Epoch milliseconds of creation. */
  from: number;
  to: number;
  /** Of the hours and days of the series. */
  timeZone: string;
  domain: string | undefined;
}

/** PostgreSQL sends counts and sums as text. The sums are those of a row with kind `slot`. */
interface Group extends Record<string, unknown> {
  kind: "slot" | "status" | "sentiment" | "effectiveness" | "tip" | "topic";
  name: string | null;
  /** Position of the bucket in the series, from 1. */
  slot: number | null;
  count: string;
  cost_pico: string | null;
  unreported_pico: string | null;
  unpriced: string | null;
  input_tokens: string | null;
  output_tokens: string | null;
  clarity: string | null;
  completeness: string | null;
}

/** One statement. Costs are of all versions, statuses of the current ones, the other figures of the last completed ones. */
export async function readAnalysisTrends(
  config: DatabaseConfig,
  filter: TrendsFilter,
): Promise<AnalysisTrends> {
  const { from, to, timeZone } = filter;
  const buckets = bucketsOf(from, to, timeZone);
  const groups = await readRows<Group>(config, trendsStatement(filter, buckets));
  const ofKind = (kind: Group["kind"]) => groups.filter((group) => group.kind === kind);
  const [slots, sentiments, effectiveness] = [ofKind("slot"), ofKind("sentiment"), ofKind("effectiveness")];
  const ranked = (kind: "tip" | "topic") =>
    ofKind(kind)
      .map(({ name, count }) => ({ name: name ?? "", count: Number(count) }))
      .sort((left, right) => right.count - left.count || (left.name < right.name ? -1 : 1));
  const figures = (isIn: (group: Group) => boolean) => ({
    sentiments: countNames(SENTIMENTS, sentiments.filter(isIn)),
    effectiveness: countNames(EFFECTIVENESS, effectiveness.filter(isIn)),
    ...sums(slots.filter(isIn)),
  });
  return {
    from: iso(from),
    to: iso(to),
    statuses: countNames(AnalysisStatus.options, ofKind("status")),
    ...figures(() => true),
    tips: ranked("tip").map(({ name: category, count }) => ({ category, count })),
    topics: ranked("topic").map(({ name: topic, count }) => ({ topic, count })),
    bucket: buckets.unit,
    bucketMs: BUCKET_MS[buckets.unit],
    series: buckets.starts.map((at, index) => ({
      time: iso(at),
      ...figures(({ slot }) => Number(slot) === index + 1),
    })),
  };
}

function trendsStatement({ from, to, domain }: TrendsFilter, { starts }: Buckets): SQL {
  const where = allOf(
    sql`created_at >= ${timestamptz(from)}`,
    sql`created_at < ${timestamptz(to)}`,
    inDomain(domain),
  );
  const noSums = sql`null::numeric, null::numeric, null::bigint, null::numeric, null::numeric, null::float8, null::float8`;
  const perName = (kind: Group["kind"], name: SQL) => sql`
    select ${sql.raw(`'${kind}'`)}, ${name}, slot, count(*), ${noSums} from found where ${name} is not null group by 2, 3`;
  return sql`
    with found as (
      select id, is_current, status, cost_pico, input_tokens, output_tokens,
        width_bucket(created_at, ${timestamptzArray(starts)}) as slot,
        (select sum(t.estimated_pico) from analysis_attempts t
          where t.analysis_id = analyses.id and t.cost_pico is null and t.outcome is not null) as unreported_pico,
        case when not exists (select from analyses later where later.branch_key = analyses.branch_key
          and later.version > analyses.version and later.status = 'completed') then result end as result
      from analyses where ${where}
    )
    select 'slot' as kind, null::text as name, slot, count(result) as count, sum(cost_pico) as cost_pico,
      sum(unreported_pico) as unreported_pico,
      count(*) filter (where output_tokens is not null and cost_pico is null) as unpriced,
      sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens,
      sum((result #>> '{interactionPatterns,promptClarity}')::float8) as clarity,
      sum((result #>> '{interactionPatterns,contextCompleteness}')::float8) as completeness
    from found group by slot
    union all ${perName("sentiment", sql.raw("result ->> 'sentiment'"))}
    union all ${perName("effectiveness", sql.raw("result #>> '{conversationQuality,effectiveness}'"))}
    union all select 'status', status, null, count(*), ${noSums} from found where is_current group by status
    union all select 'tip', tip ->> 'category', null, count(distinct id), ${noSums}
      from found, jsonb_array_elements(result -> 'promptingTips') tip group by 2
    union all (
      select 'topic', min(trim(topic)), null, count(distinct id) as analyses, ${noSums}
      from found, jsonb_array_elements_text(result -> 'keyTopics') topic
      where trim(topic) <> '' group by lower(trim(topic)) order by analyses desc, 2 limit ${MAX_TOPICS}
    )`;
}

function countNames<Name extends string>(
  names: readonly Name[],
  groups: readonly Group[],
): Record<Name, number> {
  const countOf = (name: Name) =>
    groups.reduce((sum, group) => sum + (group.name === name ? Number(group.count) : 0), 0);
  return Object.fromEntries(names.map((name) => [name, countOf(name)])) as Record<Name, number>;
}

function sums(slots: readonly Group[]) {
  const total = (
    column: "count" | "unpriced" | "input_tokens" | "output_tokens" | "clarity" | "completeness",
  ) => slots.reduce((sum, slot) => sum + Number(slot[column] ?? 0), 0);
  const results = total("count");
  const average = (column: "clarity" | "completeness") => (results === 0 ? null : total(column) / results);
  return {
    promptClarity: average("clarity"),
    contextCompleteness: average("completeness"),
    costUsd: formatUsd(slots.reduce((sum, { cost_pico: pico }) => sum + BigInt(pico ?? 0), 0n)),
    unreportedCostUsd: formatUsd(
      slots.reduce((sum, { unreported_pico: pico }) => sum + BigInt(pico ?? 0), 0n),
    ),
    unpricedCount: total("unpriced"),
    promptTokens: total("input_tokens"),
    completionTokens: total("output_tokens"),
  };
}
