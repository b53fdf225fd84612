/** Names that lists can be filtered by. Every page offers them, so they are read from indexes alone, one probe per name. */
import { type SQL, sql } from "drizzle-orm";
import type { Choices } from "../schemas/api-choices.ts";
import { type DatabaseConfig, withReader } from "./db.ts";

/** Of each; a select longer than this is no help. */
const MOST = 200;
const COMMON_TYPES = ["inference", "query_evaluation"];

export async function readChoices(config: DatabaseConfig): Promise<Choices> {
  const { rows } = await withReader(config, (db) =>
    db.execute<{ choices: Choices | string }>(sql`
      select json_build_object(
        'domains', array(select name from domains order by name limit ${MOST}::int),
        'accounts', array(
          select name from ${distinct("account_id")} used
          union select account_id from domains where account_id is not null order by 1 limit ${MOST}::int),
        'models', array(select name from ${distinct("model")} asked order by name),
        'requestTypes', array(select name from ${distinct("request_type", RARE_TYPES)} seen order by name)) as choices`),
  );
  const found = rows[0]!.choices;
  const choices = typeof found === "string" ? (JSON.parse(found) as Choices) : found;
  return { ...choices, requestTypes: [...choices.requestTypes, ...COMMON_TYPES].sort() };
}

/** The condition of the partial index. */
const RARE_TYPES = "request_type not in ('inference', 'query_evaluation')";

/** The distinct values of an indexed column of `requests`, each found by one look behind the one before. */
function distinct(column: string, condition = "true"): SQL {
  return sql.raw(`(
    with recursive values_of as (
      (select min(${column}) as name, 1 as n from requests where ${condition})
      union all
      select (select min(${column}) from requests where ${condition} and ${column} > values_of.name), n + 1
      from values_of where name is not null and n < ${MOST}
    ) select name from values_of where name is not null)`);
}
