/** How the deployment is configured, and what waits to be told in Slack. */
import { z } from "zod";

const count = z.number().int();

export const Environment = z.object({
  variables: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().nullable().describe("Null where it is not set, or may be a secret."),
        isSet: z.boolean(),
        isDefault: z.boolean(),
        description: z.string(),
      }),
    )
    .describe("By name."),
});
export type Environment = z.infer<typeof Environment>;

export const PendingAlerts = z.object({
  waiting: count.describe("Alerts that Slack has not taken yet."),
  oldestAt: z.iso.datetime().nullable().describe("When the oldest of them was raised."),
  nextAt: z.iso.datetime().nullable().describe("When the next try is due."),
  outboxes: z
    .array(
      z.object({
        kind: z.enum(["deployment", "domain", "account"]),
        name: z.string().describe("Of the domain or account; empty for the deployment."),
        waiting: count,
        attempts: count.describe("Tries of the one that was tried most often."),
        lastProblem: z
          .string()
          .nullable()
          .describe("Why Slack did not take the last one that it did not take."),
      }),
    )
    .describe("Those with something waiting, or with a problem since their last success; the fullest first."),
  unanswered: count.describe("Outboxes that could not be asked."),
  isMore: z.boolean().describe("There are more domains and accounts than were asked."),
});
export type PendingAlerts = z.infer<typeof PendingAlerts>;
