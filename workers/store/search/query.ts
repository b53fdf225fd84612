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
  /** Only messages of requests with this key: whether others sent them too makes no difference. */
  clientKeyId?: string | undefined;
  /** Applied to texts before they are checked and shown: what it removes is not found. */
  mask?: (text: string) => string;
};

/** Pages of candidates read for one page of results. */
const MAX_CANDIDATE_PAGES = 5;
/** Requests of a key whose messages one page of candidates is of. */
const OWN_REQUESTS = 2_000;
/** No content has a larger one that a cursor can hold. */
const LAST_ID = "9".repeat(18);

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
  const { clientKeyId, mask = (text) => text } = filter;
  return withReader(config, async (db) => {
    const results: SearchResults["results"] = [];
    let position = filter.before;
    for (let n = 0; n < MAX_CANDIDATE_PAGES; n++) {
      const { candidates, next } =
        clientKeyId === undefined
          ? await readCandidates(db, terms, filter, position)
          : await readOwnCandidates(db, terms, { ...filter, clientKeyId }, position);
      const texts = await readTexts(db, candidates);
      for (const candidate of candidates) {
        const text = texts.get(candidate.content_id);
        const result = toResult(candidate, text === undefined ? undefined : mask(text), terms);
        if (result) results.push(result);
        if (results.length === filter.limit)
          return { results, nextCursor: encodeCursor(positionOf(candidate)) };
      }
      if (next === null) return { results, nextCursor: null };
      position = next;
    }
    return { results, nextCursor: position && encodeCursor(position) };
  });
}

const positionOf = ({ at, content_id: id }: Candidate): Cursor => ({ at: Number(at), id });

/** `next`: where the following page begins; null at the end. */
interface CandidatePage {
  candidates: Candidate[];
  next: Cursor | null;
}

/** A message that only a side request sent is found in the conversation that the side request served. */
const LEFT_JOIN_SERVED = sql`left join requests s on s.id = r.serves_request_id and s.started_at <= r.started_at`;

/** Conditions over `search_entries e`. */
function conditions(
  terms: readonly Term[],
  { domain, role, from, to }: Partial<SearchFilter>,
  position?: Cursor | null,
): SQL {
  return allOf(
    sql`e.words @@ ${toTsquery(terms)}::tsquery`,
    inDomain(domain, "e.domain_id"),
    role === undefined ? undefined : sql`e.role = ${role}`,
    from && sql`e.started_at >= ${timestamptz(from)}`,
    to && sql`e.started_at < ${timestamptz(to)}`,
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
): Promise<CandidatePage> {
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
  const last = rows.at(-1);
  return { candidates: rows, next: last && rows.length === filter.limit ? positionOf(last) : null };
}

/**
 * Messages that requests of one key sent or received, each with the first of these requests. Walks from the ends of their histories to
 * the end of another one or the beginning, so that each message is read about once.
 */
async function readOwnCandidates(
  db: Reader,
  terms: readonly Term[],
  { clientKeyId, domain, role, from, to, limit }: SearchFilter & { clientKeyId: string },
  position: Cursor | null,
): Promise<CandidatePage> {
  const ofKey = sql`client_key_id = ${clientKeyId}::uuid`;
  const { rows } = await db.execute<
    { oldest: string | null; requests: string } & { [name in keyof Candidate]: Candidate[name] | null }
  >(sql`
    with recursive own as materialized (
      select id, started_at, conversation_id, branch_id, branch_key, serves_request_id, messages_node_id, response_content_id
      from requests
      where ${allOf(ofKey, position ? sql`started_at <= ${timestamptz(position.at)}` : undefined)}
      order by started_at desc fetch first ${OWN_REQUESTS} rows with ties
    ), tips as materialized (
      select distinct on (messages_node_id) messages_node_id as node_id, id as request_id, started_at
      from own where messages_node_id is not null order by messages_node_id, started_at, id
    ), ends as materialized (
      select node_id from tips
      union
      select messages_node_id from requests
      where ${ofKey} and messages_node_id is not null and conversation_id in (select conversation_id from own)
        and started_at < (select min(started_at) from own)
    ), walk as (
      select t.request_id, t.started_at, n.parent_id, n.content_id from tips t join nodes n on n.id = t.node_id
      union all
      select w.request_id, w.started_at, n.parent_id, n.content_id from walk w join nodes n on n.id = w.parent_id
      where n.id not in (select node_id from ends)
    ), sent as (
      select distinct on (content_id) * from (
        select content_id, request_id, started_at from walk
        union all
        select response_content_id, id, started_at from own where response_content_id is not null
      ) every order by content_id, started_at, request_id
    ), found as (
      select e.content_id, e.domain_id, e.role, sent.request_id, sent.started_at
      from sent join search_entries e on e.content_id = sent.content_id
      where ${allOf(
        sql`e.words @@ ${toTsquery(terms)}::tsquery`,
        inDomain(domain, "e.domain_id"),
        role === undefined ? undefined : sql`e.role = ${role}`,
        from && sql`sent.started_at >= ${timestamptz(from)}`,
        to && sql`sent.started_at < ${timestamptz(to)}`,
        position
          ? sql`(sent.started_at, e.content_id) < (${timestamptz(position.at)}, ${position.id}::bigint)`
          : undefined,
      )}
      order by sent.started_at desc, e.content_id desc limit ${limit}
    )
    select of_window.*, m.* from (
      select round(extract(epoch from min(started_at)) * 1000)::bigint as oldest, count(*) as requests from own
    ) of_window left join (
      select f.content_id, f.role, f.request_id, round(extract(epoch from f.started_at) * 1000)::bigint as at, c.size,
        d.name as domain, coalesce(r.conversation_id, s.conversation_id) as conversation_id,
        coalesce(r.branch_id, s.branch_id) as branch_id, coalesce(r.branch_key, s.branch_key) as branch_key
      from found f
      join domains d on d.id = f.domain_id
      join own r on r.id = f.request_id
      left join contents c on c.id = f.content_id
      left join requests s on s.id = r.serves_request_id and s.started_at <= r.started_at and s.${ofKey}
    ) m on true
    order by m.at desc, m.content_id desc`);
  const candidates = rows.filter((row): row is typeof row & Candidate => row.content_id !== null);
  const last = candidates.at(-1);
  if (last && candidates.length === limit) return { candidates, next: positionOf(last) };
  const { oldest, requests } = rows[0]!;
  const isEnd = oldest === null || Number(requests) < OWN_REQUESTS;
  return { candidates, next: isEnd ? null : { at: Number(oldest) - 1, id: LAST_ID } };
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
