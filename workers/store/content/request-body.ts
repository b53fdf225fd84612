/**
 * Reads stored bodies: the request rebuilt to the byte from its skeleton and chains, the response's raw bytes, the assistant
 * message. Called by the API for a request's page and downloads. Null: never recorded, or deleted.
 */
import { and, eq, inArray, sql } from "drizzle-orm";
import { contents, type requests, responseBodies } from "../../../drizzle/schema.ts";
import { concat } from "../../domain/bytes.ts";
import { type BodyParts, rebuildBody } from "../../domain/content/split-body.ts";
import { decodeBytes } from "./compression.ts";
import { arrayLiteral, batches, MAX_STATEMENT_BYTES } from "../db/statement-batches.ts";
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
  return row.bodyContentId === null ? null : (await readStored(db, [row])).bodyOf(row);
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
  return headersIn(id === null ? null : await readContent(db, id));
}

/** The headers of a content. */
export function headersIn(content: Uint8Array | null): Headers | null {
  return content && (JSON.parse(new TextDecoder().decode(content)) as Headers);
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

export interface StoredParts {
  /** The text of the request body, as readRequestBody returns it. */
  bodyOf(row: BodyReferences): Uint8Array | null;
  /** A content of `others`. */
  contentOf(id: bigint | null): Uint8Array | null;
}

interface Node {
  parentId: bigint | null;
  contentId: bigint;
  overlay: Uint8Array | null;
}

/** Reads what the bodies of these rows consist of, and the contents `others`: each node and content once, all in memory. */
export async function readStored(
  db: Reader | Writer | WriterTransaction,
  rows: readonly BodyReferences[],
  others: readonly (bigint | null)[] = [],
): Promise<StoredParts> {
  const ends = rows.flatMap((row) => [row.messagesNodeId, row.systemNodeId, row.toolsNodeId]);
  const single = [...rows.map(({ bodyContentId }) => bodyContentId), ...others];
  const arrayOf = (ids: readonly (bigint | null)[]) =>
    arrayLiteral([...new Set(ids)].filter((id) => id !== null));
  const walked = await db.execute<{
    id: string | null;
    parent_id: string | null;
    content_id: string;
    form: Uint8Array | null;
    length: number | null;
  }>(sql`
    WITH RECURSIVE walk AS (
      SELECT id, parent_id, content_id, form FROM nodes WHERE id = ANY (${arrayOf(ends)}::bigint[])
      UNION
      SELECT n.id, n.parent_id, n.content_id, n.form FROM walk JOIN nodes n ON n.id = walk.parent_id
    )
    SELECT walk.id, parent_id, content_id, form, octet_length(data) AS length
    FROM walk LEFT JOIN contents ON contents.id = content_id
    UNION ALL
    SELECT NULL, NULL, id, NULL, octet_length(data) FROM contents WHERE id = ANY (${arrayOf(single)}::bigint[])`);
  const nodes = new Map<bigint, Node>();
  const wanted = new Map<bigint, number>();
  for (const { id, parent_id: parent, content_id: content, form, length } of walked.rows) {
    const contentId = BigInt(content);
    if (id !== null)
      nodes.set(BigInt(id), { parentId: parent === null ? null : BigInt(parent), contentId, overlay: form });
    wanted.set(contentId, length ?? 0);
  }
  const bytes = await readContents(
    db,
    [...wanted].map(([id, length]) => ({ id, length })),
  );
  const contentOf = (id: bigint | null) => (id === null ? null : (bytes.get(id) ?? null));
  return {
    contentOf,
    bodyOf(row) {
      const skeleton = contentOf(row.bodyContentId);
      const messages = listOf(row.messagesNodeId, nodes, bytes);
      const system = listOf(row.systemNodeId, nodes, bytes);
      const tools = listOf(row.toolsNodeId, nodes, bytes);
      return skeleton && messages && system && tools && rebuildBody({ skeleton, messages, system, tools });
    },
  };
}

/** The list from its root to the node `end`; null where a node or a content is missing. */
function listOf(
  end: bigint | null,
  nodes: ReadonlyMap<bigint, Node>,
  bytes: ReadonlyMap<bigint, Uint8Array>,
): BodyParts["messages"] | null {
  const list: { content: Uint8Array; overlay: Uint8Array | null }[] = [];
  for (let id = end; id !== null;) {
    const node = nodes.get(id);
    const content = node && bytes.get(node.contentId);
    if (!content) return null;
    list.push({ content, overlay: node.overlay });
    id = node.parentId;
  }
  return list.reverse();
}
