/**
 * Evidence, keys and calls of tasks in Postgres, for one domain, inside the transaction of ingest that holds the domain's
 * lock. The choices are made by workers/domain/linking; rows get their places by exchanges.ts and links.ts.
 */
import { and, eq, gte, inArray, lte, or, sql } from "drizzle-orm";
import { linkEvidence, linkKeys, requests, taskAgents, taskInvocations } from "../../../drizzle/schema.ts";
import { startedAtOf } from "../../domain/exchange-id.ts";
import { agentKeyOf, type LinkKey, type FullEvidence, KeyPurpose } from "../../domain/linking/evidence.ts";
import type { FoundEvidence, Link, LinkStore, Lookup, StoredCall } from "../../domain/linking/link-store.ts";
import type { WriterTransaction } from "../db/db.ts";
import { readLookups } from "./link-lookups.ts";

/** Rows of one statement: Postgres takes 65,535 parameters. */
const ROWS_AT_ONCE = 2_000;

/** The store of one domain within `tx`. */
export function linkStore(tx: WriterTransaction, domainId: number): LinkStore {
  return {
    saveEvidence: (made) => saveEvidence(tx, domainId, made),
    find: (lookups: readonly Lookup[]): Promise<FoundEvidence[][]> => readLookups(tx, domainId, lookups),
    keysOf: (ids) => keysOf(tx, ids),
    linksOf: async (ids) => (ids.length === 0 ? [] : readLinks(tx, among(ids))),
    familyOf: async (ids) =>
      ids.length === 0 ? [] : readLinks(tx, or(among(ids), inArray(requests.parentRequestId, [...ids]))),
    conversationsOf: async (ids) =>
      ids.length === 0 ? [] : readLinks(tx, inArray(requests.conversationId, [...ids])),
    callsOf: async (keys) =>
      keys.length === 0 ? [] : readCalls(tx, domainId, inArray(taskInvocations.promptKey, [...keys])),
    callsNamedBy: (made) => callsNamedBy(tx, domainId, made),
    saveKeys: (keys) => saveKeys(tx, domainId, keys),
    saveAssignments: async (claims) => {
      for (const { requestId, position, subtaskRequestId } of claims)
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
  made: readonly FullEvidence[],
): Promise<void> {
  const rows = made.map((each) => ({ ...columnsOf(each), domainId }));
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE)
    await tx
      .insert(linkEvidence)
      .values(rows.slice(at, at + ROWS_AT_ONCE))
      .onConflictDoUpdate({
        target: linkEvidence.requestId,
        set: Object.fromEntries(
          UPDATED.map((name) => [name, sql`excluded.${sql.identifier(linkEvidence[name].name)}`]),
        ),
      });
  await saveKeys(
    tx,
    domainId,
    made.flatMap(({ requestId, keys }) =>
      keys
        .filter(({ purpose }) => purpose !== KeyPurpose.ancestorAnswer && purpose !== KeyPurpose.ancestorEnd)
        .map((key) => ({ ...key, requestId })),
    ),
  );
  await saveTasks(tx, domainId, made);
}

const UPDATED = [
  "form",
  "sessionKey",
  "agentKey",
  "endKey",
  "answerKey",
  "priorEndKey",
  "priorAnswerKey",
  "messageKey",
  "priorMessageKey",
  "systemKey",
] as const;

function columnsOf({ requestId, ...rest }: FullEvidence) {
  const { flags: form, sessionKey, agentKey, endKey, answerKey, priorEndKey } = rest;
  const { priorAnswerKey, messageKey, priorMessageKey, systemKey } = rest;
  return {
    requestId,
    form,
    sessionKey,
    agentKey,
    endKey,
    answerKey,
    priorEndKey,
    priorAnswerKey,
    messageKey,
    priorMessageKey,
    systemKey,
  };
}

async function saveKeys(
  tx: WriterTransaction,
  domainId: number,
  keys: readonly (LinkKey & { requestId: string })[],
): Promise<void> {
  for (let at = 0; at < keys.length; at += ROWS_AT_ONCE)
    await tx
      .insert(linkKeys)
      .values(keys.slice(at, at + ROWS_AT_ONCE).map((key) => ({ ...key, domainId })))
      .onConflictDoNothing();
}

async function saveTasks(
  tx: WriterTransaction,
  domainId: number,
  made: readonly FullEvidence[],
): Promise<void> {
  const calls = made.flatMap(({ requestId, tasks }) =>
    tasks.map((task) => ({
      ...task,
      requestId,
      domainId,
      startedAt: new Date(startedAtOf(requestId) ?? 0),
    })),
  );
  const agents = made.flatMap(({ mentions }) => mentions.map((mention) => ({ ...mention, domainId })));
  if (calls.length > 0) await tx.insert(taskInvocations).values(calls).onConflictDoNothing();
  if (agents.length > 0) await tx.insert(taskAgents).values(agents).onConflictDoNothing();
  const named = [...calls, ...agents].map(({ toolUseId }) => toolUseId);
  if (named.length > 0)
    await tx
      .update(taskInvocations)
      .set({
        agentId: sql`(SELECT min(a.agent_id) FROM task_agents a
          WHERE a.domain_id = ${domainId}::int AND a.tool_use_id = task_invocations.tool_use_id)`,
      })
      .where(and(eq(taskInvocations.domainId, domainId), inArray(taskInvocations.toolUseId, named)));
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

function among(ids: readonly string[]) {
  const times = ids.map((id) => startedAtOf(id) ?? 0);
  return and(
    inArray(requests.id, [...ids]),
    // Says which partitions to look at.
    gte(requests.startedAt, new Date(Math.min(...times))),
    lte(requests.startedAt, new Date(Math.max(...times))),
  );
}

async function readLinks(tx: WriterTransaction, condition: ReturnType<typeof and>): Promise<Link[]> {
  const rows = await tx
    .select({
      requestId: requests.id,
      conversationId: requests.conversationId,
      branchId: requests.branchId,
      branchKey: requests.branchKey,
      parentRequestId: requests.parentRequestId,
      isSubtask: requests.isSubtask,
      parentTaskRequestId: requests.parentTaskRequestId,
      linkKind: requests.linkKind,
      linkedBy: requests.linkedBy,
      linkConfidence: requests.linkConfidence,
      form: linkEvidence.form,
    })
    .from(requests)
    .innerJoin(linkEvidence, eq(linkEvidence.requestId, requests.id))
    .where(condition);
  return rows.filter(({ conversationId }) => conversationId !== null) as Link[];
}

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
  made: readonly FullEvidence[],
): Promise<StoredCall[]> {
  const named = made.flatMap(({ mentions, tasks }) =>
    [...mentions, ...tasks].map(({ toolUseId }) => toolUseId),
  );
  return named.length === 0 ? [] : readCalls(tx, domainId, inArray(taskInvocations.toolUseId, named));
}
