/** How the deployment is doing, as far as it can tell: `GET /api/status`. */
import { z } from "zod";
import { whole, withDefault } from "./parameters.ts";

const count = z.number().int();

export const StatusQuery = z.object({
  maxAge: withDefault(whole(0, 60).default(0)).describe("An answer that is this many seconds old will do."),
});

export const Status = z.object({
  now: z.iso.datetime(),
  state: z
    .enum(["ok", "late", "failing"])
    .describe(
      "`late`: recording is behind; `failing`: the database is out of reach or exchanges cannot be stored.",
    ),
  database: z.object({
    reachable: z.boolean(),
    latencyMs: z.number().nullable().describe("One small query, there and back."),
  }),
  journal: z
    .object({
      reachable: z.boolean(),
      entries: count.nullable().describe("Exchanges recorded and not yet stored, running ones included."),
      isMore: z.boolean().describe("There are more than were counted."),
      ended: count.nullable().describe("Of these, the ones whose answer is complete."),
      oldestAgeMs: count.nullable().describe("Age of the oldest that has ended; null when there is none."),
      bytes: count.nullable(),
    })
    .describe("The journal holds every exchange until it is in the database."),
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
    .describe(
      "Exchanges that could not be stored and are tried again; null when the database is out of reach.",
    ),
  inFlight: count.nullable().describe("Exchanges under way; null when that is not known just now."),
  linking: z
    .object({
      continuations: count.describe("Requests that continue something."),
      orphans: count.describe("Those of them whose predecessor was not found."),
      linkedShare: z.number().nullable().describe("Of 1; null without continuations."),
    })
    .nullable()
    .describe("Of conversations active in the last 7 days; `/api/quality/linking` has more."),
  searchWaiting: count
    .nullable()
    .describe(
      "Messages not searchable yet, counted up to 10,000; the index follows ingest when there is time.",
    ),
  counters: z
    .record(z.string(), count)
    .nullable()
    .describe("Of the last 24 hours: things counted, not stored (refused, unrecorded, …)."),
  unrecorded: count
    .nullable()
    .describe("Exchanges of the last 24 hours whose bodies were lost because R2 did not take them."),
  lastErrors: z
    .array(
      z.object({
        requestId: z.string(),
        domain: z.string(),
        timestamp: z.iso.datetime(),
        responseStatus: count.nullable(),
        outcome: z.string(),
        error: z.string().nullable(),
      }),
    )
    .nullable()
    .describe("The newest exchanges of the last 24 hours that ended badly."),
  newestRequestAt: z.iso.datetime().nullable().describe("When the newest stored exchange began."),
  versions: z.object({
    nexus: z.string(),
    migrations: count.nullable().describe("Database migrations applied; null when that cannot be seen."),
    database: z.string().nullable(),
  }),
});
export type Status = z.infer<typeof Status>;
