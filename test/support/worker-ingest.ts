/** Drives the queue consumer in workerd tests, and reads the results from Postgres and the journal. */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { requests } from "../../drizzle/schema.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { handleBatch } from "../../workers/ingest/consumer.ts";
import { readRequestBody, readResponseBody } from "../../workers/store/content/request-body.ts";
import { reader, withWriter } from "../../workers/store/db/db.ts";
import {
  listJournal,
  writeJournalRequest,
  writeJournalResponse,
} from "../../workers/store/journal/objects.ts";
import type { ExchangeMessage } from "../../workers/schemas/exchange.ts";
import { exchangeMessage, makeExchange, NOON, type TestExchange } from "./exchanges.ts";
import { queryRows, resetDatabase } from "./worker-database.ts";

export const DEAD = { queue: "nexus-exchanges-dead" };
/** No server listens there. */
export const noDatabase = { NEON_BRIDGE: "127.0.0.1:1" } as Partial<Env>;
/** A call of R2 that fails. */
export const failR2 = () => Promise.reject(new Error("internal error (10001)"));
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

/** The delivery of one message that is not retried. */
export const ACKNOWLEDGED: Delivered = { acks: [0], retries: {} };

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

/** Writes both parts, or those named, to the journal; returns the exchange. */
export async function journal(
  exchange: TestExchange,
  parts: readonly ("request" | "response")[] = ["request", "response"],
  bucket = env.JOURNAL,
): Promise<TestExchange> {
  const { request, response } = exchange;
  if (parts.includes("request")) await writeJournalRequest(bucket, request.metadata, request.body);
  if (parts.includes("response")) await writeJournalResponse(bucket, response.metadata, response.body);
  return exchange;
}

/** The message that the proxy enqueues for an exchange. */
export const messageOf = (exchange: TestExchange, fields: Partial<ExchangeMessage> = {}) => ({
  body: exchangeMessage(exchange, fields),
});

/** The message that the sweep enqueues for an exchange. */
export const sweptMessage = (exchange: TestExchange, fields: Partial<ExchangeMessage> = {}) =>
  messageOf(exchange, { rungBy: "sweep", domain: "", ...fields });

/** Writes the exchanges to the journal and delivers their messages in one batch. */
export async function ingest(...exchanges: TestExchange[]): Promise<Delivered> {
  for (const exchange of exchanges) await journal(exchange);
  return deliver(exchanges.map((exchange) => messageOf(exchange)));
}

/** The journal with other methods in place of those named. */
export function journalWith(methods: Partial<Record<keyof R2Bucket, unknown>>): Partial<Env> {
  const JOURNAL = new Proxy(env.JOURNAL, {
    get: (bucket, name: keyof R2Bucket) =>
      methods[name] ?? (bucket[name] as (...args: unknown[]) => unknown).bind(bucket),
  });
  return { JOURNAL };
}

/** A queue that records what is enqueued. */
export function recordingQueue() {
  const enqueued: ExchangeMessage[] = [];
  const EXCHANGES = {
    sendBatch: async (messages: { body: ExchangeMessage }[]) =>
      void enqueued.push(...messages.map(({ body }) => body)),
  } as unknown as Queue;
  return { enqueued, bindings: { EXCHANGES } };
}

/** The recorded failures, as the columns of their table. */
export const ingestFailures = () =>
  queryRows<{ exchange_id: string; domain: string; attempts: number; error: string }>(
    "SELECT exchange_id, domain, attempts, error FROM ingest_failures",
  );

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

/** Everything that ingest has stored or left in the journal. */
export const storage = async () => ({
  rows: await storedOutcomes(),
  counted: await countedExchanges(),
  journal: await journalContents(),
  failures: await ingestFailures(),
});

/** The bodies of a row as the store reads them; null where nothing is stored. */
export async function storedBodies(row: typeof requests.$inferSelect) {
  const db = reader(loadConfig(env));
  return { request: await readRequestBody(db, row), response: await readResponseBody(db, row) };
}

/** The bodies that `storedBodies` returns where the exchange is stored whole. */
export const bodiesOf = ({ request, response }: TestExchange) => ({
  request: request.body,
  response: response.body,
});

/** One row as the store reads it, of the exchange with this id. */
export async function storedRow(id: string): Promise<typeof requests.$inferSelect> {
  const [row] = await withWriter(loadConfig(env), (db) =>
    db.select().from(requests).where(eq(requests.id, id)),
  );
  if (!row) throw new Error(`${id} is not stored`);
  return row;
}
