/** The audit log. */
import { z } from "zod";
import { CursorText, Limit, optional, text } from "./parameters.ts";

export const AuditQuery = z.object({
  actor: optional(text(300, "an actor")).describe("Only this actor."),
  action: optional(text(100, "an action such as domain.put")).describe("Only this action."),
  target: optional(text(300, "a target")).describe("Only entries about this target."),
  limit: Limit,
  cursor: CursorText,
});

export const AuditList = z.object({
  entries: z.array(
    z.object({
      id: z.string(),
      at: z.iso.datetime(),
      actor: z.string(),
      role: z.string(),
      action: z.string(),
      target: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
  nextCursor: z.string().nullable(),
});
export type AuditList = z.infer<typeof AuditList>;
