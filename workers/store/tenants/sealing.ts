/** Seals again with the first key of CREDENTIAL_KEYS what older keys have sealed, and counts which keys are still needed. */
import { and, asc, eq, gt, sql } from "drizzle-orm";
import { accounts } from "../../../drizzle/schema.ts";
import { keyIds, reseal, SEALED_FIELDS, type SealedField, SealError } from "../../runtime/seal.ts";
import type { Status } from "../../schemas/api/status.ts";
import type { ResealResult } from "../../schemas/api/upkeep.ts";
import { Sealed } from "../../schemas/tenant.ts";
import { withPrimary, withWriter } from "../db/db.ts";
import type { TenantConfig } from "./kv-write.ts";
import { callOAuthAccount } from "./oauth-stub.ts";

type Accounts = Pick<Env, "OAUTH_ACCOUNT">;
/** How many values of each field one key has sealed, by key id. */
type Uses = Map<string, Map<SealedField, number>>;

/**
 * How each field is sealed again: `column`: in its row; `object`: by the OAuthAccount object of each login; `projection`: written
 * again by projectBatch, which uses the key of the account's column.
 */
const RESEALED_BY = {
  "accounts.credential": "column",
  "domains.slack_webhook": "column",
  "domains.other_fields": "column",
  "TENANTS.domain": "projection",
  "OAUTH_ACCOUNT.account": "object",
  "OAUTH_ACCOUNT.login": "object",
} as const satisfies Record<SealedField, "column" | "object" | "projection">;
type ColumnField = {
  [F in SealedField]: (typeof RESEALED_BY)[F] extends "column" ? F : never;
}[SealedField];
const COLUMN_FIELDS = (Object.keys(RESEALED_BY) as SealedField[]).filter(
  (field): field is ColumnField => RESEALED_BY[field] === "column",
);
/** The column to which a field's context belongs. */
const OWNERS: Record<string, string> = { accounts: "id", domains: "name" };
/** The step after the columns. */
const LOGINS = "OAUTH_ACCOUNT";
const STEPS = [...COLUMN_FIELDS, LOGINS] as const;
/** Logins whose keys the status counts; each is a call. */
const MAX_COUNTED_LOGINS = 100;
const SEPARATOR = "~";

/**
 * Seals up to `limit` values again: the columns one after the other, then the logins. Idempotent; what is done is skipped. KV
 * follows with projectBatch. Null: not a cursor.
 */
export async function resealBatch(
  config: TenantConfig,
  env: Accounts,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<ResealResult | null> {
  const [field = "", ...rest] = (cursor ?? STEPS[0] ?? "").split(SEPARATOR);
  const after = rest.join(SEPARATOR);
  const step = STEPS.find((one) => one === field);
  if (!step) return null;
  const { last, ...counts } =
    step === LOGINS
      ? await resealLogins(config, env, after, limit)
      : await resealColumn(config, step, after, limit);
  const next = STEPS[STEPS.indexOf(step) + 1];
  const nextCursor = last !== null ? `${step}${SEPARATOR}${last}` : (next ?? null);
  return { field: step, ...counts, nextCursor };
}

interface Resealed {
  resealed: number;
  unreadable: number;
  /** The owner of the last value, if there may be more. */
  last: string | null;
}

async function resealColumn(
  config: TenantConfig,
  field: ColumnField,
  after: string,
  limit: number,
): Promise<Resealed> {
  const { table, column, owner } = placeOf(field);
  return withWriter(config, (db) =>
    db.transaction(async (tx) => {
      const { rows } = await tx.execute<{ owner: string; sealed: unknown }>(sql`
        select ${owner} as owner, ${column} as sealed from ${table}
        where ${column} ->> 'keyId' <> ${keyIds(config)[0]} and ${owner} > ${after}
        order by ${owner} limit ${limit} for update`);
      const result: Resealed = { resealed: 0, unreadable: 0, last: null };
      for (const row of rows)
        try {
          const fresh = reseal(config, Sealed.parse(row.sealed), SEALED_FIELDS[field](row.owner));
          await tx.execute(
            sql`update ${table} set ${column} = ${JSON.stringify(fresh)}::jsonb where ${owner} = ${row.owner}`,
          );
          result.resealed++;
        } catch (thrown) {
          if (!(thrown instanceof SealError)) throw thrown;
          result.unreadable++;
        }
      return { ...result, last: rows.length === limit ? (rows.at(-1)?.owner ?? null) : null };
    }),
  );
}

/** A login that was begun for an account without one is not among these: it ends after 15 minutes anyway. */
async function resealLogins(
  config: TenantConfig,
  env: Accounts,
  after: string,
  limit: number,
): Promise<Resealed> {
  const ids = await loginIds(config, after, limit);
  const results = await Promise.all(
    ids.map((id) => callOAuthAccount(env, id, async (account) => [...(await account.reseal())])),
  );
  const countOf = (result: string) => results.flat().filter((one) => one === result).length;
  return {
    resealed: countOf("resealed"),
    unreadable: countOf("unreadable"),
    last: ids.length === limit ? (ids.at(-1) ?? null) : null,
  };
}

/**
 * Which keys are still needed for what. `sealedWith`: the entries of KV that each key has sealed; null: unknown. Logins are
 * counted during a rotation only, because each is a call.
 */
export async function readSealing(
  config: TenantConfig,
  env: Accounts,
  sealedWith: Map<string, number> | null,
): Promise<NonNullable<Status["sealing"]>> {
  const [current, ...older] = keyIds(config);
  const uses: Uses = new Map();
  const add = (keyId: string, field: SealedField, count = 1) => {
    const fields = uses.get(keyId) ?? new Map<SealedField, number>();
    uses.set(keyId, fields.set(field, (fields.get(field) ?? 0) + count));
  };
  const columns = COLUMN_FIELDS.map((field) => {
    const { table, column } = placeOf(field);
    return sql`select ${field} as field, ${column} ->> 'keyId' as key_id, count(*) as count from ${table}
      where ${column} is not null group by 2`;
  });
  const counted = await withPrimary(config, (db) => db.execute(sql.join(columns, sql` union all `)));
  for (const { field, key_id: keyId, count } of counted.rows as Record<string, string>[])
    add(String(keyId), field as SealedField, Number(count));
  for (const [keyId, count] of sealedWith ?? []) add(keyId, "TENANTS.domain", count);
  const logins = older.length === 0 ? [] : await loginIds(config, "", MAX_COUNTED_LOGINS);
  const uncounted = logins.length === MAX_COUNTED_LOGINS || sealedWith === null;
  for (const values of await Promise.all(
    logins.map((id) => callOAuthAccount(env, id, async (account) => [...(await account.sealedWith())])),
  ))
    for (const { key, keyId } of values) add(keyId, `OAUTH_ACCOUNT.${key}`);
  const ids = new Set([current, ...older, ...uses.keys()]);
  return {
    keys: [...ids].map((id) => {
      const fields = Object.fromEntries(uses.get(id) ?? []);
      const isUsed = uses.has(id);
      const isOlder = older.includes(id);
      const state = id === current ? "current" : !isOlder ? "missing" : isUsed ? "needed" : "unused";
      return { id, state: state === "unused" && uncounted ? "unknown" : state, fields };
    }),
  };
}

async function loginIds(config: TenantConfig, after: string, limit: number): Promise<string[]> {
  const rows = await withPrimary(config, (db) =>
    db
      .select({ id: accounts.id })
      .from(accounts)
      .where(and(eq(accounts.credentialType, "oauth"), gt(accounts.id, after)))
      .orderBy(asc(accounts.id))
      .limit(limit),
  );
  return rows.map(({ id }) => id);
}

function placeOf(field: ColumnField) {
  const [table = "", column = ""] = field.split(".");
  return { table: sql.raw(table), column: sql.raw(column), owner: sql.raw(OWNERS[table] ?? "") };
}
