/** What the pages read of the API's answers: the API's own types, and nothing written twice. */
import type { z } from "zod";
import type { AuditList as AuditListSchema } from "../../../workers/schemas/api/audit.ts";
import type {
  DomainList as DomainListSchema,
  NewClientKey,
  SlackTest,
} from "../../../workers/schemas/api/domains.ts";
import type { RequestList as RequestListSchema } from "../../../workers/schemas/api/requests.ts";

export type { DomainDetail } from "../../../workers/schemas/api/domains.ts";
export type { RequestDetail, RequestRow, StreamingChunk } from "../../../workers/schemas/api/requests.ts";
export type AuditList = z.infer<typeof AuditListSchema>;
export type DomainList = z.infer<typeof DomainListSchema>;
export type MadeKey = z.infer<typeof NewClientKey>;
export type SlackTestOutcome = z.infer<typeof SlackTest>;
export type RequestList = z.infer<typeof RequestListSchema>;
