/**
 * History linked again, a batch of requests at a time: evidence is made anew from what is stored and everything it concerns
 * chosen again, as on arrival. For what was stored before a rule existed. May be repeated and interrupted at will: whatever
 * was done is done. Called by the API for administrators.
 */
import { and, asc, count, eq, gt, gte, inArray } from "drizzle-orm";
import { domains, linkEvidence, linkKeys, requests } from "../../../drizzle/schema.ts";
import type { Config } from "../../runtime/config.ts";
import { newExchangeId, startedAtOf } from "../../domain/exchange-id.ts";
import type { RelinkResult } from "../../schemas/api/relink.ts";
import { updateConversationTotals } from "./totals.ts";
import { withWriter, type WriterTransaction } from "../db/db.ts";
import { lockDomain } from "../db/domain-lock.ts";
import { readEvidence } from "./link-evidence.ts";
import { SIDE_REQUEST_LINK, type LinkColumns, writeLinkColumns, writeLinks } from "./links.ts";

export interface RelinkBatch {
  domain: string;
  since: Date | undefined;
  /** The last request of the batch before. */
  cursor: string | undefined;
  limit: number;
  dryRun: boolean;
}

const SHOWN = 20;
const FIRST_ID = "00000000-0000-0000-0000-000000000000";

/** Takes back what a dry run did. */
class DryRun extends Error {
  readonly answer: RelinkResult;
  constructor(answer: RelinkResult) {
    super("a dry run changes nothing");
    this.answer = answer;
  }
}

/** Links one batch of a domain's requests again, the oldest first; null where the domain was never seen. */
export async function relink(config: Config, batch: RelinkBatch): Promise<RelinkResult | null> {
  return withWriter(config, async (db) => {
    const [known] = await db.select().from(domains).where(eq(domains.name, batch.domain));
    if (!known) return null;
    try {
      return await db.transaction(async (tx) => {
        const answer = await relinkBatch(tx, batch);
        if (batch.dryRun) throw new DryRun(answer);
        return answer;
      });
    } catch (thrown) {
      if (thrown instanceof DryRun) return thrown.answer;
      throw thrown;
    }
  });
}

async function relinkBatch(tx: WriterTransaction, batch: RelinkBatch): Promise<RelinkResult> {
  const domainId = await lockDomain(tx, batch.domain);
  const rest = behind(domainId, batch);
  const rows = await tx
    .select(BEFORE)
    .from(requests)
    .where(rest)
    .orderBy(asc(requests.id))
    .limit(batch.limit);
  const [total] = await tx.select({ n: count() }).from(requests).where(rest);
  const made = await readEvidence(tx, rows);
  const linkable = new Set(made.map(({ requestId }) => requestId));
  const ids = rows.map(({ id }) => id);
  const apart = rows.filter(
    ({ id, endpoint, bodyKind }) => !linkable.has(id) && !(endpoint === "messages" && bodyKind === "bytes"),
  );
  if (ids.length > 0)
    await tx.delete(linkKeys).where(inArray(linkKeys.requestId, [...linkable, ...idsOf(apart)]));
  if (apart.length > 0) await tx.delete(linkEvidence).where(inArray(linkEvidence.requestId, idsOf(apart)));
  const links = await writeLinks(tx, domainId, made);
  await writeLinkColumns(tx, rows, links);
  for (const { id, startedAt } of apart)
    await tx
      .update(requests)
      .set(NOWHERE)
      .where(and(eq(requests.id, id), eq(requests.startedAt, startedAt)));

  const changes = new Map<string, RelinkResult["changes"][number]>();
  const note = (requestId: string, before: Place, after: Place) => {
    const change = { requestId, before: placeOf(before), after: placeOf(after) };
    if (JSON.stringify(change.before) !== JSON.stringify(change.after)) changes.set(requestId, change);
  };
  for (const { before, after } of links.moved) note(after.requestId, before, after);
  for (const row of rows)
    note(row.id, row, links.columns.get(row.id) ?? (linkable.has(row.id) ? row : NOWHERE));
  for (const { id, endpoint, bodyKind } of rows)
    if (endpoint === "messages" && bodyKind === "bytes") changes.delete(id);
  await updateConversationTotals(tx, {
    changed: new Set(
      [
        ...links.changed,
        ...[...changes.values()].flatMap(({ before, after }) => [
          before.conversationId,
          after.conversationId,
        ]),
      ].filter((id) => id !== null),
    ),
    added: [],
  });
  const last = rows.at(-1);
  const remaining = (total?.n ?? 0) - rows.length;
  return {
    domain: batch.domain,
    checked: rows.length,
    remaining,
    changed: changes.size,
    changes: [...changes.values()].slice(0, SHOWN),
    nextCursor: remaining > 0 && last ? last.id : null,
  };
}

/** An id tells its time, so one comparison follows both. */
function behind(domainId: number, { cursor, since }: RelinkBatch) {
  const from = cursor ?? (since ? newExchangeId(since.getTime(), new Uint8Array(10)) : FIRST_ID);
  const startedAt = startedAtOf(from);
  return and(
    eq(requests.domainId, domainId),
    gt(requests.id, from),
    startedAt === null ? undefined : gte(requests.startedAt, new Date(startedAt)),
  );
}

const PLACE = {
  conversationId: requests.conversationId,
  branchId: requests.branchId,
  parentRequestId: requests.parentRequestId,
  parentTaskRequestId: requests.parentTaskRequestId,
  linkKind: requests.linkKind,
};
const BEFORE = {
  ...PLACE,
  id: requests.id,
  startedAt: requests.startedAt,
  endpoint: requests.endpoint,
  bodyKind: requests.bodyKind,
};

const NOWHERE = {
  ...SIDE_REQUEST_LINK,
  conversationId: null,
  branchId: null,
  branchKey: null,
  parentRequestId: null,
  isSubtask: false,
  parentTaskRequestId: null,
} satisfies LinkColumns;

type Place = { [Name in keyof typeof PLACE]?: string | null | undefined };

function placeOf(place: Place): RelinkResult["changes"][number]["before"] {
  return {
    conversationId: place.conversationId ?? null,
    branchId: place.branchId ?? null,
    parentRequestId: place.parentRequestId ?? null,
    parentTaskRequestId: place.parentTaskRequestId ?? null,
    linkKind: place.linkKind ?? null,
  };
}

function idsOf(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id);
}
