/** Makes the evidence of stored exchanges from their stored bodies: for responses that came late, and for relinking. */
import { requests } from "../../../drizzle/schema.ts";
import { splitBody } from "../../domain/content/split-body.ts";
import type { FullEvidence } from "../../domain/linking/evidence/evidence.ts";
import { linkableRequest, requestEvidence } from "../../domain/linking/evidence/linkable-request.ts";
import { readAssistantMessage, readRequestBody, readRequestHeaders } from "../content/request-body.ts";
import type { WriterTransaction } from "../db/db.ts";
import { among } from "../db/sql.ts";

/** The evidence of these exchanges; there is none for those of no conversation. */
export async function readEvidence(
  tx: WriterTransaction,
  exchanges: readonly { id: string; startedAt: Date }[],
): Promise<FullEvidence[]> {
  if (exchanges.length === 0) return [];
  const rows = await tx.select().from(requests).where(among(exchanges));
  const made: FullEvidence[] = [];
  for (const row of rows) {
    // A body stored as sent, compressed, keeps the link that ingest made.
    if (row.endpoint !== "messages" || row.bodyKind === "bytes") continue;
    const body = row.bodyTruncated || row.bodyKind === "none" ? null : await readRequestBody(tx, row);
    const headers = (await readRequestHeaders(tx, row)) ?? {};
    const message = await readAssistantMessage(tx, row);
    const request = linkableRequest(headers, body && splitBody(body));
    const evidence = requestEvidence(row.id, request, { message, outcome: row.outcome });
    if (evidence) made.push(evidence);
  }
  return made;
}
