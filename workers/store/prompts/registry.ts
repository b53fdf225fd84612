// A file of ambient modules cannot be imported. Programs that import this file need it, too.
/// <reference path="./bundled-prompts.d.ts" />
/** The prompts that are served: the bundled ones, and those of the repository over them. */
import { eq, sql } from "drizzle-orm";
import { z } from "zod";
import { promptSyncs } from "../../../drizzle/schema.ts";
import { mergePrompts } from "../../domain/prompts/prompt.ts";
import type { PromptLibrary } from "../../domain/prompts/render-prompt.ts";
import type { Config } from "../../runtime/config.ts";
import { Prompt } from "../../schemas/prompt.ts";
import { errorText, log } from "../../runtime/log.ts";
import { withTimeout } from "../../runtime/timeout.ts";
import { type DatabaseConfig, withPrimary } from "../db/db.ts";
import { readKvCopy } from "./kv-copy.ts";
import { promptSource, type PromptSourceConfig } from "./source.ts";

/** How long an isolate serves the set that it has read. Clients list prompts when they start. */
const CACHE_MS = 10_000;
/** Those of `npm start` change while somebody writes them. */
const LOCAL_CACHE_MS = 500;
/** A client waits for its prompt meanwhile. */
const READ_TIMEOUT_MS = 3_000;

export type RegistryConfig = DatabaseConfig & PromptSourceConfig & Pick<Config, "LOCAL_PROMPTS">;

export interface ServedPrompts extends PromptLibrary {
  /** Whether a prompt comes from the repository. */
  isSynced(name: string): boolean;
}

interface Cached {
  /** Which repository; null without one. */
  source: string | null;
  /** Names what the stored row holds; null before the first sync. */
  version: string | null;
  bundled: readonly Prompt[];
  synced: readonly Prompt[];
  library: ServedPrompts;
  checkedAt: number;
}

let cached: Cached | undefined;

/** The number of the newest read that `cached` may not be older than. */
let newestRead = 0;
let reads = 0;

/**
 * The prompts in the order of their names, as they were stored within the last ten seconds. While Postgres is unreachable: those that
 * this isolate has read last; in an isolate that has read none, their copy in KV. Never rejects for lack of Postgres.
 */
export async function servedPrompts(
  env: Pick<Env, "TENANTS">,
  config: RegistryConfig,
  now = Date.now(),
): Promise<ServedPrompts> {
  const source = promptSource(config)?.key ?? null;
  const last = cached?.source === source ? cached : undefined;
  const maxAge = config.LOCAL_PROMPTS === undefined ? CACHE_MS : LOCAL_CACHE_MS;
  if (last && now >= last.checkedAt && now - last.checkedAt < maxAge) return last.library;
  // While one request reads, the others are served what was read last.
  if (last) last.checkedAt = now;
  const read = ++reads;
  const [bundled, stored] = await Promise.all([
    readBundled(config, last?.bundled),
    source === null ? null : readStored(env, config, source, last?.version ?? null),
  ]);
  const { version, synced } = stored ?? { version: last?.version ?? null, synced: last?.synced ?? [] };
  const isSame = last !== undefined && last.bundled === bundled && last.synced === synced;
  const library = isSame ? last.library : await servedLibrary(bundled, synced);
  // A read that began before another one may have seen an older set.
  if (read > newestRead) {
    newestRead = read;
    cached = { source, version, bundled, synced, library, checkedAt: now };
  }
  return library;
}

/** The next call reads the stored prompts again, in this isolate; what began to read before is not cached. */
export function forgetServedPrompts(): void {
  newestRead = reads;
  if (cached) cached.checkedAt = -Infinity;
}

async function servedLibrary(bundled: readonly Prompt[], synced: readonly Prompt[]): Promise<ServedPrompts> {
  // With the parser of templates, which nothing else at start-up needs.
  const { promptLibrary } = await import("../../domain/prompts/render-prompt.ts");
  const names = new Set(synced.map(({ name }) => name));
  return { ...promptLibrary(mergePrompts(bundled, synced)), isSynced: (name) => names.has(name) };
}

let deployed: readonly Prompt[] | undefined;

/** Those of the deployment, which scripts/bundle-prompts.ts has checked. */
async function deployedPrompts(): Promise<readonly Prompt[]> {
  deployed ??= (await import("../../../out/prompts.json")).default as Prompt[];
  return deployed;
}

/** Those of the deployment; of `npm start`, as the files are now. */
export const bundledPrompts = (config: Pick<Config, "LOCAL_PROMPTS">) => readBundled(config, undefined);

async function readBundled(
  { LOCAL_PROMPTS: address }: Pick<Config, "LOCAL_PROMPTS">,
  last: readonly Prompt[] | undefined,
): Promise<readonly Prompt[]> {
  if (address === undefined) return deployedPrompts();
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) });
    const prompts = z.array(Prompt).parse(await response.json());
    return last && JSON.stringify(last) === JSON.stringify(prompts) ? last : prompts;
  } catch (thrown) {
    log.warn("prompts: not read from the local stack", { error: errorText(thrown) });
    return last ?? deployedPrompts();
  }
}

/** A row that was deleted and made again counts its versions from the start. */
export const storedVersion = sql<string>`concat(${promptSyncs.version}, ' ', ${promptSyncs.commit})`;

/** `null` where they are those of `known`, or cannot be read. */
async function readStored(
  env: Pick<Env, "TENANTS">,
  config: DatabaseConfig,
  source: string,
  known: string | null,
): Promise<{ version: string; synced: Prompt[] } | null> {
  try {
    const rows = await withTimeout(
      READ_TIMEOUT_MS,
      withPrimary(config, (db) =>
        db
          .select({
            version: storedVersion,
            prompts: sql<unknown>`case when ${storedVersion} is distinct from ${known}::text then ${promptSyncs.prompts} end`,
          })
          .from(promptSyncs)
          .where(eq(promptSyncs.repository, source)),
      ),
    );
    const [row] = rows;
    if (!row || row.version === known) return null;
    return { version: row.version, synced: z.array(Prompt).parse(row.prompts) };
  } catch (thrown) {
    log.warn("prompts: the synced ones were not read", { error: errorText(thrown) });
    const copy = known === null ? await readKvCopy(env, source) : null;
    return copy && { version: copy.version, synced: copy.prompts };
  }
}
