/** The stored state of the sync, as the sync itself and operators read it. */
import { eq, getTableColumns, sql } from "drizzle-orm";
import { z } from "zod";
import { promptSyncs } from "../../../drizzle/schema.ts";
import { promptName } from "../../domain/prompts/prompt.ts";
import type { Config } from "../../runtime/config.ts";
import type { PromptSyncStatus } from "../../schemas/api/prompts.ts";
import { PromptProblem, RepositoryFailure } from "../../schemas/prompt.ts";
import { type DatabaseConfig, withPrimary } from "../db/db.ts";
import { type PromptSource, promptSource, type PromptSourceConfig } from "./source.ts";

export type StatusConfig = DatabaseConfig &
  PromptSourceConfig &
  Pick<Config, "MCP_SYNC_INTERVAL" | "MCP_GITHUB_WEBHOOK_SECRET">;
export type SyncRow = typeof promptSyncs.$inferSelect;

/** A failure with the time when its try ended. */
export const StoredFailure = RepositoryFailure.extend({ at: z.number() });
export type StoredFailure = z.infer<typeof StoredFailure>;

/** Undefined before the first try. */
export async function readSync(config: DatabaseConfig, source: PromptSource): Promise<SyncRow | undefined> {
  const rows = await withPrimary(config, (db) =>
    db.select().from(promptSyncs).where(eq(promptSyncs.repository, source.key)),
  );
  return rows[0];
}

export async function readSyncStatus(config: StatusConfig, now = Date.now()): Promise<PromptSyncStatus> {
  const source = promptSource(config);
  const row = source ? await readState(config, source) : undefined;
  const failure = StoredFailure.nullish().catch(null).parse(row?.failure) ?? null;
  const iso = (time: Date | null | undefined) => time?.toISOString() ?? null;
  return {
    status: source ? stateOf(row, failure, now) : "not_configured",
    repository: source ? `${source.owner}/${source.repository}` : null,
    branch: source?.branch ?? null,
    folder: source?.folder ?? null,
    hasToken: typeof source?.token === "string",
    hasWebhook: source !== null && config.MCP_GITHUB_WEBHOOK_SECRET !== undefined,
    intervalSeconds: Math.max(config.MCP_SYNC_INTERVAL, 60),
    commit: row?.commit ?? null,
    prompts: row?.prompts ?? 0,
    lastTryAt: iso(row?.triedAt),
    lastSuccessAt: iso(row?.succeededAt),
    lastChangeAt: iso(row?.changedAt),
    nextTryAt: iso(row?.nextAt),
    failuresInRow: row?.failuresInRow ?? 0,
    error: failure && { reason: failure.reason, message: failure.message },
    note: row?.note ?? null,
    problems: problemsOf(row),
  };
}

/** The row without the files and prompts themselves, which may be megabytes. */
async function readState(config: DatabaseConfig, source: PromptSource) {
  const { files: _files, blobs: _blobs, prompts, ...columns } = getTableColumns(promptSyncs);
  const rows = await withPrimary(config, (db) =>
    db
      .select({ ...columns, prompts: sql<number>`jsonb_array_length(${prompts})` })
      .from(promptSyncs)
      .where(eq(promptSyncs.repository, source.key)),
  );
  return rows[0];
}

/** The file of a synced prompt, and what is wrong with it. */
export async function repositoryFile(
  config: StatusConfig,
  name: string,
): Promise<{ file: string | null; problems: PromptProblem[] }> {
  const source = promptSource(config);
  const row = source ? await readSync(config, source) : undefined;
  const isNamed = (path: string) => {
    const named = promptName(path);
    return named !== null && "name" in named && named.name === name;
  };
  const files = Files.catch([]).parse(row?.files);
  const file = files.find(({ path, text }) => text !== null && isNamed(path))?.path ?? null;
  return { file, problems: problemsOf(row).filter((problem) => problem.file === file) };
}

const Files = z.array(z.object({ path: z.string(), text: z.string().nullable() }));

const problemsOf = (row: Pick<SyncRow, "problems"> | undefined): PromptProblem[] =>
  z
    .array(PromptProblem)
    .catch([])
    .parse(row?.problems ?? []);

function stateOf(
  row: Pick<SyncRow, "triedAt" | "succeededAt" | "nextAt"> | undefined,
  failure: StoredFailure | null,
  now: number,
): PromptSyncStatus["status"] {
  if (!row?.triedAt) return "never_synced";
  const endedAt = Math.max(row.succeededAt?.getTime() ?? 0, failure?.at ?? 0);
  const isRunning = row.triedAt.getTime() > endedAt && (row.nextAt?.getTime() ?? 0) > now;
  if (isRunning) return "syncing";
  if (failure) return "error";
  return row.succeededAt ? "success" : "never_synced";
}
