/** Linking stored requests again, one batch per call: `POST /api/relink`. */
import { z } from "zod";
import { DryRun, text, time, uuid, wholeInBody } from "./parameters.ts";

export const RelinkInput = z.strictObject({
  domain: text(255, "a domain's name").toLowerCase(),
  since: time().optional().describe("Only requests from this time on; default: all."),
  cursor: uuid().optional().describe("The `nextCursor` of the previous batch."),
  limit: wholeInBody(1, 200).default(50).describe("Maximum requests per batch."),
  dryRun: DryRun,
});

export const LinkPosition = z.object({
  conversationId: z.string().nullable(),
  branchId: z.string().nullable(),
  parentRequestId: z.string().nullable(),
  parentTaskRequestId: z.string().nullable(),
  linkKind: z.string().nullable(),
});
export type LinkPosition = z.infer<typeof LinkPosition>;

export const RelinkResult = z.object({
  domain: z.string(),
  checked: z.number().int().describe("Requests checked in this batch."),
  remaining: z.number().int().describe("Requests after this batch."),
  changed: z.number().int().describe("Requests whose link changed, including those that followed others."),
  changes: z
    .array(z.object({ requestId: z.string(), before: LinkPosition, after: LinkPosition }))
    .describe("The first twenty."),
  nextCursor: z.string().nullable().describe("Null after the last batch."),
});
export type RelinkResult = z.infer<typeof RelinkResult>;
