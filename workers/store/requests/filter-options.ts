/** Names that lists can be filtered by. Every page offers them, so they are read from indexes alone, one probe per name. */
import { sql } from "drizzle-orm";
import type { Choices } from "../../schemas/api/choices.ts";
import { type DatabaseConfig, withReader } from "../db/db.ts";
import { distinctValues } from "../db/distinct-values.ts";

/** Of each; a select longer than this is no help. */
const MOST = 200;
const COMMON_TYPES = ["inference", "query_evaluation"];

export async function readChoices(config: DatabaseConfig): Promise<Choices> {
  const { rows } = await withReader(config, (db) =>
    db.execute<{ choices: Choices | string }>(sql`
      select json_build_object(
        'domains', array(select name from domains order by name limit ${MOST}::int),
        'accounts', array(
          select name from ${distinctValues("account_id", MOST)} used
          union select account_id from domains where account_id is not null order by 1 limit ${MOST}::int),
        'models', array(select name from ${distinctValues("model", MOST)} asked order by name),
        'requestTypes', array(select name from ${distinctValues("request_type", MOST, RARE_TYPES)} seen order by name)) as choices`),
  );
  const found = rows[0]!.choices;
  const choices = typeof found === "string" ? (JSON.parse(found) as Choices) : found;
  return { ...choices, requestTypes: [...choices.requestTypes, ...COMMON_TYPES].sort() };
}

/** The condition of the partial index. */
const RARE_TYPES = "request_type not in ('inference', 'query_evaluation')";
