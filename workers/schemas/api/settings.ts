/** The configuration of the deployment, and alerts not delivered to Slack yet. */
import { z } from "zod";

const count = z.number().int();

export const Environment = z.object({
  variables: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().nullable().describe("Null if it is not set or may be a secret."),
        isSet: z.boolean(),
        isDefault: z.boolean(),
        description: z.string(),
      }),
    )
    .describe("By name."),
});
export type Environment = z.infer<typeof Environment>;

export const PendingAlerts = z.object({
  waiting: count.describe("Alerts not delivered yet."),
  oldestAt: z.iso.datetime().nullable().describe("When the oldest was raised."),
  nextAt: z.iso.datetime().nullable().describe("When the next delivery is attempted."),
  outboxes: z
    .array(
      z.object({
        kind: z.enum(["deployment", "domain", "account"]),
        name: z.string().describe("The domain or account; empty for the deployment."),
        waiting: count,
        attempts: count.describe("Highest number of attempts of one alert."),
        lastProblem: z.string().nullable().describe("The error of the last failed delivery."),
      }),
    )
    .describe("Outboxes with pending alerts or a failure since their last success; most pending first."),
  unanswered: count.describe("Outboxes that could not be read."),
  isMore: z.boolean().describe("There are more outboxes than were read."),
});
export type PendingAlerts = z.infer<typeof PendingAlerts>;
