/** Linking history again, one batch at a time: what is asked and what came of it. */
import { z } from "zod";
import { text, time, uuid } from "./parameters.ts";

export const RelinkInput = z.strictObject({
  domain: text(255, "a domain's name").toLowerCase(),
  since: time().optional().describe("Only requests from this time on; default: all."),
  cursor: uuid().optional().describe("The `nextCursor` of the batch before."),
  limit: z
    .number({ error: "a whole number from 1 to 200" })
    .int({ error: "a whole number from 1 to 200" })
    .min(1, { error: "a whole number from 1 to 200" })
    .max(200, { error: "a whole number from 1 to 200" })
    .default(50)
    .describe("Requests of one batch."),
  dryRun: z
    .boolean({ error: "true or false" })
    .default(false)
    .describe("Say what would change, and change nothing."),
});

const LinkPosition = z.object({
  conversationId: z.string().nullable(),
  branchId: z.string().nullable(),
  parentRequestId: z.string().nullable(),
  parentTaskRequestId: z.string().nullable(),
  linkKind: z.string().nullable(),
});

export const RelinkResult = z.object({
  domain: z.string(),
  checked: z.number().int().describe("Requests looked at in this batch."),
  remaining: z.number().int().describe("Requests behind this batch."),
  changed: z.number().int().describe("Requests whose place changed, those that followed others among them."),
  changes: z
    .array(z.object({ requestId: z.string(), before: LinkPosition, after: LinkPosition }))
    .describe("The first twenty of them."),
  nextCursor: z.string().nullable().describe("Null when everything was looked at."),
});
export type RelinkResult = z.infer<typeof RelinkResult>;
