/**
 * Reads stored bodies: the request rebuilt to the byte from its skeleton and chains, the response's raw bytes, the assistant
 * message. Called by the API for a request's page and downloads. Null: never recorded, or deleted.
 */
import { and, eq, inArray, sql } from "drizzle-orm";
import { contents, type requests, responseBodies } from "../../../drizzle/schema.ts";
import { concat } from "../../domain/bytes.ts";
import { type BodyParts, rebuildBody } from "../../domain/content/split-body.ts";
import { decodeBytes } from "./compression.ts";
import { batches, MAX_STATEMENT_BYTES } from "../db/statement-batches.ts";
import type { Reader, Writer, WriterTransaction } from "../db/db.ts";

type Row = typeof requests.$inferSelect;

/** The request body as received (secrets masked where `bodyMasked`); its first part where `bodyTruncated`. */
export async function readReceivedBody(
  db: Reader | Writer | WriterTransaction,
  row: BodyReferences & Pick<Row, "receivedBodyId">,
): Promise<Uint8Array | null> {
  return row.receivedBodyId === null ? readRequestBody(db, row) : readContent(db, row.receivedBodyId);
}

type BodyReferences = Pick<Row, "bodyContentId" | "messagesNodeId" | "systemNodeId" | "toolsNodeId">;

/** The text of the request body: as received, but for content-codings and UTF-16. */
export async function readRequestBody(
  db: Reader | Writer | WriterTransaction,
  row: BodyReferences,
): Promise<Uint8Array | null> {
  if (row.bodyContentId === null) return null;
  const [skeleton, lists] = await Promise.all([
    readContent(db, row.bodyContentId),
    readChains(db, { messages: row.messagesNodeId, system: row.systemNodeId, tools: row.toolsNodeId }),
  ]);
  return skeleton && lists && rebuildBody({ skeleton, ...lists });
}

/** The response's bytes, decoded; their first part where `responseTruncated`. */
export async function readResponseBody(
  db: Reader | Writer | WriterTransaction,
  row: Pick<Row, "id" | "startedAt">,
): Promise<Uint8Array | null> {
  const slice = async (from: number) => {
    const [stored] = await db
      .select(sliceOf(responseBodies, from))
      .from(responseBodies)
      .where(and(eq(responseBodies.requestId, row.id), eq(responseBodies.startedAt, row.startedAt)));
    return stored;
  };
  return readWhole(await slice(0), slice);
}

/** The assistant message as a history element (JSON); null where the response held none. */
export async function readAssistantMessage(
  db: Reader | Writer | WriterTransaction,
  row: Pick<Row, "responseContentId">,
): Promise<Uint8Array | null> {
  return row.responseContentId === null ? null : readContent(db, row.responseContentId);
}

type Headers = Record<string, string>;

/** The allow-listed request headers, names in lower case. */
export async function readRequestHeaders(
  db: Reader | Writer | WriterTransaction,
  row: Pick<Row, "requestHeadersId">,
): Promise<Headers | null> {
  return readHeaderSet(db, row.requestHeadersId);
}

/** The allow-listed response headers, names in lower case, rate-limit headers included. */
export async function readResponseHeaders(
  db: Reader | Writer | WriterTransaction,
  row: Pick<Row, "responseHeadersId" | "responseHeaders" | "upstreamRequestId">,
): Promise<Headers | null> {
  const shared = await readHeaderSet(db, row.responseHeadersId);
  if (!shared) return null;
  const headers: Headers = { ...shared, ...row.responseHeaders };
  if (row.upstreamRequestId !== null) headers["request-id"] = row.upstreamRequestId;
  return headers;
}

async function readHeaderSet(
  db: Reader | Writer | WriterTransaction,
  id: bigint | null,
): Promise<Headers | null> {
  const bytes = id === null ? null : await readContent(db, id);
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Headers);
}

/** Stored bytes from some position on, at most MAX_STATEMENT_BYTES of them. */
interface Slice {
  coding: number;
  /** All stored bytes. */
  length: number;
  data: Uint8Array;
}

function sliceOf(table: typeof contents | typeof responseBodies, from: number) {
  return {
    coding: table.coding,
    length: sql<number>`octet_length(${table.data})`,
    data: sql<Uint8Array>`substring(${table.data} FROM ${from + 1}::int FOR ${MAX_STATEMENT_BYTES}::int)`.mapWith(
      table.data,
    ),
  };
}

async function readWhole(
  first: Slice | undefined,
  slice: (from: number) => Promise<Slice | undefined>,
): Promise<Uint8Array | null> {
  if (!first) return null;
  let data = first.data;
  while (data.length < first.length) {
    const more = await slice(data.length);
    if (!more) return null;
    data = concat([data, more.data]);
  }
  return decodeBytes({ coding: first.coding, data });
}

async function readContent(db: Reader | Writer | WriterTransaction, id: bigint): Promise<Uint8Array | null> {
  return (await readContents(db, [{ id, length: 0 }])).get(id) ?? null;
}

/** Contents by id; the map lacks those that are not stored. */
export async function readContents(
  db: Reader | Writer | WriterTransaction,
  wanted: readonly { id: bigint; length: number }[],
): Promise<Map<bigint, Uint8Array>> {
  const read = new Map<bigint, Uint8Array>();
  for (const batch of batches(wanted, ({ length }) => length)) {
    const slices = (ids: bigint[], from: number) =>
      // The three types select in the same way.
      (db as Reader)
        .select({ id: contents.id, ...sliceOf(contents, from) })
        .from(contents)
        .where(inArray(contents.id, ids));
    const ids = batch.map(({ id }) => id);
    for (const { id, ...first } of await slices(ids, 0)) {
      const bytes = await readWhole(first, async (from) => (await slices([id], from))[0]);
      if (bytes) read.set(id, bytes);
    }
  }
  return read;
}

type Lists = Omit<BodyParts, "skeleton">;

/** The lists from their roots to the given nodes; null where a content is missing. Each content is read once. */
async function readChains(
  db: Reader | Writer | WriterTransaction,
  ends: Record<keyof Lists, bigint | null>,
): Promise<Lists | null> {
  const lists: Record<keyof Lists, { id: bigint; form: Uint8Array | null }[]> = {
    messages: [],
    system: [],
    tools: [],
  };
  const starts = (Object.keys(lists) as (keyof Lists)[]).flatMap((list) =>
    ends[list] === null ? [] : [sql`(${list}::text, ${ends[list]}::bigint)`],
  );
  if (starts.length === 0) return { messages: [], system: [], tools: [] };
  const walked = await db.execute<{
    list: keyof Lists;
    id: string;
    form: Uint8Array | null;
    length: number | null;
  }>(sql`
    WITH RECURSIVE ends (list, id) AS (VALUES ${sql.join(starts, sql`, `)}),
    walk AS (
      SELECT list, parent_id, content_id, depth, form FROM ends JOIN nodes USING (id)
      UNION ALL
      SELECT list, n.parent_id, n.content_id, n.depth, n.form FROM walk JOIN nodes n ON n.id = walk.parent_id
    )
    SELECT list, content_id AS id, form, octet_length(data) AS length
    FROM walk LEFT JOIN contents ON contents.id = content_id ORDER BY list, depth`);
  const wanted = new Map<bigint, number>();
  for (const { list, id, form, length } of walked.rows) {
    lists[list].push({ id: BigInt(id), form });
    wanted.set(BigInt(id), length ?? 0);
  }
  const bytes = await readContents(
    db,
    [...wanted].map(([id, length]) => ({ id, length })),
  );
  if (bytes.size < wanted.size) return null;
  const elementsOf = (list: keyof Lists) =>
    lists[list].map(({ id, form: overlay }) => ({ content: bytes.get(id)!, overlay }));
  return { messages: elementsOf("messages"), system: elementsOf("system"), tools: elementsOf("tools") };
}
