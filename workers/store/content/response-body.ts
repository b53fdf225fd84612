/** Writes raw response bytes, one row per exchange. Called by requests/write.ts; request-body.ts reads them. */
import { and, eq, sql } from "drizzle-orm";
import { responseBodies } from "../../../drizzle/schema.ts";
import { inTurns } from "../../runtime/next-turn.ts";
import { encodeAll } from "./compression.ts";
import { MAX_STATEMENT_BYTES, batches } from "../db/statement-batches.ts";
import type { WriterTransaction } from "../db/db.ts";

export interface ResponseBody {
  requestId: string;
  startedAt: Date;
  bytes: Uint8Array;
  /** See StorableResponse. */
  timing: Uint8Array | null;
}

/** Stores response bodies; a stored one of the same exchange is replaced. */
export async function putResponseBodies(
  tx: WriterTransaction,
  bodies: readonly ResponseBody[],
): Promise<void> {
  for (const batch of batches(bodies, ({ bytes }) => bytes.length)) {
    const encoded = await inTurns(encodeAll(batch));
    const rows = encoded.map(({ bytes, ...row }) => ({ ...row, size: bytes.length }));
    await tx
      .insert(responseBodies)
      .values(rows.map((row) => ({ ...row, data: row.data.subarray(0, MAX_STATEMENT_BYTES) })))
      .onConflictDoUpdate({
        target: [responseBodies.requestId, responseBodies.startedAt],
        set: {
          size: sql`excluded.size`,
          coding: sql`excluded.coding`,
          data: sql`excluded.data`,
          timing: sql`excluded.timing`,
        },
      });
    for (const { requestId, startedAt, data } of rows)
      for (let at = MAX_STATEMENT_BYTES; at < data.length; at += MAX_STATEMENT_BYTES)
        await tx
          .update(responseBodies)
          .set({ data: sql`${responseBodies.data} || ${data.subarray(at, at + MAX_STATEMENT_BYTES)}` })
          .where(and(eq(responseBodies.requestId, requestId), eq(responseBodies.startedAt, startedAt)));
  }
}
