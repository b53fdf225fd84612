/**
 * Full-text search over messages, newest first. The index finds candidates; their texts are then read to check phrases and
 * to make snippets, so a page may be short and still have a next one.
 */
import { type SQL, sql } from "drizzle-orm";
import { type Cursor, encodeCursor } from "../../domain/cursor.ts";
import { findTerms, parseQuery, type Term, toTsquery } from "../../domain/search/query.ts";
import { snippetAround } from "../../domain/search/snippet.ts";
import { searchText } from "../../domain/search/text.ts";
import type { SearchQuery, SearchResults } from "../../schemas/api/search.ts";
import { MAX_PARSED_BYTES } from "../../runtime/constants.ts";
import { readContents } from "../content/request-body.ts";
import { type DatabaseConfig, type Reader, withReader } from "../db/db.ts";
import { allOf, inDomain, timestamptz } from "../db/sql.ts";

export type SearchFilter = Omit<SearchQuery, "cursor"> & {
  before: Cursor | null;
  /** Only messages that a request with this key was the first to send or receive. */
  clientKeyId?: string | undefined;
};

/** Pages of candidates read for one page of results. */
const MAX_CANDIDATE_PAGES = 5;

interface Candidate extends Record<string, unknown> {
  content_id: string;
  size: number | null;
  role: string | null;
  request_id: string;
  /** Epoch milliseconds. */
  at: string;
  domain: string;
  conversation_id: string | null;
  branch_id: string | null;
  branch_key: string | null;
}

export async function searchMessages(config: DatabaseConfig, filter: SearchFilter): Promise<SearchResults> {
  const terms = parseQuery(filter.q);
  if (terms.length === 0) return { results: [], nextCursor: null };
  return withReader(config, async (db) => {
    const results: SearchResults["results"] = [];
    let position = filter.before;
    for (let n = 0; n < MAX_CANDIDATE_PAGES; n++) {
      const candidates = await readCandidates(db, terms, filter, position);
      const texts = await readTexts(db, candidates);
      for (const candidate of candidates) {
        position = { at: Number(candidate.at), id: candidate.content_id };
        const result = toResult(candidate, texts.get(candidate.content_id), terms);
        if (result) results.push(result);
        if (results.length === filter.limit) return { results, nextCursor: encodeCursor(position) };
      }
      if (candidates.length < filter.limit) return { results, nextCursor: null };
    }
    return { results, nextCursor: position && encodeCursor(position) };
  });
}

/** A message that only a side request sent is found in the conversation that the side request served. */
const LEFT_JOIN_SERVED = sql`left join requests s on s.id = r.serves_request_id and s.started_at <= r.started_at`;

/** Conditions over `search_entries e`. */
function conditions(
  terms: readonly Term[],
  { domain, role, from, to, clientKeyId }: Partial<SearchFilter>,
  position?: Cursor | null,
): SQL {
  return allOf(
    sql`e.words @@ ${toTsquery(terms)}::tsquery`,
    inDomain(domain, "e.domain_id"),
    role === undefined ? undefined : sql`e.role = ${role}`,
    from && sql`e.started_at >= ${timestamptz(from)}`,
    to && sql`e.started_at < ${timestamptz(to)}`,
    // A subquery, so that each entry is looked up by primary key.
    clientKeyId === undefined
      ? undefined
      : sql`(select own.client_key_id from requests own where own.id = e.request_id and own.started_at = e.started_at)
          = ${clientKeyId}::uuid`,
    position
      ? sql`(e.started_at, e.content_id) < (${timestamptz(position.at)}, ${position.id}::bigint)`
      : undefined,
  );
}

async function readCandidates(
  db: Reader,
  terms: readonly Term[],
  filter: SearchFilter,
  position: Cursor | null,
): Promise<Candidate[]> {
  const { rows } = await db.execute<Candidate>(sql`
    select e.*, c.size, d.name as domain, coalesce(r.conversation_id, s.conversation_id) as conversation_id,
      coalesce(r.branch_id, s.branch_id) as branch_id, coalesce(r.branch_key, s.branch_key) as branch_key
    from (
      select e.content_id, e.domain_id, e.request_id, e.started_at, e.role,
        round(extract(epoch from e.started_at) * 1000)::bigint as at
      from search_entries e where ${conditions(terms, filter, position)}
      order by e.started_at desc, e.content_id desc limit ${filter.limit}
    ) e
    join domains d on d.id = e.domain_id
    left join contents c on c.id = e.content_id
    left join requests r on r.id = e.request_id and r.started_at = e.started_at
    ${LEFT_JOIN_SERVED}
    order by e.started_at desc, e.content_id desc`);
  return rows;
}

/** The texts within MAX_PARSED_BYTES, by content id; results beyond them have no snippet. */
async function readTexts(db: Reader, candidates: readonly Candidate[]): Promise<Map<string, string>> {
  let bytesLeft = MAX_PARSED_BYTES;
  const read = candidates.flatMap(({ content_id: id, size }) => {
    bytesLeft -= size ?? 0;
    return size === null || bytesLeft < 0 ? [] : [{ id: BigInt(id), length: size }];
  });
  const texts = new Map<string, string>();
  for (const [id, bytes] of await readContents(db, read))
    texts.set(id.toString(), searchText(bytes)?.text ?? "");
  return texts;
}

/** Null if the text does not match. A candidate without text (removed, too large) counts as a match. */
function toResult(
  candidate: Candidate,
  text: string | undefined,
  terms: readonly Term[],
): SearchResults["results"][number] | null {
  const ranges = text === undefined ? [] : findTerms(text, terms);
  if (ranges === null) return null;
  return {
    requestId: candidate.request_id,
    conversationId: candidate.conversation_id,
    branchId: candidate.branch_id,
    branchKey: candidate.branch_key,
    domain: candidate.domain,
    timestamp: new Date(Number(candidate.at)).toISOString(),
    role: candidate.role ?? "unknown",
    ...snippetAround(text ?? "", ranges),
  };
}

/** Newest matching messages used to filter conversations; a term with more matches is too common. */
const MAX_MATCHES = 2_000;

/** A condition over `conversations`: one of its requests first sent a matching message. Null if the query has no terms. */
export function conversationsMatching(query: string, domain: string | undefined): SQL | null {
  const terms = parseQuery(query);
  if (terms.length === 0) return null;
  return sql`conversations.id in (
    select coalesce(r.conversation_id, s.conversation_id) from (
      select e.request_id, e.started_at from search_entries e where ${conditions(terms, { domain })}
      order by e.started_at desc limit ${MAX_MATCHES}
    ) e join requests r on r.id = e.request_id and r.started_at = e.started_at ${LEFT_JOIN_SERVED})`;
}
