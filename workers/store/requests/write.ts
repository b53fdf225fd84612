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
import type { ChainElement } from "../../domain/content/split-body.ts";
import {
  addressKey,
  type Content,
  type ContentIds,
  putContents,
  seekContents,
  type SoughtContents,
} from "../content/contents.ts";
import { findPrefixes, type Prefix, putChains } from "../content/nodes.ts";
import type { WindowExchange } from "../../schemas/window.ts";
import type { Writer, WriterTransaction } from "../db/db.ts";
import { type DomainId, idOfDomain, lockDomain } from "../db/domain-lock.ts";
import { together } from "../../domain/together.ts";
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
  const findAll = () => together(findStored(tx, exchanges), findParts(tx, idOfDomain(domain), exchanges));
  const [{ id: domainId, isNew }, found] = await together(lockDomain(tx, domain), findAll());
  const [storedRows, known] = isNew ? await findAll() : found;
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

  const storeParts = async () => {
    const parts = await putParts(tx, domainId, [...newExchanges, ...updates], known);
    const countedBatches = await recordBatches(tx, domainId, [...newExchanges, ...updates]);
    const batchPriceInputs = await readBatchPriceInputs(tx, [
      ...newExchanges.map(({ id, startedAt, request }) => ({ ...request.columns, id, startedAt })),
      ...updates.map(({ row }) => row),
    ]);
    const completed: RollupSource[] = [];
    for (const each of updates)
      completed.push(await completeRow(tx, domain, each, { ...parts, batch: batchPriceInputs.get(each.id) }));
    return { parts, countedBatches, batchPriceInputs, completed };
  };
  const link = async () =>
    writeLinks(tx, domainId, [
      ...newExchanges.flatMap(({ evidence }) => evidence ?? []),
      ...(await readEvidence(tx, updates)),
    ]);
  // The evidence of updates is made of their stored parts.
  const [{ parts, countedBatches, batchPriceInputs, completed }, links] =
    updates.length === 0 ? await together(storeParts(), link()) : [await storeParts(), await link()];
  await writeLinkColumns(tx, updates, links.columns);
  const rows = newExchanges.map((exchange) => ({
    ...newRow(exchange, domain, domainId, { ...parts, batch: batchPriceInputs.get(exchange.id) }),
    ...(links.columns.get(exchange.id) ?? SIDE_REQUEST_LINK),
  }));
  const addTotals = () =>
    updateConversationTotals(tx, {
      changed: new Set(
        [
          ...links.changed,
          ...updates.flatMap(({ id, row }) => [row.conversationId, links.columns.get(id)?.conversationId]),
        ].filter((id) => id != null),
      ),
      added: newExchanges,
    });
  const [inserted] = await together(
    insertRows(tx, rows),
    updateRollups(tx, { added: [...rows, ...completed], removed: updates.map(({ row }) => row) }),
    // Other rows may have to be priced again first.
    countedBatches.length === 0 ? addTotals() : null,
    putResponseBodies(
      tx,
      [...newExchanges, ...updates].flatMap(({ id, startedAt, response }) =>
        response?.body ? [{ requestId: id, startedAt, bytes: response.body, timing: response.timing }] : [],
      ),
    ),
  );
  if (inserted < rows.length) throw new Error("an exchange was stored by another transaction");
  if (countedBatches.length > 0) {
    await priceAgain(tx, countedBatches);
    await addTotals();
  }
  result.inserted = newExchanges.map(({ id }) => id);
  result.completed = updates.map(({ id }) => id);
  result.stored = [
    ...rows.map((row) => toStoredExchange(domain, row, null)),
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
}

/** `storedBefore`: messages, by exchange id. */
function toIndex(
  exchanges: readonly StorableExchange[],
  storedBefore: ReadonlyMap<string, number>,
): IndexedExchange[] {
  return exchanges.map(({ id, startedAt, request, response }) => ({
    id,
    startedAt,
    messages: request?.body?.messages ?? [],
    storedBefore: storedBefore.get(id) ?? 0,
    response: response?.message ?? null,
  }));
}

/** What is stored of the parts of exchanges. */
interface KnownParts {
  /** Of messages, system and tools, by exchange id. */
  prefixes: ReadonlyMap<string, readonly Prefix[]>;
  contents: SoughtContents;
}

/** The last elements of a list, which a request adds to the one before, as a rule. */
const SOUGHT_ELEMENTS = 4;

/** In one round trip, as a rule. */
async function findParts(
  tx: WriterTransaction,
  domainId: DomainId,
  exchanges: readonly StorableExchange[],
): Promise<KnownParts> {
  const chains = exchanges.map(({ request }) => chainsOf(request));
  const [prefixes, contents] = await together(
    findPrefixes(tx, domainId, chains.flat()),
    seekContents(tx, domainId, [
      ...chains.flat().flatMap((chain) => chain.slice(-SOUGHT_ELEMENTS).map(contentOf)),
      ...exchanges.flatMap(wholeContents),
    ]),
  );
  return {
    prefixes: new Map(exchanges.map(({ id }, n) => [id, prefixes.slice(3 * n, 3 * n + 3)])),
    contents,
  };
}

const chainsOf = (request: StorableRequest | null): (readonly ChainElement[])[] => {
  const { messages = [], system = [], tools = [] } = request?.body ?? {};
  return [messages, system, tools];
};
const contentOf = ({ content, contentSha256 }: ChainElement): Content => ({
  bytes: content,
  sha256: contentSha256,
});
/** The contents of an exchange that are no elements of lists. */
const wholeContents = ({ request, response }: StorableExchange): Content[] =>
  [
    request?.body?.skeleton ?? [],
    request?.body?.received ?? [],
    request?.headers ?? [],
    response?.headers ?? [],
    response?.message ?? [],
  ].flat();

async function putParts(
  tx: WriterTransaction,
  domainId: number,
  exchanges: readonly StorableExchange[],
  known: KnownParts,
): Promise<StoredParts> {
  const requested = exchanges.filter(({ request }) => request !== null);
  const chains = requested.flatMap(({ request }) => chainsOf(request));
  const prefixes = requested.flatMap(({ id }) => known.prefixes.get(id)!);
  const elements = chains.flatMap((chain, n) => chain.slice(prefixes[n]!.length));
  const contents = [...elements.map(contentOf), ...exchanges.flatMap(wholeContents)];
  const contentIds = await putContents(tx, domainId, contents, known.contents);
  const storedBefore = new Map(requested.map(({ id }, n) => [id, prefixes[3 * n]!.length]));
  const [ends] = await together(
    putChains(tx, domainId, chains, prefixes, contentIds),
    addSearchEntries(tx, domainId, toIndex(exchanges, storedBefore), contentIds),
  );
  return { contentIds, nodeIds: new Map(requested.map(({ id }, n) => [id, ends.slice(3 * n, 3 * n + 3)])) };
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

/** The number of inserted rows; conflicts are left out. */
async function insertRows(tx: WriterTransaction, rows: readonly Row[]): Promise<number> {
  if (rows.length === 0) return 0;
  const inserted = await tx
    .insert(requests)
    .values([...rows])
    .onConflictDoNothing()
    .returning({ id: requests.id });
  return inserted.length;
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
