/**
 * Stores exchanges of one domain: rows of `requests` with their contents, chains, response bytes and rollups. Called by
 * ingest inside a transaction. Idempotent by exchange id: repeated, late, concurrent or reordered deliveries result in one
 * row, counted once in the rollups.
 *
 * A row may be stored before its response is known (outcome "interrupted": the isolate seemed to have died) or without
 * bodies ("unrecorded"). When the response arrives later, the row is completed and the rollups are corrected.
 */
import { and, eq } from "drizzle-orm";
import { domains, requests } from "../../../drizzle/schema.ts";
import { addressKey, type Content, type ContentIds, putContents } from "../content/contents.ts";
import { findPrefixes, putChains } from "../content/nodes.ts";
import type { WindowExchange } from "../../schemas/window.ts";
import type { Writer, WriterTransaction } from "../db/db.ts";
import { lockDomain } from "../db/domain-lock.ts";
import { among } from "../db/sql.ts";
import { startedAtOf } from "../../domain/exchange-id.ts";
import { outcomeRank } from "../../domain/outcome.ts";
import { putResponseBodies } from "../content/response-body.ts";
import { SIDE_REQUEST_LINK, writeLinkColumns, writeLinks } from "../conversations/links.ts";
import { readEvidence } from "../conversations/link-evidence.ts";
import { type BatchPriceInput, recordBatches, readBatchPriceInputs } from "./batches.ts";
import { PRICE_INPUT_COLUMNS, type PriceInput, priceColumns } from "./price.ts";
import { priceAgain } from "./reprice.ts";
import type { RequestColumns, ResponseColumns, StorableExchange, StorableRequest } from "./write-model.ts";
import { updateConversationTotals } from "../conversations/totals.ts";
import { addSearchEntries, type IndexedExchange } from "../search/entries.ts";
import { toWindowExchange } from "../usage/window-rows.ts";
import { ROLLUP_SOURCE_COLUMNS, type RollupSource, updateRollups } from "../usage/rollups.ts";

type Row = typeof requests.$inferInsert;

/** The result per exchange, by id. */
export interface StoredExchanges {
  inserted: string[];
  completed: string[];
  /** Stored before; unchanged. */
  alreadyStored: string[];
  /** Responses whose request is neither in the journal nor stored: cannot be stored. */
  missingRequest: string[];
  /** Inserted and completed rows, for the account windows. */
  stored: StoredExchange[];
}

/** An exchange as the window of its account counts it. */
export interface StoredExchange extends WindowExchange {
  accountId: string | null;
  /** The account it was counted for before its response named another. */
  movedFrom: string | null;
}

/** Not stored yet. */
type NewExchange = StorableExchange & { request: StorableRequest };
/** Stored without its response, its request body, or both, which are here now. Null: stored already. */
type ExchangeUpdate = StorableExchange & { row: StoredRow };

/** Stores exchanges of one domain, each id at most once in `exchanges`. */
export async function storeExchanges(
  tx: WriterTransaction,
  domain: string,
  exchanges: readonly StorableExchange[],
): Promise<StoredExchanges> {
  const domainId = await lockDomain(tx, domain);
  const storedRows = await findStored(tx, exchanges);
  const newExchanges: NewExchange[] = [];
  const updates: ExchangeUpdate[] = [];
  const result: StoredExchanges = {
    inserted: [],
    completed: [],
    alreadyStored: [],
    missingRequest: [],
    stored: [],
  };
  for (const exchange of exchanges) {
    const { id, request } = exchange;
    const row = storedRows.get(id);
    const update = row && missingParts(exchange, row);
    if (update) updates.push(update);
    else if (row) result.alreadyStored.push(id);
    else if (request) newExchanges.push({ ...exchange, request });
    else result.missingRequest.push(id);
  }
  if (newExchanges.length + updates.length === 0) return result;

  const parts = await putParts(tx, domainId, newExchanges, updates);
  await addSearchEntries(tx, domainId, toIndex([...newExchanges, ...updates], parts), parts.contentIds);
  const countedBatches = await recordBatches(tx, domainId, [...newExchanges, ...updates]);
  const batchPriceInputs = await readBatchPriceInputs(tx, [
    ...newExchanges.map(({ id, startedAt, request }) => ({ ...request.columns, id, startedAt })),
    ...updates.map(({ row }) => row),
  ]);
  const completed: RollupSource[] = [];
  for (const each of updates)
    completed.push(await completeRow(tx, domain, each, { ...parts, batch: batchPriceInputs.get(each.id) }));
  const links = await writeLinks(tx, domainId, [
    ...newExchanges.flatMap(({ evidence }) => evidence ?? []),
    ...(await readEvidence(tx, updates)),
  ]);
  await writeLinkColumns(tx, updates, links.columns);
  const rows = newExchanges.map((exchange) => ({
    ...newRow(exchange, domain, domainId, { ...parts, batch: batchPriceInputs.get(exchange.id) }),
    ...(links.columns.get(exchange.id) ?? SIDE_REQUEST_LINK),
  }));
  const inserted = await insertRows(tx, rows);

  const isInserted = ({ id }: { id: string }) => inserted.has(id);
  await putResponseBodies(
    tx,
    [...newExchanges.filter(isInserted), ...updates].flatMap(({ id, startedAt, response }) =>
      response?.body ? [{ requestId: id, startedAt, bytes: response.body, timing: response.timing }] : [],
    ),
  );
  await updateRollups(tx, {
    added: [...rows.filter(isInserted), ...completed],
    removed: updates.map(({ row }) => row),
  });
  await priceAgain(tx, countedBatches);
  await updateConversationTotals(tx, {
    changed: new Set(
      [
        ...links.changed,
        ...updates.flatMap(({ id, row }) => [row.conversationId, links.columns.get(id)?.conversationId]),
      ].filter((id) => id != null),
    ),
    added: newExchanges.filter(isInserted),
  });
  for (const { id } of newExchanges) (inserted.has(id) ? result.inserted : result.alreadyStored).push(id);
  result.completed = updates.map(({ id }) => id);
  result.stored = [
    ...rows.filter(isInserted).map((row) => toStoredExchange(domain, row, null)),
    ...updates.map(({ row }, n) =>
      toStoredExchange(domain, { ...row, ...completed[n]! }, row.accountId ?? null),
    ),
  ];
  return result;
}

/** Stored contents and chains; `nodeIds` has the last nodes of messages, system and tools by exchange. */
interface StoredParts {
  contentIds: ContentIds;
  nodeIds: ReadonlyMap<string, readonly (bigint | null)[]>;
  /** Messages stored before, by exchange id. */
  storedBefore: ReadonlyMap<string, number>;
}

function toIndex(exchanges: readonly StorableExchange[], { storedBefore }: StoredParts): IndexedExchange[] {
  return exchanges.map(({ id, startedAt, request, response }) => ({
    id,
    startedAt,
    messages: request?.body?.messages ?? [],
    storedBefore: storedBefore.get(id) ?? 0,
    response: response?.message ?? null,
  }));
}

async function putParts(
  tx: WriterTransaction,
  domainId: number,
  newExchanges: readonly NewExchange[],
  updates: readonly ExchangeUpdate[],
): Promise<StoredParts> {
  const requested = [...newExchanges, ...updates].flatMap(({ id, request }) =>
    request ? [{ id, ...request }] : [],
  );
  const chains = requested.flatMap(({ body }) =>
    body ? [body.messages, body.system, body.tools] : [[], [], []],
  );
  const prefixes = await findPrefixes(tx, domainId, chains);
  const elements = chains.flatMap((chain, n) => chain.slice(prefixes[n]!.length));
  const contentIds = await putContents(tx, domainId, [
    ...elements.map(({ content, contentSha256 }) => ({ bytes: content, sha256: contentSha256 })),
    ...requested.flatMap(({ body, headers }) => [body?.skeleton ?? [], body?.received ?? [], headers].flat()),
    ...[...newExchanges, ...updates].flatMap(({ response }) =>
      [response?.headers ?? [], response?.message ?? []].flat(),
    ),
  ]);
  const ends = await putChains(tx, domainId, chains, prefixes, contentIds);
  return {
    contentIds,
    nodeIds: new Map(requested.map(({ id }, n) => [id, ends.slice(3 * n, 3 * n + 3)])),
    storedBefore: new Map(requested.map(({ id }, n) => [id, prefixes[3 * n]!.length])),
  };
}

/** With what the price of the row depends on beside its columns. */
type RowParts = StoredParts & { batch: BatchPriceInput | undefined };

function newRow(exchange: NewExchange, domain: string, domainId: number, parts: RowParts): Row {
  const { id, startedAt, request, response } = exchange;
  const columns = { startedAt, ...request.columns, ...(response?.columns ?? interrupted(request.columns)) };
  return {
    id,
    domainId,
    ...columns,
    ...priceColumns(columns, { receivedTokens: response?.receivedTokens, batch: parts.batch }),
    unread: request.columns.unread ?? response?.unread,
    accountId: request.columns.accountId ?? response?.organizationId ?? domain,
    ...requestParts(id, request, parts),
    responseHeadersId: idOf(parts.contentIds, response?.headers),
    responseContentId: idOf(parts.contentIds, response?.message),
  };
}

/** References of a row to the parts of its request. */
function requestParts(id: string, { headers, body }: StorableRequest, parts: StoredParts) {
  const [messagesNodeId, systemNodeId, toolsNodeId] = parts.nodeIds.get(id) ?? [];
  return {
    requestHeadersId: idOf(parts.contentIds, headers),
    bodyContentId: idOf(parts.contentIds, body?.skeleton),
    receivedBodyId: idOf(parts.contentIds, body?.received),
    messagesNodeId,
    systemNodeId,
    toolsNodeId,
  };
}

function toStoredExchange(
  domain: string,
  row: RollupSource & Pick<Row, "id" | "sessionId">,
  accountBefore: string | null,
): StoredExchange {
  const accountId = row.accountId ?? null;
  const movedFrom = accountBefore === accountId ? null : accountBefore;
  return { ...toWindowExchange(domain, row), accountId, movedFrom };
}

/** The columns of an exchange whose end was not seen; a message may have used tokens. */
function interrupted({ endpoint }: RequestColumns): ResponseColumns {
  return { outcome: "interrupted", failed: true, responseBytes: 0, usagePartial: endpoint === "messages" };
}

/** A known response replaces an unknown one, and a recorded one replaces one whose bytes are lost. */
function isBetter(outcome: string, than: string): boolean {
  return outcomeRank(outcome) > outcomeRank(than);
}

/** The parts of the exchange that the row lacks; undefined if it has everything. */
function missingParts(exchange: StorableExchange, row: StoredRow): ExchangeUpdate | undefined {
  const response = exchange.response;
  const isResponseNew = response !== null && isBetter(response.columns.outcome, row.outcome);
  const isBodyNew = row.bodyKind === "none" && !!exchange.request?.body;
  if (!isResponseNew && !isBodyNew) return undefined;
  return {
    ...exchange,
    row,
    request: isBodyNew ? exchange.request : null,
    response: isResponseNew ? response : null,
  };
}

function idOf(ids: ContentIds, content: Content | null | undefined): bigint | undefined {
  return content ? ids.get(addressKey(content.sha256)) : undefined;
}

type StoredRow = RollupSource &
  PriceInput &
  Pick<Row, "id" | "credentialType" | "bodyKind" | "sessionId" | "conversationId">;

async function findStored(
  tx: WriterTransaction,
  exchanges: readonly StorableExchange[],
): Promise<Map<string, StoredRow>> {
  const rows = await tx
    .select({
      ...ROLLUP_SOURCE_COLUMNS,
      ...PRICE_INPUT_COLUMNS,
      id: requests.id,
      credentialType: requests.credentialType,
      bodyKind: requests.bodyKind,
      sessionId: requests.sessionId,
      conversationId: requests.conversationId,
    })
    .from(requests)
    .where(among(exchanges));
  return new Map(rows.map((row) => [row.id, row]));
}

/** The inserted ids; conflicts are left out. */
async function insertRows(tx: WriterTransaction, rows: readonly Row[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const inserted = await tx
    .insert(requests)
    .values([...rows])
    .onConflictDoNothing()
    .returning({ id: requests.id });
  return new Set(inserted.map(({ id }) => id));
}

/** Adds the late parts to a row and returns the row as the rollups see it. */
async function completeRow(
  tx: WriterTransaction,
  domain: string,
  { id, startedAt, request, response, row }: ExchangeUpdate,
  parts: RowParts,
): Promise<RollupSource> {
  const isUnnamed = row.credentialType === "passthrough" && row.accountId === domain;
  const known = {
    ...request?.columns,
    ...response?.columns,
    // Other endpoints use no tokens when the end is missing.
    ...(response && { usagePartial: response.columns.usagePartial && row.endpoint === "messages" }),
    ...(response?.unread && { unread: response.unread }),
    accountId: (isUnnamed ? response?.organizationId : null) ?? row.accountId,
  };
  const columns = {
    ...known,
    ...priceColumns({ ...row, ...known }, { receivedTokens: response?.receivedTokens, batch: parts.batch }),
  };
  await tx
    .update(requests)
    .set({
      ...columns,
      ...(request && requestParts(id, request, parts)),
      ...(response && {
        responseHeadersId: idOf(parts.contentIds, response.headers),
        responseContentId: idOf(parts.contentIds, response.message) ?? null,
      }),
    })
    .where(and(eq(requests.id, id), eq(requests.startedAt, startedAt)));
  return { ...row, ...columns };
}

/** The domains of those of these exchanges that are stored, by exchange id. What is no exchange id is not stored. */
export async function domainsOfStored(db: Writer, ids: readonly string[]): Promise<Map<string, string>> {
  const exchanges = ids.flatMap((id) => {
    const startedAt = startedAtOf(id);
    return startedAt === null ? [] : [{ id, startedAt: new Date(startedAt) }];
  });
  if (exchanges.length === 0) return new Map();
  const rows = await db
    .select({ id: requests.id, domain: domains.name })
    .from(requests)
    .innerJoin(domains, eq(domains.id, requests.domainId))
    .where(among(exchanges));
  return new Map(rows.map(({ id, domain }) => [id, domain]));
}
