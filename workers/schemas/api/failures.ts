/** Failed exchanges of a period: by kind, status, domain, account and model, and over time. */
import { z } from "zod";
import { RefusedBy } from "../exchange.ts";
import { seriesBuckets } from "./overview.ts";
import {
  AccountFilter,
  DomainFilter,
  ModelFilter,
  optional,
  text,
  PeriodEnd,
  PeriodStart,
  TimeZone,
  whole,
  withDefault,
} from "./parameters.ts";

const count = z.number().int();

export const ErrorsQuery = z.object({
  from: PeriodStart,
  to: PeriodEnd,
  timeZone: TimeZone,
  domain: DomainFilter,
  accountId: AccountFilter,
  model: ModelFilter,
  errorType: optional(text(100, "an error's type such as overloaded_error")).describe("Only this type."),
  limit: withDefault(whole(1, 200).default(50)).describe(
    "Maximum number of kinds, domains, accounts and models, each.",
  ),
});

export const Errors = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  total: count.describe("Failed exchanges: the sum of each list but `models`, and of the series."),
  requests: count.describe("All exchanges of the period; `errorType` is ignored."),
  types: z
    .array(
      z.object({
        errorType: z.string().nullable().describe("As Claude or the proxy named it; null where unknown."),
        status: count.nullable().describe("Null: no response."),
        outcome: z.string(),
        refusedBy: RefusedBy,
        count,
        latest: z.object({
          requestId: z.string(),
          timestamp: z.iso.datetime(),
          domain: z.string(),
          model: z.string().nullable(),
          message: z.string().nullable(),
        }),
      }),
    )
    .describe("Kinds, most frequent first."),
  statuses: z.array(z.object({ status: count.nullable(), count })).describe("Most frequent first."),
  refusedBy: z
    .object({ upstream: count, nexus: count })
    .describe("Those with status 400 or above, by whose it is: upstream's or the proxy's."),
  domains: z.array(z.object({ domain: z.string(), count })),
  accounts: z.array(z.object({ accountId: z.string().nullable(), count })),
  models: z
    .array(z.object({ model: z.string().nullable(), count }))
    .describe("An exchange that used several models counts for each."),
  ...seriesBuckets,
  series: z
    .array(z.object({ time: z.iso.datetime(), count }))
    .describe("Every bucket of the period, including empty ones; the first and last may be partial."),
});
export type Errors = z.infer<typeof Errors>;
