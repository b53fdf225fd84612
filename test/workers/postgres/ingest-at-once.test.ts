/**
 * Several consumers at once, each with connections of its own, over a PostgreSQL with many sessions: generated conversations get
 * the same links, totals and contents as one after the other.
 */
import { env } from "cloudflare:workers";
import { expect, inject, it } from "vitest";
import { type TestExchange } from "../../support/exchanges.ts";
import { random } from "../../support/prose.ts";
import { generateMadeExchanges, databaseSnapshots } from "../../support/worker-generated-conversations.ts";
import { deliver, journal, type SentMessage, messageOf } from "../../support/worker-ingest.ts";
import { memoryBucket } from "../../support/worker-memory-bucket.ts";

declare module "vitest" {
  // As test/support/postgres-setup.ts provides them.
  interface ProvidedContext {
    postgres: {
      databaseUrls: [string, string];
      neonBridge: string;
      roles: { owner: string; writer: string; reader: string };
    } | null;
    firstSeed: number;
    setsAtOnce: number;
  }
}

/** Sets of conversations in one queue, each of its own domain. */
const TOGETHER = 2;
/** Consumers per queue, and queues at once. */
const CONSUMERS = 3;
const QUEUES = 4;
const MAX_BATCH = 8;

const postgres = inject("postgres");
const firstSeed = inject("firstSeed");
const CASES = inject("setsAtOnce");
const ABSENT = postgres
  ? ""
  : " (left out: no PostgreSQL here; apt-get install postgresql or set TEST_DATABASE_URL)";

const JOURNAL = memoryBucket();
const atOnce: Env = { ...env, JOURNAL };
const inOrder: Env = { ...env, JOURNAL, DATABASE_URL: postgres?.databaseUrls[1] ?? "" };

interface Arrival {
  /** Stores in the journal what is there when the message arrives. */
  prepare: () => Promise<unknown>;
  message: SentMessage;
}

/** Each exchange once or twice; of some the request first, as the sweep enqueues it, and the response later. */
function arrivals(exchanges: readonly TestExchange[], next: () => number): Arrival[] {
  const placed = exchanges.flatMap((exchange) => {
    const at = next();
    const whole = (from: number): [number, Arrival] => [
      from,
      { prepare: () => journal(exchange, undefined, JOURNAL), message: messageOf(exchange) },
    ];
    const again: [number, Arrival][] = next() < 0.15 ? [whole(at + (1 - at) * next())] : [];
    if (next() >= 0.15) return [whole(at), ...again];
    const request: Arrival = {
      prepare: () => journal(exchange, ["request"], JOURNAL),
      message: messageOf(exchange, { rungBy: "sweep" }),
    };
    return [[at * next(), request] as [number, Arrival], whole(at), ...again];
  });
  return placed.sort(([a], [b]) => a - b).map(([, arrival]) => arrival);
}

async function consume(queue: Arrival[], next: () => number): Promise<void> {
  while (queue.length > 0) {
    const batch = queue.splice(0, 1 + Math.floor(next() * MAX_BATCH));
    for (const { prepare } of batch) await prepare();
    // No message is retried: no deadlock, no two rows of one exchange.
    expect(
      await deliver(
        batch.map(({ message }) => message),
        { bindings: atOnce },
      ),
    ).toEqual({ acks: batch.map((_, n) => n), retries: {} });
  }
}

const nameOf = (seed: number) => `conversations-${seed}.example`;

/** Stores these conversations in order in one database, and at once in the other. */
async function both(seeds: number[]): Promise<void> {
  const sets = seeds.map((seed) => generateMadeExchanges(seed, nameOf(seed)));
  for (const exchanges of sets) {
    for (const exchange of exchanges) await journal(exchange, undefined, JOURNAL);
    await deliver(
      exchanges.map((exchange) => messageOf(exchange)),
      { bindings: inOrder },
    );
  }
  const next = random(seeds[0]!);
  const queue = arrivals(sets.flat(), next);
  await Promise.all(Array.from({ length: CONSUMERS }, () => consume(queue, next)));
}

it.skipIf(!postgres)(
  `links ${CASES} sets of conversations from seed ${firstSeed} on as one consumer does${ABSENT}`,
  async () => {
    const seeds = Array.from({ length: CASES }, (_, n) => firstSeed + n);
    const waiting = Array.from({ length: CASES / TOGETHER }, (_, n) =>
      seeds.slice(n * TOGETHER, (n + 1) * TOGETHER),
    );
    const queues = Array.from({ length: QUEUES }, async () => {
      for (let group = waiting.shift(); group; group = waiting.shift()) await both(group);
    });
    await Promise.all(queues);
    const [wanted, found] = [await databaseSnapshots(inOrder), await databaseSnapshots(atOnce)];
    expect(wanted.size).toBe(CASES);
    for (const seed of seeds)
      expect(found.get(nameOf(seed)), `seed ${seed}`).toEqual(wanted.get(nameOf(seed)));
  },
);
