/** What test/make-version-fixture.ts makes and test/e2e/versions.test.ts opens: a data directory in one file, and rows as SQL. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Client } from "pg";

/** Invented, like everything that they seal. */
export const VERSION_SECRETS = {
  DASHBOARD_API_KEY: "fixture-administrator-key-0123456789",
  CREDENTIAL_KEYS: `fixture:${Buffer.alloc(32, "fixture").toString("base64")}`,
};

interface Part {
  file: string;
  /** Of the sequence numbers: `from` up to and without `to`. */
  from?: number;
  to?: number;
}

/** Recordings by domain. The last request of the second is left for a later version. */
export const VERSION_DOMAINS = [
  {
    domain: "one.example",
    credential: { type: "passthrough" },
    files: [{ file: "v330-autocompact.jsonl" }, { file: "v330-agent.jsonl" }] as Part[],
  },
  {
    domain: "two.example",
    credential: { type: "api_key", api_key: "sk-ant-api03-fixture" },
    files: [{ file: "v330-fork.jsonl" }, { file: "v330-continue.jsonl", to: 2 }] as Part[],
  },
] as const;

/** The key of a client, beside its own credential where that is passed on. */
export const clientHeaders = (key: string, { type }: { type: string }): Record<string, string> =>
  type === "passthrough" ? { "x-nexus-key": key, "x-api-key": "sk-ant-api03-replay" } : { "x-api-key": key };

/** Files one after the other: a line of JSON with path and length, then the bytes; of a directory, whose bytes are null, the line alone. */
export function packed(files: readonly { path: string; bytes: Buffer | null }[]): Buffer {
  return Buffer.concat(
    files.flatMap(({ path, bytes }) => [
      Buffer.from(`${JSON.stringify([path, bytes?.length ?? null])}\n`),
      bytes ?? Buffer.alloc(0),
    ]),
  );
}

/** Writes the files of `packed` below a directory. */
export function unpack(bytes: Buffer, directory: string): void {
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\n", at);
    const [path, length] = JSON.parse(bytes.toString("utf8", at, end)) as [string, number | null];
    const target = join(directory, path);
    mkdirSync(length === null ? target : dirname(target), { recursive: true });
    if (length !== null) writeFileSync(target, bytes.subarray(end + 1, end + 1 + length));
    at = end + 1 + (length ?? 0);
  }
}

/** The rows of all tables as statements for a database with the same migrations: the first line is a comment with their number. */
export async function dumpOf(client: Client): Promise<string> {
  const { rows: applied } = await client.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM drizzle.__drizzle_migrations",
  );
  const { rows: tables } = await client.query<{ name: string }>(`
    SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`);
  const statements = [`-- ${applied[0]!.n} migrations`, "SET session_replication_role = replica;"];
  for (const { name } of tables) {
    const { rows: columns } = await client.query<{ list: string }>(
      `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS list FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
      [name],
    );
    const { rows } = await client.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM "${name}" t`);
    if (rows.length === 0) continue;
    const json = `[${rows.map(({ row }) => row).join(",\n")}]`.replaceAll("'", "''");
    const { list } = columns[0]!;
    statements.push(
      `INSERT INTO "${name}" (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM jsonb_populate_recordset(NULL::"${name}", '${json}');`,
    );
  }
  const { rows: sequences } = await client.query<{ name: string; value: string | null }>(
    "SELECT sequencename AS name, last_value::text AS value FROM pg_sequences WHERE schemaname = 'public'",
  );
  for (const { name, value } of sequences)
    if (value !== null) statements.push(`SELECT setval('"${name}"', ${value});`);
  return `${statements.join("\n")}\n`;
}

/** What the version served of its own data. */
export interface VersionState {
  /** Client keys by domain. */
  keys: Record<string, string>;
  /** Ids by `file#seq` of the recordings. */
  ids: Record<string, string>;
  conversations: {
    conversationId: string;
    messageCount: number;
    branchCount: number;
    totalTokens: number;
    title: string | null;
  }[];
  /** Exact, by `file#seq`. */
  costs: Record<string, string | null>;
  analysis: { conversationId: string; summary: string; costUsd: string | null };
}
