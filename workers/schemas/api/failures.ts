/** What went wrong in a period, as data: by kind, status, domain, account, model, and over time. */
import { z } from "zod";
import {
  AccountFilter,
  DomainFilter,
  ModelFilter,
  optional,
  text,
  time,
  whole,
  withDefault,
} from "./parameters.ts";

const count = z.number().int();

export const ErrorsQuery = z.object({
  from: optional(time()).describe("Start of the period; 24 hours before its end when left out."),
  to: optional(time()).describe("End of the period; now when left out."),
  domain: DomainFilter,
  accountId: AccountFilter,
  model: ModelFilter,
  errorType: optional(text(100, "an error's type such as overloaded_error")).describe("Only this type."),
  limit: withDefault(whole(1, 200).default(50)).describe(
    "Kinds, domains, accounts and models, of each the most.",
  ),
});

export const Errors = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  total: count.describe(
    "Answers with status 400 and above, exchanges without an answer, and answers that broke off or were interrupted.",
  ),
  requests: count.describe("Exchanges in the period, failed or not; of every type of error."),
  types: z
    .array(
      z.object({
        errorType: z
          .string()
          .nullable()
          .describe("As Claude or the proxy named it; null where nothing was said."),
        status: count.nullable().describe("Null: there was no answer."),
        outcome: z.string(),
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
    .describe("Kinds, the most frequent first."),
  statuses: z.array(z.object({ status: count.nullable(), count })).describe("The most frequent first."),
  domains: z.array(z.object({ domain: z.string(), count })),
  accounts: z.array(z.object({ accountId: z.string().nullable(), count })),
  models: z.array(z.object({ model: z.string().nullable(), count })),
  bucketMs: count.describe("Length of one bucket of the series: 5 minutes, an hour or a day (UTC)."),
  series: z
    .array(z.object({ time: z.iso.datetime(), count }))
    .describe("Every bucket of the period, empty ones included; the first and the last may be cut."),
});
export type Errors = z.infer<typeof Errors>;
