/**
 * Chains of nodes: the lists of a request (messages, system blocks, tools), each node one element after its predecessors, as
 * commits in git. A turn of a conversation of any length finds its longest stored prefix with a few hashes and adds the rest.
 */
import { and, eq, sql } from "drizzle-orm";
import { nodes } from "../../../drizzle/schema.ts";
import type { ChainElement } from "../../domain/content/split-body.ts";
import { addressKey, type ContentIds, HASH_BYTES, isAmong } from "./contents.ts";
import { arrayLiteral, MAX_STATEMENT_ROWS, concatenated } from "../db/statement-batches.ts";
import type { WriterTransaction } from "../db/db.ts";
import type { DomainId } from "../db/domain-lock.ts";

type Chain = readonly ChainElement[];

/** The stored prefix of a chain. */
export interface Prefix {
  /** Stored elements; `nodeId` is the node of the last one (null: none is stored). */
  length: number;
  nodeId: bigint | null;
}

/** The distances from a chain's end that are probed first; further ones double. A turn adds two to four elements. */
const PROBE_DISTANCES = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16];
/** Probes per gap in one statement. */
const MAX_PROBES = 64;
const NO_BYTES = new Uint8Array(0);

/**
 * The longest stored prefix of each chain. A node is stored only after its predecessor and removed only with all its successors,
 * so elements are stored up to some position and none after it. One statement finds it in nearly every chain, three or four in
 * a chain of a million elements.
 */
export async function findPrefixes(
  tx: WriterTransaction,
  domainId: DomainId,
  chains: readonly Chain[],
): Promise<Prefix[]> {
  const ids = new Map<string, bigint>();
  const keyAt = (chain: Chain, length: number) => addressKey(chain[length - 1]!.hash);
  const searches = chains.map((chain) => ({
    chain,
    stored: 0,
    missing: chain.length + 1,
    probes: firstProbes(chain.length),
  }));
  while (searches.some(({ probes }) => probes.length > 0)) {
    const hashes = new Map<string, Uint8Array>();
    for (const { chain, probes } of searches)
      for (const length of probes) hashes.set(keyAt(chain, length), chain[length - 1]!.hash);
    const found = await tx
      .select({ id: nodes.id, hash: nodes.hash })
      .from(nodes)
      .where(and(eq(nodes.domainId, domainId), isAmong(nodes.hash, [...hashes.values()])));
    for (const { id, hash } of found) ids.set(addressKey(hash), id);
    for (const search of searches) {
      const isStored = (length: number) => ids.has(keyAt(search.chain, length));
      search.stored = Math.max(search.stored, ...search.probes.filter(isStored));
      search.missing = Math.min(search.missing, ...search.probes.filter((length) => !isStored(length)));
      search.probes = gapProbes(search.stored, search.missing);
    }
  }
  return searches.map(({ chain, stored }) => ({
    length: stored,
    nodeId: stored === 0 ? null : ids.get(keyAt(chain, stored))!,
  }));
}

/** The prefix lengths to probe first in a chain of `length`: at its end, then at doubling distances, and at its beginning. */
export function firstProbes(length: number): number[] {
  if (length === 0) return [];
  const probes = PROBE_DISTANCES.map((distance) => length - distance);
  for (let distance = 32; distance < length; distance *= 2) probes.push(length - distance);
  return [...new Set([...probes, 1])].filter((probe) => probe >= 1);
}

/** The prefix lengths to probe strictly between the longest stored and the shortest missing one found so far. */
export function gapProbes(stored: number, missing: number): number[] {
  const gap = missing - stored - 1;
  const count = Math.min(gap, MAX_PROBES);
  return Array.from({ length: count }, (_, i) => stored + Math.ceil(((i + 1) * gap) / count));
}

/**
 * Stores the elements after each chain's prefix (`contentIds` holds their contents) and returns the node at the end of each
 * chain, null for an empty one. Chains of one batch may overlap.
 */
export async function putChains(
  tx: WriterTransaction,
  domainId: number,
  chains: readonly Chain[],
  prefixes: readonly Prefix[],
  contentIds: ContentIds,
): Promise<(bigint | null)[]> {
  const added = new Map<string, NewNode>();
  chains.forEach((chain, n) => {
    const prefix = prefixes[n]!;
    let parent: NewNode | bigint | null = prefix.nodeId;
    chain.slice(prefix.length).forEach(({ hash, contentSha256, overlay }, i) => {
      const key = addressKey(hash);
      const contentId = contentIds.get(addressKey(contentSha256))!;
      const node: NewNode = added.get(key) ?? {
        hash,
        parent,
        contentId,
        depth: prefix.length + i + 1,
        overlay,
        order: added.size,
        id: null,
      };
      added.set(key, node);
      parent = node;
    });
  });
  const rows = [...added.values()];
  for (let at = 0; at < rows.length; at += MAX_STATEMENT_ROWS)
    await insertNodes(tx, domainId, rows.slice(at, at + MAX_STATEMENT_ROWS));
  return chains.map((chain, n) => {
    const last = chain.at(-1);
    const { length, nodeId } = prefixes[n]!;
    return last && length < chain.length ? added.get(addressKey(last.hash))!.id : nodeId;
  });
}

interface NewNode {
  hash: Uint8Array;
  parent: NewNode | bigint | null;
  contentId: bigint;
  depth: number;
  overlay: Uint8Array | null;
  /** Position in the statement; a parent comes before its children. */
  order: number;
  id: bigint | null;
}

/** One statement: it draws the ids first, so that a row can reference its parent of the same statement. Sets the ids. */
async function insertNodes(tx: WriterTransaction, domainId: number, rows: readonly NewNode[]): Promise<void> {
  const parents = rows.map(({ parent }) => parent);
  const hashes = concatenated(rows.map(({ hash }) => hash));
  const overlays = concatenated(rows.map(({ overlay }) => overlay ?? NO_BYTES));
  const numbers = [
    arrayLiteral(rows.map(({ order }) => order)),
    arrayLiteral(parents.map((parent) => (isNew(parent) ? parent.id : parent))),
    arrayLiteral(parents.map((parent) => (isNew(parent) ? parent.order : null))),
    arrayLiteral(rows.map(({ contentId }) => contentId)),
    arrayLiteral(rows.map(({ depth }) => depth)),
    overlays.starts,
    // A null length makes the overlay null.
    arrayLiteral(rows.map(({ overlay }) => overlay && overlay.length)),
  ] as const;
  const stored = await tx.execute<{ position: number; id: string }>(sql`
    WITH numbered AS MATERIALIZED (
      SELECT *, nextval(pg_get_serial_sequence('nodes', 'id')) AS id
      FROM unnest(${numbers[0]}::int[], ${numbers[1]}::bigint[], ${numbers[2]}::int[], ${numbers[3]}::bigint[],
        ${numbers[4]}::int[], ${numbers[5]}::int[], ${numbers[6]}::int[])
        WITH ORDINALITY AS given (position, parent_id, parent_position, content_id, depth, form_start, form_length, n)
    ), inserted AS (
      INSERT INTO nodes (id, domain_id, hash, parent_id, content_id, depth, form) OVERRIDING SYSTEM VALUE
      SELECT numbered.id, ${domainId}::int,
        substring(${hashes.bytes}::bytea FROM (numbered.n::int - 1) * ${HASH_BYTES}::int + 1 FOR ${HASH_BYTES}::int),
        coalesce(numbered.parent_id, parent.id), numbered.content_id, numbered.depth,
        substring(${overlays.bytes}::bytea FROM numbered.form_start + 1 FOR numbered.form_length)
      FROM numbered LEFT JOIN numbered parent ON parent.position = numbered.parent_position
    )
    SELECT position, id FROM numbered`);
  const byOrder = new Map(rows.map((row) => [row.order, row]));
  for (const { position, id } of stored.rows) byOrder.get(position)!.id = BigInt(id);
}

function isNew(parent: NewNode["parent"]): parent is NewNode {
  return parent !== null && typeof parent === "object";
}
