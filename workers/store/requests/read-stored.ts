/** Rows just stored, as lists show them: the data of live events. Called by ingest. */
import { asc, eq } from "drizzle-orm";
import { domains, requests } from "../../../drizzle/schema.ts";
import type { RequestRow } from "../../schemas/api/requests.ts";
import type { Writer } from "../db/db.ts";
import { among } from "../db/sql.ts";
import { toRequestRow, REQUEST_ROW_COLUMNS } from "./row.ts";

/** The rows of these exchanges, oldest first; those not stored are missing. */
export async function readStoredRows(
  db: Writer,
  exchanges: readonly { id: string; startedAt: Date }[],
): Promise<RequestRow[]> {
  if (exchanges.length === 0) return [];
  const rows = await db
    .select(REQUEST_ROW_COLUMNS)
    .from(requests)
    .innerJoin(domains, eq(domains.id, requests.domainId))
    .where(among(exchanges))
    .orderBy(asc(requests.startedAt), asc(requests.id));
  return rows.map(toRequestRow);
}
