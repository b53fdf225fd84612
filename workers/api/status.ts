/** `/api/status`: whether recording works. Returns 200 while parts are unavailable. */
import { createRoute } from "@hono/zod-openapi";
import { VERSION } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { JOURNAL_FORMAT } from "../schemas/exchange.ts";
import { Status, StatusQuery } from "../schemas/api/status.ts";
import { readDatabaseStatus, readJournalStatus } from "../store/admin/status.ts";
import { readSyncStatus } from "../store/prompts/status.ts";
import { checkProjection } from "../store/tenants/projection.ts";
import { readSealing } from "../store/tenants/sealing.ts";
import { withTimeout } from "../runtime/timeout.ts";
import { newRoutes } from "./http/context.ts";
import { json, errorResponses } from "./http/openapi.ts";
import { readInFlight } from "./requests/live.ts";

/** Exchanges are normally stored within 10 s, after a sweep within a minute. An older one is reported as `late`. */
const INGEST_GRACE_MS = 120_000;
/** A part that takes longer is reported as unreachable, because the page is most needed during an outage. */
const PART_TIMEOUT_MS = 5_000;

const status = createRoute({
  method: "get",
  path: "/api/status",
  tags: ["Status"],
  summary: "Backlog, failures, last errors, versions",
  request: { query: StatusQuery },
  responses: { 200: json("The state.", Status), ...errorResponses },
});

/** The last response of this isolate. */
let cached: { at: number; body: Status } | null = null;

export const statusRoutes = newRoutes().openapi(status, async (c) => {
  const now = new Date();
  const { maxAge } = c.req.valid("query");
  // A clock that was set back makes the age negative.
  const ageMs = cached ? now.getTime() - cached.at : -1;
  if (cached && ageMs >= 0 && ageMs < maxAge * 1_000) return c.json(cached.body, 200);
  const started = performance.now();
  const checking = orNull("edge", checkProjection(c.get("config"), c.env, now.getTime()));
  const [inFlight, database, journal, promptSync, projection, sealing] = await Promise.all([
    readInFlight(c.env),
    orNull("database", readDatabaseStatus(c.get("config"), now)),
    orNull("journal", readJournalStatus(c.env, now)),
    orNull("prompts", readSyncStatus(c.get("config"), now.getTime())),
    checking,
    checking.then((checked) => {
      const sealedWith = checked && !checked.edge.isMore ? checked.sealedWith : null;
      return orNull("sealing", readSealing(c.get("config"), c.env, sealedWith));
    }),
  ]);
  const body: Status = {
    now: now.toISOString(),
    state: stateOf(database, journal, projection?.edge ?? null, sealing),
    database: {
      reachable: database !== null,
      latencyMs: database ? Math.round(performance.now() - started) : null,
    },
    journal: journal
      ? { reachable: true, ...journal }
      : { reachable: false, entries: null, ended: null, bytes: null, oldestAgeMs: null, isMore: false },
    ingestFailures: database?.ingestFailures ?? null,
    inFlight: inFlight?.count ?? null,
    linking: database?.linking ?? null,
    searchWaiting: database?.searchWaiting ?? null,
    counters: database?.counters ?? null,
    unrecorded: database?.unrecorded ?? null,
    unread: database?.unread ?? null,
    models: database?.models ?? null,
    edge: projection?.edge ?? null,
    sealing,
    partitions: database?.partitions ?? null,
    promptSync: promptSync && {
      status: promptSync.status,
      error: promptSync.error?.message ?? null,
      problems: promptSync.problems.filter(({ severity }) => severity === "error").length,
      lastSuccessAt: promptSync.lastSuccessAt,
    },
    lastErrors: database?.lastErrors ?? null,
    newestRequestAt: database?.newestRequestAt ?? null,
    versions: {
      nexus: VERSION,
      migrations: database?.migrations ?? null,
      schema: database?.schema ?? null,
      journal: JOURNAL_FORMAT,
      database: database?.version ?? null,
    },
  };
  cached = { at: now.getTime(), body };
  return c.json(body, 200);
});

type DatabaseStatus = Awaited<ReturnType<typeof readDatabaseStatus>>;
type JournalStatus = Awaited<ReturnType<typeof readJournalStatus>>;

function stateOf(
  database: DatabaseStatus | null,
  journal: JournalStatus | null,
  edge: Status["edge"],
  sealing: Status["sealing"],
): Status["state"] {
  if (!database || !journal || (database.ingestFailures?.count ?? 0) > 0) return "failing";
  if (edge && edge.missing + edge.stale + edge.extra > 0) return "failing";
  if (sealing?.keys.some(({ state }) => state === "missing")) return "failing";
  return (journal.oldestAgeMs ?? 0) > INGEST_GRACE_MS ? "late" : "ok";
}

/** The result, or null when it failed or timed out. */
async function orNull<T>(part: string, promise: Promise<T>): Promise<T | null> {
  try {
    return await withTimeout(PART_TIMEOUT_MS, promise);
  } catch (thrown) {
    log.error("status: part unavailable", { part, error: errorText(thrown) });
    return null;
  }
}
