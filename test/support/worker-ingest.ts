/** Drives the queue consumer in workerd tests, and reads the results from Postgres and the journal. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { requests } from "../../drizzle/schema.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { handleBatch } from "../../workers/ingest/consumer.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import {
  listJournal,
  writeJournalRequest,
  writeJournalResponse,
} from "../../workers/store/journal/objects.ts";
import { makeExchange, NOON, type TestExchange } from "./exchanges.ts";
import { queryRows, resetDatabase } from "./worker-database.ts";

export const DEAD = { queue: "nexus-exchanges-dead" };
/** No server listens there. */
export const noDatabase = { NEON_BRIDGE: "127.0.0.1:1" } as Partial<Env>;
/** An exchange that Postgres rejects: its status does not fit the column. */
export const rejectedExchange = (startedAt = NOON): TestExchange =>
  makeExchange({ startedAt, responseMetadata: { status: 70_000 } });

export interface SentMessage {
  body: unknown;
  attempts?: number;
}

export interface Delivered {
  /** Positions in the batch of the messages acknowledged, sorted. */
  acks: number[];
  /** The messages retried: position → delay in seconds. */
  retries: Record<number, number>;
}

/** An empty database and an empty journal. */
export async function resetStorage(): Promise<void> {
  await resetDatabase();
  for (;;) {
    const { objects } = await env.JOURNAL.list();
    if (objects.length === 0) return;
    await env.JOURNAL.delete(objects.map(({ key }) => key));
  }
}

/** Delivers one batch (hand-made, because that of `cloudflare:test` drops delays). `bindings` replaces parts of the environment. */
export async function deliver(
  sent: SentMessage[],
  { queue = "nexus-exchanges", bindings = {} }: { queue?: string; bindings?: Partial<Env> } = {},
): Promise<Delivered> {
  const delivered: Delivered = { acks: [], retries: {} };
  const settled = new Set<number>();
  const settle = (n: number, how: () => void) => {
    // As in the queue, the first call counts.
    if (!settled.has(n)) how();
    settled.add(n);
  };
  const messages = sent.map(({ body, attempts = 1 }, n) => ({
    id: String(n),
    timestamp: new Date(),
    attempts,
    body,
    ack: () => settle(n, () => delivered.acks.push(n)),
    retry: (options?: QueueRetryOptions) =>
      settle(n, () => (delivered.retries[n] = options?.delaySeconds ?? 0)),
  }));
  const batch = { queue, messages } as unknown as MessageBatch;
  const ctx = createExecutionContext();
  await handleBatch(batch, { ...env, ...bindings }, ctx);
  await waitOnExecutionContext(ctx);
  delivered.acks.sort((a, b) => a - b);
  return delivered;
}

/** Writes both parts, or those named, to the journal. */
export async function journal(
  bucket: R2Bucket,
  { request, response }: TestExchange,
  parts: ("request" | "response")[] = ["request", "response"],
): Promise<void> {
  if (parts.includes("request")) await writeJournalRequest(bucket, request.metadata, request.body);
  if (parts.includes("response")) await writeJournalResponse(bucket, response.metadata, response.body);
}

/** Ids and outcomes of all rows, in order of time. */
export async function storedOutcomes(): Promise<{ id: string; outcome: string }[]> {
  return queryRows("SELECT id, outcome FROM requests ORDER BY started_at, id");
}

/** How many exchanges the rollups have counted. */
export async function countedExchanges(): Promise<number> {
  const [sum] = await queryRows<{ n: number }>("SELECT coalesce(sum(requests), 0)::int AS n FROM rollups");
  return sum!.n;
}

/** What is in the journal: `<id> request`, `<id> response`, `<id> both`. */
export async function journalContents(): Promise<string[]> {
  const { entries } = await listJournal(env.JOURNAL, { limit: 500 });
  return entries.map(
    ({ id, hasRequest, hasResponse }) =>
      `${id} ${hasRequest && hasResponse ? "both" : hasRequest ? "request" : "response"}`,
  );
}

/** One row as the store reads it, of the exchange with this id. */
export async function storedRow(id: string): Promise<typeof requests.$inferSelect> {
  const [row] = await withWriter(loadConfig(env), (db) =>
    db.select().from(requests).where(eq(requests.id, id)),
  );
  if (!row) throw new Error(`${id} is not stored`);
  return row;
}
