/** Adds words to the full-text index beside ingest: soon when little is going on, later otherwise. Never fails its caller. */
import type { Config } from "../config.ts";
import { errorText, log } from "../log.ts";
import { indexWaiting } from "../store/search-index.ts";

/** A fuller batch means that more is waiting: then storing comes first, and cron or a later batch does the index. */
const LIGHT_BATCH = 20;
/** The next batch need not wait longer than this for the database. */
const MAX_MS_AFTER_BATCH = 3_000;
/** Of each minute, whatever is going on: the index falls behind under load, but never for ever. */
const MAX_MS_BY_CRON = 6_000;

/** After a batch of so many exchanges was stored. */
export async function indexAfterBatch(config: Config, exchanges: number): Promise<void> {
  if (exchanges <= LIGHT_BATCH) await index(config, MAX_MS_AFTER_BATCH);
}

export async function indexByCron(config: Config): Promise<void> {
  await index(config, MAX_MS_BY_CRON);
}

async function index(config: Config, maxMs: number): Promise<void> {
  try {
    await indexWaiting(config, maxMs);
  } catch (thrown) {
    log.warn("search: the index waits", { error: errorText(thrown) });
  }
}
