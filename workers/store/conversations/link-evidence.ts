/** Makes the evidence of stored exchanges from their stored bodies: for responses that came late, and for relinking. */
import { requests } from "../../../drizzle/schema.ts";
import { PrefixCache } from "../../domain/content/prefix-cache.ts";
import { splitInSteps } from "../../domain/content/split-body.ts";
import type { FullEvidence } from "../../domain/linking/evidence/evidence.ts";
import { linkableRequest, requestEvidence } from "../../domain/linking/evidence/linkable-request.ts";
import { inTurns } from "../../runtime/next-turn.ts";
import { headersIn, readStored } from "../content/request-body.ts";
import type { WriterTransaction } from "../db/db.ts";
import { among } from "../db/sql.ts";
import { batches } from "../db/statement-batches.ts";

/** Neighbouring requests share their history; they are read in batches of at most 4 MB of bodies. */
const PREFIX_CACHE_BYTES = 8 * 1_048_576;

/** The evidence of these exchanges; there is none for those of no conversation. */
export async function readEvidence(
  tx: WriterTransaction,
  exchanges: readonly { id: string; startedAt: Date }[],
): Promise<FullEvidence[]> {
  if (exchanges.length === 0) return [];
  const rows = await tx.select().from(requests).where(among(exchanges));
  const made: FullEvidence[] = [];
  // A body stored as sent, compressed, keeps the link that ingest made.
  const linkable = rows.filter(({ endpoint, bodyKind }) => endpoint === "messages" && bodyKind !== "bytes");
  const cache = new PrefixCache(PREFIX_CACHE_BYTES);
  for (const batch of batches(linkable, (row) => row.bodyBytes + row.responseBytes)) {
    const complete = batch.filter((row) => !row.bodyTruncated && row.bodyKind !== "none");
    const others = batch.flatMap((row) => [row.requestHeadersId, row.responseContentId]);
    const stored = await readStored(tx, complete, others);
    for (const row of batch) {
      const body = complete.includes(row) ? stored.bodyOf(row) : null;
      const headers = headersIn(stored.contentOf(row.requestHeadersId)) ?? {};
      const message = stored.contentOf(row.responseContentId);
      const request = linkableRequest(headers, body && (await inTurns(splitInSteps(body, cache))));
      const evidence = requestEvidence(row.id, request, { message, outcome: row.outcome });
      if (evidence) made.push(evidence);
    }
  }
  return made;
}
