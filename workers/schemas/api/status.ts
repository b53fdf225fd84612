/** The health of the deployment: `GET /api/status`. */
import { z } from "zod";
import { PromptSyncStatus } from "./prompts.ts";
import { whole, withDefault } from "./parameters.ts";

const count = z.number().int();

export const StatusQuery = z.object({
  maxAge: withDefault(whole(0, 60).default(0)).describe("Maximum age of a cached response, in seconds."),
});

export const Status = z.object({
  now: z.iso.datetime(),
  state: z
    .enum(["ok", "late", "failing"])
    .describe(
      "`late`: ingest is behind; `failing`: the database is unavailable, exchanges cannot be stored, KV differs from the database, or secrets cannot be opened.",
    ),
  database: z.object({
    reachable: z.boolean(),
    latencyMs: z.number().nullable().describe("Round trip of the status queries."),
  }),
  journal: z
    .object({
      reachable: z.boolean(),
      entries: count.nullable().describe("Exchanges recorded and not stored yet, including those in flight."),
      isMore: z.boolean().describe("There are more than were counted."),
      ended: count.nullable().describe("Those whose response has ended."),
      oldestAgeMs: count.nullable().describe("Age of the oldest that has ended; null if there is none."),
      bytes: count.nullable(),
    })
    .describe("The journal keeps every exchange until it is in the database."),
  ingestFailures: z
    .object({
      count,
      newest: z.array(
        z.object({
          exchangeId: z.string(),
          domain: z.string(),
          error: z.string(),
          attempts: count,
          firstAt: z.iso.datetime(),
          lastAt: z.iso.datetime(),
        }),
      ),
    })
    .nullable()
    .describe("Exchanges that could not be stored and are retried; null if the database is unavailable."),
  inFlight: count.nullable().describe("Exchanges in flight; null if unknown."),
  linking: z
    .object({
      continuations: count.describe("Requests that continue another."),
      orphans: count.describe("Continuations whose predecessor was not found."),
      linkedShare: z.number().nullable().describe("0 to 1; null without continuations."),
    })
    .nullable()
    .describe("Of conversations active in the last 7 days; `/api/quality/linking` has more."),
  searchWaiting: count.nullable().describe("Messages not indexed for search yet, counted up to 10,000."),
  counters: z
    .record(z.string(), count)
    .nullable()
    .describe("Events of the last 24 hours that are counted but not stored (refused, unrecorded, …)."),
  unrecorded: count
    .nullable()
    .describe("Exchanges of the last 24 hours whose bodies were lost because R2 failed."),
  unread: count
    .nullable()
    .describe("Exchanges of the last 24 hours with a body that was kept without being read as a whole."),
  models: z
    .object({
      withoutPrice: z.array(z.string()).describe("Their requests are unpriced."),
      withoutWindow: z.array(z.string()).describe("Their context window is inferred."),
    })
    .nullable()
    .describe("Models in the traffic of the last 7 days that the tables of prices and context windows lack."),
  edge: z
    .object({
      checked: count.describe("Entries compared, up to some thousand."),
      missing: count.describe("Domains and valid client keys without an entry: they get 401."),
      stale: count.describe("Entries that differ from the database."),
      extra: count.describe("Entries without a domain or valid client key: removed ones still work."),
      isMore: z.boolean().describe("There are more entries than were compared."),
    })
    .nullable()
    .describe(
      "KV, from which the proxy serves domains and client keys, compared with the database; changes of the last two minutes are left out. `npx nexus project` repairs it, cron does every hour. Null if KV or the database is unavailable.",
    ),
  sealing: z
    .object({
      keys: z.array(
        z.object({
          id: z.string(),
          state: z
            .enum(["current", "needed", "unused", "unknown", "missing"])
            .describe(
              "`current`: the first of CREDENTIAL_KEYS, which seals; `needed`: an older one that still opens `fields`, until `npx nexus reseal`; `unused`: it may be removed from CREDENTIAL_KEYS; `unknown`: not everything could be counted; `missing`: not in CREDENTIAL_KEYS, so `fields` cannot be opened.",
            ),
          fields: z.record(z.string(), count).describe("What it has sealed, by where it is stored."),
        }),
      ),
    })
    .nullable()
    .describe("Which keys of CREDENTIAL_KEYS are needed; null if the database or a login is unavailable."),
  partitions: z
    .object({
      until: z.iso.datetime().describe("Until then, exchanges have a partition of their month."),
      rowsInDefault: count.describe(
        "Exchanges in the default partition, which takes those without a month's partition; counted up to 1,000.",
      ),
    })
    .nullable()
    .describe("The monthly partitions of the table `requests`; null if the database is unavailable."),
  promptSync: z
    .object({
      status: PromptSyncStatus.shape.status,
      error: z.string().nullable().describe("Why the last try failed."),
      problems: count.describe("Files with an error."),
      lastSuccessAt: z.iso.datetime().nullable(),
    })
    .nullable()
    .describe("The sync of prompts, as `/api/mcp/sync/status` has it; null if the database is unavailable."),
  lastErrors: z
    .array(
      z.object({
        requestId: z.string(),
        domain: z.string(),
        timestamp: z.iso.datetime(),
        responseStatus: count.nullable(),
        outcome: z.string(),
        failed: z.boolean(),
        errorType: z.string().nullable(),
        error: z.string().nullable(),
      }),
    )
    .nullable()
    .describe("The newest failed exchanges of the last 24 hours."),
  newestRequestAt: z.iso.datetime().nullable().describe("When the newest stored exchange started."),
  versions: z.object({
    nexus: z.string(),
    migrations: count.nullable().describe("Applied database migrations; null if not readable."),
    schema: count
      .nullable()
      .describe(
        "The newest applied migration by its `when` in drizzle/migrations/meta/_journal.json; null if not readable.",
      ),
    journal: count.describe("Format of the entries that are written to the journal."),
    database: z.string().nullable(),
  }),
});
export type Status = z.infer<typeof Status>;
