/**
 * Exchanges into Postgres: rows of `requests` with their contents, chains, response bytes and rollups. Called by ingest,
 * inside a transaction, for exchanges of one domain. Idempotent by exchange id: whatever is delivered again, late, twice
 * at once or out of order, there is one row, and the rollups count it once.
 *
 * A row may be stored before its answer is known (outcome "interrupted": the isolate seemed to have died) or without its
 * bodies ("unrecorded"). When the answer turns up after all, the row is completed and the rollups follow.
 */
import { and, eq, gte, inArray, lte, sql } from "drizzle-orm";
import { domains, requests } from "../../drizzle/schema.ts";
import type { ChainElement } from "../domain/content.ts";
import { addressKey, type Content, type ContentIds, putContents } from "./content.ts";
import { findPrefixes, putChains } from "./content-chains.ts";
import type { Writer, WriterTransaction } from "./db.ts";
import { putResponseBodies } from "./exchanges-bodies.ts";
import { SUMMED_COLUMNS, type SummedRow, sumUp } from "./rollups.ts";

type Row = typeof requests.$inferInsert;

/** What a row has from its request. */
export type RequestColumns = Pick<
  Row,
  | "accountId"
  | "credentialType"
  | "clientKeyId"
  | "sessionId"
  | "agentId"
  | "parentAgentId"
  | "method"
  | "path"
  | "query"
  | "endpoint"
  | "requestType"
  | "model"
  | "stream"
  | "bodyKind"
  | "bodyBytes"
  | "bodySha256"
  | "bodyTruncated"
  | "bodyMasked"
  | "messageCount"
>;

/** What a row has from its answer. */
export type ResponseColumns = Pick<
  Row,
  | "status"
  | "outcome"
  | "modelServed"
  | "errorType"
  | "errorMessage"
  | "stopReason"
  | "inputTokens"
  | "outputTokens"
  | "cacheReadInputTokens"
  | "cacheCreationInputTokens"
  | "cacheCreation5mInputTokens"
  | "cacheCreation1hInputTokens"
  | "thinkingTokens"
  | "serverToolUse"
  | "usage"
  | "usagePartial"
  | "toolCalls"
  | "toolCallCount"
  | "timeToFirstByteMs"
  | "durationMs"
  | "upstreamRequestId"
  | "responseHeaders"
  | "responseBytes"
  | "responseTruncated"
>;

export interface StorableRequest {
  domain: string;
  columns: RequestColumns;
  /** The allow-listed headers as one content; most requests of a client share it. */
  headers: Content;
  /** Null when nothing of the body is kept. */
  body: {
    skeleton: Content;
    messages: readonly ChainElement[];
    system: readonly ChainElement[];
    tools: readonly ChainElement[];
  } | null;
}

export interface StorableResponse {
  columns: ResponseColumns;
  /** Those of the allow-listed headers that come again; the others are in the columns. */
  headers: Content;
  /** The answer's `anthropic-organization-id`: the account of a passthrough exchange. */
  organizationId: string | null;
  /** The assembled answer message as a history element. */
  answer: Content | null;
  /** Null when nothing of it is kept. */
  body: Uint8Array | null;
}

/** An exchange as ingest read it. At least one half is there. */
export interface StorableExchange {
  id: string;
  startedAt: Date;
  /** Null when only the answer is (still) in the journal: then the row is expected to be stored already. */
  request: StorableRequest | null;
  /** Null when the end was not seen. */
  response: StorableResponse | null;
}

/** What became of the exchanges, by id. */
export interface StoredExchanges {
  inserted: string[];
  completed: string[];
  /** Stored before; nothing was changed. */
  known: string[];
  /** An answer without request, in the journal or here: cannot be stored. */
  orphaned: string[];
}

/** First key of the advisory locks that serialise the writers of one domain; the second is the domain's id. */
const DOMAIN_LOCK = 7_263_116;

/** Stores exchanges of one domain, each id at most once in `exchanges`. */
export async function storeExchanges(
  tx: WriterTransaction,
  domain: string,
  exchanges: readonly StorableExchange[],
): Promise<StoredExchanges> {
  const domainId = await lockDomain(tx, domain);
  const stored = await findStored(tx, exchanges);
  const fresh: (StorableExchange & { request: StorableRequest })[] = [];
  const late: { exchange: StorableExchange; response: StorableResponse; row: StoredRow }[] = [];
  const result: StoredExchanges = { inserted: [], completed: [], known: [], orphaned: [] };
  for (const exchange of exchanges) {
    const { id, request, response } = exchange;
    const row = stored.get(id);
    if (row && response && isBetter(response.columns.outcome, row.outcome))
      late.push({ exchange, response, row });
    else if (row) result.known.push(id);
    else if (request) fresh.push({ ...exchange, request });
    else result.orphaned.push(id);
  }
  if (fresh.length + late.length === 0) return result;

  const chains = fresh.flatMap(({ request: { body } }) =>
    body ? [body.messages, body.system, body.tools] : [[], [], []],
  );
  const prefixes = await findPrefixes(tx, domainId, chains);
  const contentIds = await putContents(tx, domainId, [
    ...chains.flatMap((chain, n) =>
      chain
        .slice(prefixes[n]!.length)
        .map(({ content, contentSha256 }) => ({ bytes: content, sha256: contentSha256 })),
    ),
    ...fresh.flatMap(({ request: { body, headers } }) => (body ? [body.skeleton, headers] : [headers])),
    ...[...fresh, ...late].flatMap(({ response }) => {
      if (!response) return [];
      return response.answer ? [response.headers, response.answer] : [response.headers];
    }),
  ]);
  const nodeIds = await putChains(tx, domainId, chains, prefixes, contentIds);

  const rows = fresh.map((exchange, n) => ({
    id: exchange.id,
    startedAt: exchange.startedAt,
    domainId,
    ...exchange.request.columns,
    ...(exchange.response?.columns ?? interrupted(exchange.request.columns)),
    accountId: exchange.request.columns.accountId ?? exchange.response?.organizationId ?? domain,
    requestHeadersId: idOf(contentIds, exchange.request.headers),
    responseHeadersId: idOf(contentIds, exchange.response?.headers),
    bodyContentId: idOf(contentIds, exchange.request.body?.skeleton),
    messagesNodeId: nodeIds[3 * n],
    systemNodeId: nodeIds[3 * n + 1],
    toolsNodeId: nodeIds[3 * n + 2],
    responseContentId: idOf(contentIds, exchange.response?.answer),
  }));
  const inserted = await insertRows(tx, rows);
  const completed: SummedRow[] = [];
  for (const { exchange, response, row } of late)
    completed.push(await completeRow(tx, domain, exchange, response, row, contentIds));

  await putResponseBodies(
    tx,
    [...fresh.filter(({ id }) => inserted.has(id)), ...late.map(({ exchange }) => exchange)].flatMap(
      ({ id, startedAt, response }) =>
        response?.body ? [{ requestId: id, startedAt, bytes: response.body }] : [],
    ),
  );
  await sumUp(tx, {
    added: [...rows.filter(({ id }) => inserted.has(id)), ...completed],
    removed: late.map(({ row }) => row),
  });
  for (const { id } of fresh) (inserted.has(id) ? result.inserted : result.known).push(id);
  result.completed = late.map(({ exchange }) => exchange.id);
  return result;
}

/** Of an exchange whose end was not seen nothing is known but that; a message may have cost tokens. */
function interrupted({ endpoint }: RequestColumns): ResponseColumns {
  return { outcome: "interrupted", responseBytes: 0, usagePartial: endpoint === "messages" };
}

/** An answer that is known beats one that is not, and a recorded one beats one whose bytes are lost. */
function isBetter(outcome: string, than: string): boolean {
  const rank = (each: string) => (each === "interrupted" ? 0 : each === "unrecorded" ? 1 : 2);
  return rank(outcome) > rank(than);
}

function idOf(ids: ContentIds, content: Content | null | undefined): bigint | undefined {
  return content ? ids.get(addressKey(content.sha256)) : undefined;
}

/** The domain's id; until the end of the transaction nobody else writes exchanges of this domain. */
async function lockDomain(tx: WriterTransaction, domain: string): Promise<number> {
  const lock = tx
    .select({ id: domains.id, lock: sql`pg_advisory_xact_lock(${DOMAIN_LOCK}::int, ${domains.id})` })
    .from(domains)
    .where(eq(domains.name, domain));
  let [locked] = await lock;
  if (!locked) {
    await tx.insert(domains).values({ name: domain }).onConflictDoNothing();
    [locked] = await lock;
  }
  return locked!.id;
}

type StoredRow = SummedRow & Pick<Row, "id" | "credentialType">;

async function findStored(
  tx: WriterTransaction,
  exchanges: readonly StorableExchange[],
): Promise<Map<string, StoredRow>> {
  const rows = await tx
    .select({ ...SUMMED_COLUMNS, id: requests.id, credentialType: requests.credentialType })
    .from(requests)
    .where(among(exchanges));
  return new Map(rows.map((row) => [row.id, row]));
}

/** The ids really inserted. */
async function insertRows(tx: WriterTransaction, rows: readonly Row[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const inserted = await tx
    .insert(requests)
    .values([...rows])
    .onConflictDoNothing()
    .returning({ id: requests.id });
  return new Set(inserted.map(({ id }) => id));
}

/** Gives a row its answer, and answers the row as the rollups see it. */
async function completeRow(
  tx: WriterTransaction,
  domain: string,
  { id, startedAt }: StorableExchange,
  { columns, headers, organizationId, answer }: StorableResponse,
  row: StoredRow,
  contentIds: ContentIds,
): Promise<SummedRow> {
  const isUnnamed = row.credentialType === "passthrough" && row.accountId === domain;
  const accountId = (isUnnamed ? organizationId : null) ?? row.accountId;
  await tx
    .update(requests)
    .set({
      ...columns,
      accountId,
      responseHeadersId: idOf(contentIds, headers),
      responseContentId: idOf(contentIds, answer) ?? null,
    })
    .where(and(eq(requests.id, id), eq(requests.startedAt, startedAt)));
  return { ...row, ...columns, accountId };
}

/** To which domains exchanges belong that are stored already, by exchange id. */
export async function domainsOfStored(
  db: Writer,
  exchanges: readonly Pick<StorableExchange, "id" | "startedAt">[],
): Promise<Map<string, string>> {
  if (exchanges.length === 0) return new Map();
  const rows = await db
    .select({ id: requests.id, domain: domains.name })
    .from(requests)
    .innerJoin(domains, eq(domains.id, requests.domainId))
    .where(among(exchanges));
  return new Map(rows.map(({ id, domain }) => [id, domain]));
}

function among(exchanges: readonly Pick<StorableExchange, "id" | "startedAt">[]) {
  const times = exchanges.map(({ startedAt }) => startedAt.getTime());
  const ids = exchanges.map(({ id }) => id);
  return and(
    inArray(requests.id, ids),
    // Says which partitions to look at.
    gte(requests.startedAt, new Date(Math.min(...times))),
    lte(requests.startedAt, new Date(Math.max(...times))),
  );
}
