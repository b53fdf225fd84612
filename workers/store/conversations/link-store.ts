/**
 * The LinkStore over Postgres: evidence, keys and task calls of one domain, inside the transaction that holds the domain's lock.
 * workers/domain/linking chooses parents; requests/write.ts and links.ts write the links of rows.
 */
import { and, eq, inArray, isNotNull, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/pg-core";
import { linkEvidence, linkKeys, requests, taskAgents, taskInvocations } from "../../../drizzle/schema.ts";
import { startedAtOf } from "../../domain/exchange-id.ts";
import {
  agentKeyOf,
  type Evidence,
  type FullEvidence,
  isAncestorKey,
  type LinkKey,
} from "../../domain/linking/evidence/evidence.ts";
import type { FoundEvidence, Lookup, StoredCall } from "../../domain/linking/evidence/lookup.ts";
import type { Link, LinkStore } from "../../domain/linking/link-store.ts";
import { together } from "../../domain/together.ts";
import { columnsNamed } from "../db/columns.ts";
import type { WriterTransaction } from "../db/db.ts";
import { among } from "../db/sql.ts";
import { EVIDENCE_COLUMNS, readLookups } from "./link-lookups.ts";

/** The members of a Link that are columns of its row. */
export const LINK_MEMBERS = [
  ...(["conversationId", "branchId", "branchKey", "parentRequestId", "isSubtask"] as const),
  ...(["parentTaskRequestId", "linkKind", "linkedBy", "linkConfidence"] as const),
];

/** Rows of one statement: Postgres accepts 65,535 parameters. */
const MAX_ROWS = 2_000;

/** The store of one domain within `tx`. */
export function linkStore(tx: WriterTransaction, domainId: number): LinkStore {
  return {
    saveEvidence: (arrivals) => saveEvidence(tx, domainId, arrivals),
    find: (lookups: readonly Lookup[]): Promise<FoundEvidence[][]> => readLookups(tx, domainId, lookups),
    evidenceOf: (ids) => evidenceOf(tx, ids),
    keysOf: (ids) => keysOf(tx, ids),
    linksOf: async (ids) => (ids.length === 0 ? [] : readLinks(tx, withIds(ids))),
    familyOf: async (ids) =>
      ids.length === 0 ? [] : readLinks(tx, or(withIds(ids), inArray(requests.parentRequestId, [...ids]))),
    servedBy: async (ids) => {
      if (ids.length === 0) return new Map();
      const served = columnsNamed(requests, ["id", "servesRequestId"]);
      const rows = await tx.select(served).from(requests).where(withIds(ids));
      return new Map(
        rows.flatMap(({ id, servesRequestId }) => (servesRequestId === null ? [] : [[id, servesRequestId]])),
      );
    },
    conversationsOf: async (ids) =>
      ids.length === 0 ? [] : readLinks(tx, inArray(requests.conversationId, [...ids])),
    repeatedIn: async (ids) =>
      ids.length === 0 ? [] : readRepeated(tx, inArray(requests.conversationId, [...ids])),
    repeatedOf: async (ids) => (ids.length === 0 ? [] : readRepeated(tx, withIds(ids, side))),
    callsOf: async (keys) =>
      keys.length === 0 ? [] : readCalls(tx, domainId, inArray(taskInvocations.promptKey, [...keys])),
    callsNamedBy: (arrivals) => callsNamedBy(tx, domainId, arrivals),
    saveKeys: async (keys) => void (await together(...keyInserts(tx, domainId, keys))),
    saveAssignments: async (assignments) => {
      for (const { requestId, position, subtaskRequestId } of assignments)
        await tx
          .update(taskInvocations)
          .set({ subtaskRequestId })
          .where(and(eq(taskInvocations.requestId, requestId), eq(taskInvocations.position, position)));
    },
    saveAmbiguity: async (ambiguity) => {
      for (const isAmbiguous of [true, false]) {
        const ids = ambiguity
          .filter((each) => each.isAmbiguous === isAmbiguous)
          .map((each) => each.requestId);
        if (ids.length > 0)
          await tx.update(linkEvidence).set({ isAmbiguous }).where(inArray(linkEvidence.requestId, ids));
      }
    },
  };
}

async function saveEvidence(
  tx: WriterTransaction,
  domainId: number,
  arrivals: readonly FullEvidence[],
): Promise<void> {
  // drizzle ignores members that are no columns.
  const rows = arrivals.map((each) => ({ ...each, form: each.flags, domainId }));
  const inserts = inParts(rows, (part) =>
    tx
      .insert(linkEvidence)
      .values(part)
      .onConflictDoUpdate({
        target: linkEvidence.requestId,
        set: Object.fromEntries(
          Object.entries(EVIDENCE_COLUMNS).map(([member, { name }]) => [
            member,
            sql`excluded.${sql.identifier(name)}`,
          ]),
        ),
      }),
  );
  const keys = arrivals.flatMap(({ requestId, keys }) =>
    keys.filter((key) => !isAncestorKey(key)).map((key) => ({ ...key, requestId })),
  );
  await together(...inserts, ...keyInserts(tx, domainId, keys), ...taskStatements(tx, domainId, arrivals));
}

const inParts = <Row, Statement>(rows: readonly Row[], statement: (part: Row[]) => Statement): Statement[] =>
  Array.from({ length: Math.ceil(rows.length / MAX_ROWS) }, (_, n) =>
    statement(rows.slice(n * MAX_ROWS, (n + 1) * MAX_ROWS)),
  );

const keyInserts = (
  tx: WriterTransaction,
  domainId: number,
  keys: readonly (LinkKey & { requestId: string })[],
) =>
  inParts(keys, (part) =>
    tx
      .insert(linkKeys)
      .values(part.map((key) => ({ ...key, domainId })))
      .onConflictDoNothing(),
  );

/** In the order in which they must run. */
function taskStatements(
  tx: WriterTransaction,
  domainId: number,
  arrivals: readonly FullEvidence[],
): PromiseLike<unknown>[] {
  const statements: PromiseLike<unknown>[] = [];
  const calls = arrivals.flatMap(({ requestId, tasks }) =>
    tasks.map((task) => ({
      ...task,
      requestId,
      domainId,
      startedAt: new Date(startedAtOf(requestId) ?? 0),
    })),
  );
  const agents = arrivals.flatMap(({ mentions }) => mentions.map((mention) => ({ ...mention, domainId })));
  if (calls.length > 0)
    statements.push(
      tx
        .insert(taskInvocations)
        .values(calls)
        // Relinking derives the key of a stored prompt again.
        .onConflictDoUpdate({
          target: [taskInvocations.requestId, taskInvocations.position],
          set: { promptKey: sql`excluded.prompt_key` },
        }),
    );
  if (agents.length > 0) statements.push(tx.insert(taskAgents).values(agents).onConflictDoNothing());
  const named = [...calls, ...agents].map(({ toolUseId }) => toolUseId);
  if (named.length > 0)
    statements.push(
      tx
        .update(taskInvocations)
        .set({
          agentId: sql`(SELECT min(a.agent_id) FROM task_agents a
            WHERE a.domain_id = ${domainId}::int AND a.tool_use_id = task_invocations.tool_use_id)`,
        })
        .where(and(eq(taskInvocations.domainId, domainId), inArray(taskInvocations.toolUseId, named))),
    );
  return statements;
}

async function evidenceOf(tx: WriterTransaction, ids: readonly string[]): Promise<Evidence[]> {
  if (ids.length === 0) return [];
  const { form: flags, ...keys } = EVIDENCE_COLUMNS;
  return tx
    .select({ requestId: linkEvidence.requestId, flags, ...keys })
    .from(linkEvidence)
    .where(inArray(linkEvidence.requestId, [...ids]));
}

async function keysOf(tx: WriterTransaction, ids: readonly string[]): Promise<Map<string, LinkKey[]>> {
  const keys = new Map<string, LinkKey[]>();
  if (ids.length === 0) return keys;
  const rows = await tx
    .select()
    .from(linkKeys)
    .where(inArray(linkKeys.requestId, [...ids]));
  for (const { requestId, purpose, key, rank } of rows) {
    const own = keys.get(requestId) ?? [];
    own.push({ purpose: purpose as LinkKey["purpose"], key, rank });
    keys.set(requestId, own);
  }
  return keys;
}

const side = alias(requests, "side");

const withIds = (ids: readonly string[], of?: typeof side) =>
  among(
    ids.map((id) => ({ id, startedAt: new Date(startedAtOf(id) ?? 0) })),
    of,
  );

async function readLinks(tx: WriterTransaction, condition: ReturnType<typeof and>): Promise<Link[]> {
  const rows = await tx
    .select({ ...columnsNamed(requests, LINK_MEMBERS), requestId: requests.id, ...EVIDENCE_OF_LINK })
    .from(requests)
    // A request whose evidence is gone keeps its place.
    .leftJoin(linkEvidence, eq(linkEvidence.requestId, requests.id))
    .where(condition);
  return rows
    .filter(({ conversationId }) => conversationId !== null)
    .map((row) => ({ ...row, flags: row.flags ?? 0 }) as Link);
}

async function readRepeated(tx: WriterTransaction, condition: ReturnType<typeof and>): Promise<Link[]> {
  const rows = await tx
    .select({
      ...columnsNamed(requests, LINK_MEMBERS),
      parentRequestId: requests.id,
      requestId: side.id,
      ...EVIDENCE_OF_LINK,
    })
    .from(requests)
    .innerJoin(side, eq(side.servesRequestId, requests.id))
    .innerJoin(linkEvidence, eq(linkEvidence.requestId, side.id))
    .where(and(condition, isNotNull(requests.conversationId), isNotNull(linkEvidence.textKey)));
  return rows.map((row) => ({ ...row, linkKind: "turn" }) as Link);
}

/** What a link has of its evidence. */
const EVIDENCE_OF_LINK = { flags: linkEvidence.form, textKey: linkEvidence.textKey };

async function readCalls(
  tx: WriterTransaction,
  domainId: number,
  condition: ReturnType<typeof inArray>,
): Promise<StoredCall[]> {
  const rows = await tx
    .select({
      requestId: taskInvocations.requestId,
      position: taskInvocations.position,
      promptKey: taskInvocations.promptKey,
      agentId: taskInvocations.agentId,
      subtaskRequestId: taskInvocations.subtaskRequestId,
      sessionKey: linkEvidence.sessionKey,
      agentKey: linkEvidence.agentKey,
    })
    .from(taskInvocations)
    .innerJoin(linkEvidence, eq(linkEvidence.requestId, taskInvocations.requestId))
    .where(and(eq(taskInvocations.domainId, domainId), condition));
  return rows.map(({ sessionKey, agentKey, agentId, ...call }) => ({
    ...call,
    caller: { requestId: call.requestId, sessionKey, agentKey },
    agentKey: agentId === null ? null : agentKeyOf(agentId),
  }));
}

async function callsNamedBy(
  tx: WriterTransaction,
  domainId: number,
  arrivals: readonly FullEvidence[],
): Promise<StoredCall[]> {
  const named = arrivals.flatMap(({ mentions, tasks }) =>
    [...mentions, ...tasks].map(({ toolUseId }) => toolUseId),
  );
  return named.length === 0 ? [] : readCalls(tx, domainId, inArray(taskInvocations.toolUseId, named));
}
