/**
 * Evidence of exchanges that are stored already, made anew from what is stored of them: for answers that came late, and when
 * history is linked again. Called by exchanges.ts and relinking.ts.
 */
import { and, gte, inArray, lte } from "drizzle-orm";
import { requests } from "../../../drizzle/schema.ts";
import { splitBody } from "../../domain/content/split-body.ts";
import type { FullEvidence } from "../../domain/linking/evidence.ts";
import { linkableRequest, requestEvidence } from "../../domain/linking/linkable-request.ts";
import { readAssistantMessage, readRequestBody, readRequestHeaders } from "../content/request-body.ts";
import type { WriterTransaction } from "../db/db.ts";

/** Their evidence; of those that are part of no conversation there is none. */
export async function readEvidence(
  tx: WriterTransaction,
  exchanges: readonly { id: string; startedAt: Date }[],
): Promise<FullEvidence[]> {
  if (exchanges.length === 0) return [];
  const times = exchanges.map(({ startedAt }) => startedAt.getTime());
  const rows = await tx
    .select()
    .from(requests)
    .where(
      and(
        inArray(
          requests.id,
          exchanges.map(({ id }) => id),
        ),
        gte(requests.startedAt, new Date(Math.min(...times))),
        lte(requests.startedAt, new Date(Math.max(...times))),
      ),
    );
  const made: FullEvidence[] = [];
  for (const row of rows) {
    // What is stored as it was sent, compressed, stays linked as ingest did it.
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
