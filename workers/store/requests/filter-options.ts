/** Names that lists can be filtered by. Every page needs them, so they are read with one index probe per name. */
import { sql } from "drizzle-orm";
import type { FilterOptions } from "../../schemas/api/filter-options.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";
import { distinctValues } from "../db/distinct-values.ts";

/** Maximum names of each kind; a longer select is not usable. */
const MAX_OPTIONS = 200;
const COMMON_TYPES = ["inference", "query_evaluation"];

export async function readFilterOptions(config: DatabaseConfig): Promise<FilterOptions> {
  const { rows } = await withReader(config, (db) =>
    db.execute<{ options: FilterOptions | string }>(sql`
      select json_build_object(
        'domains', array(select name from domains order by name limit ${MAX_OPTIONS}::int),
        'accounts', array(
          select name from ${distinctValues("account_id", MAX_OPTIONS)} used
          union select account_id from domains where account_id is not null order by 1 limit ${MAX_OPTIONS}::int),
        'models', array(
          select name from ${distinctValues("model", MAX_OPTIONS)} requested
          union select name from ${distinctValues("model", MAX_OPTIONS, "share_requests > 0", "rollups")} used
          order by 1 limit ${MAX_OPTIONS}::int),
        'requestTypes', array(select name from ${distinctValues("request_type", MAX_OPTIONS, RARE_TYPES)} seen order by name)) as options`),
  );
  const found = rows[0]!.options;
  const options = typeof found === "string" ? (JSON.parse(found) as FilterOptions) : found;
  return { ...options, requestTypes: [...options.requestTypes, ...COMMON_TYPES].sort() };
}

/** The condition of the partial index. */
const RARE_TYPES = "request_type not in ('inference', 'query_evaluation')";
