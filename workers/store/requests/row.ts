/** One row of `requests` as lists show it: the columns to select, and the mapping to the API's names. */
import { domains, requests } from "../../../drizzle/schema.ts";
import { errorOf, hasFailed, refusedBy } from "../../domain/outcome.ts";
import { toCostBreakdown } from "../../domain/pricing/cost-breakdown.ts";
import { clientParts } from "../../domain/http/user-agent.ts";
import { unpackBill } from "../../domain/pricing/cost-codec.ts";
import { RequestRow } from "../../schemas/api/requests.ts";
import { CredentialType, Outcome } from "../../schemas/exchange.ts";
import { columnsNamed } from "../db/columns.ts";
import { formatUsd } from "../../domain/pricing/usd.ts";
import { totalTokensOrNull } from "../usage/totals.ts";

/**
 * For a select that joins `domains`: the columns that RequestRow shows under their own names, and those it renames. No body,
 * no header, no hash: a row is about 1 KB.
 */
export const REQUEST_ROW_COLUMNS = {
  ...columnsNamed(requests, [
    ...RequestRow.keyof().options,
    "id",
    "startedAt",
    "status",
    "errorMessage",
    "costPico",
    "bodyBytes",
    "client",
  ]),
  domain: domains.name,
};

type Stored = typeof requests.$inferSelect;
type Selected = Pick<Stored, keyof typeof REQUEST_ROW_COLUMNS & keyof Stored> & { domain: string };

/** The row under the names of the API; also the data of a live event about a stored exchange. */
export function toRequestRow(row: Selected): RequestRow {
  const { id, startedAt, status, errorMessage, costPico, bodyBytes, client, ...same } = row;
  const bill = unpackBill(row.costBreakdown);
  return {
    ...same,
    requestId: id,
    ...clientParts(client),
    credentialType: CredentialType.parse(row.credentialType),
    timestamp: startedAt.toISOString(),
    responseStatus: status,
    outcome: Outcome.parse(row.outcome),
    failed: hasFailed(row),
    refusedBy: refusedBy(row),
    error: errorOf({ ...row, errorMessage }),
    totalTokens: totalTokensOrNull(row),
    costUsd: costPico === null ? null : formatUsd(costPico),
    costBreakdown: bill && toCostBreakdown(bill),
    requestBytes: bodyBytes,
  };
}
