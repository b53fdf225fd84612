/**
 * The time that Postgres takes to store a turn, without reading and hashing its bytes: equal at turn 2,000 and turn 20.
 * (Statements: ingest-storage.test.ts; rows that linking reads: workers/domain/linking/cost.test.ts.)
 */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { loadConfig } from "../../workers/runtime/config.ts";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import { exchangeRow } from "../../workers/ingest/rows/exchange-row.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import { storeExchanges } from "../../workers/store/requests/write.ts";
import { conversationTurn } from "../support/conversation.ts";
import { exchangeMessage, makeExchange, NOON } from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage } from "../support/worker-ingest.ts";

const EARLY = 20;
const LATE = 2_000;
/** Turns measured at both ends, alternating, so that load affects both. */
const MEASURED = 15;
const MAX_RATIO = 2;
const config = loadConfig(env);

beforeEach(resetStorage);

/** Two conversations of equal turns, each in a domain of its own. */
const domainOf = (seed: number) => `talk-${seed}.example`;
const startOf = (seed: number, n: number) => NOON + seed * 100_000_000 + n * 10_000;

/** Stores turn `n` and returns the milliseconds of its transaction. */
async function store(n: number, seed: number): Promise<number> {
  const turn = conversationTurn(n, { seed, newText: 256, toolText: 4_000, systemText: 1_000 });
  const made = makeExchange({
    domain: domainOf(seed),
    startedAt: startOf(seed, n),
    requestBody: turn.bytes,
    responseBody: turn.stream,
    requestMetadata: { headers: { "x-claude-code-session-id": turn.sessionId } },
  });
  const exchange = exchangeRow(exchangeMessage(made), made)!;
  return withWriter(config, async (db) => {
    await db.execute("SELECT 1");
    const started = performance.now();
    const { inserted } = await db.transaction((tx) => storeExchanges(tx, domainOf(seed), [exchange]));
    const took = performance.now() - started;
    expect(inserted).toEqual([made.id]);
    return took;
  });
}

/** Copies the conversation's newest row to the turns from `from` up to `to`, without contents. */
async function fill(seed: number, from: number, to: number): Promise<void> {
  const turns = Array.from({ length: to - from }, (_, i) => ({
    id: newExchangeId(startOf(seed, from + i), crypto.getRandomValues(new Uint8Array(10))),
    started_at: new Date(startOf(seed, from + i)).toISOString(),
  }));
  const [newest] = await queryRows<{ id: string }>(
    "SELECT r.id FROM requests r JOIN domains d ON d.id = r.domain_id WHERE d.name = $1 ORDER BY r.id DESC LIMIT 1",
    [domainOf(seed)],
  );
  const given = [newest!.id, JSON.stringify(turns)];
  await queryRows(
    `INSERT INTO requests SELECT made.* FROM requests r, jsonb_array_elements($2::jsonb) turn,
      jsonb_populate_record(r, turn) made WHERE r.id = $1::uuid`,
    given,
  );
  await queryRows(
    `INSERT INTO link_evidence SELECT made.* FROM link_evidence e, jsonb_array_elements($2::jsonb) turn,
      jsonb_populate_record(e, jsonb_build_object('request_id', turn->>'id', 'end_key', hashtextextended(turn->>'id', 1),
        'answer_key', hashtextextended(turn->>'id', 2), 'prior_end_key', hashtextextended(turn->>'id', 3),
        'prior_answer_key', hashtextextended(turn->>'id', 4))) made
      WHERE e.request_id = $1::uuid`,
    given,
  );
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

it(`takes at turn ${LATE} at most ${MAX_RATIO} times what it takes at turn ${EARLY}`, async () => {
  const firstEarly = EARLY - Math.floor(MEASURED / 2);
  const firstLate = LATE - Math.floor(MEASURED / 2);
  for (let n = 0; n < firstEarly; n++) await store(n, 1);
  for (let n = 0; n < 3; n++) await store(n, 2);
  await fill(2, 3, firstLate - 1);
  // Stores the whole history once.
  await store(firstLate - 1, 2);
  const [count] = await queryRows<{ n: number }>(
    "SELECT count(*)::int AS n FROM requests r JOIN domains d ON d.id = r.domain_id WHERE d.name = $1",
    [domainOf(2)],
  );
  expect(count!.n).toBe(firstLate);
  await queryRows("ANALYZE");

  const early: number[] = [];
  const late: number[] = [];
  for (let i = 0; i < MEASURED; i++) {
    early.push(await store(firstEarly + i, 1));
    late.push(await store(firstLate + i, 2));
  }
  const links = await queryRows<{ kind: string; n: number }>(
    `SELECT r.link_kind AS kind, count(*)::int AS n FROM requests r JOIN domains d ON d.id = r.domain_id
      WHERE d.name = $1 AND r.started_at >= $2 AND r.branch_id = 'main' GROUP BY 1`,
    [domainOf(2), new Date(startOf(2, firstLate)).toISOString()],
  );
  expect(links).toEqual([{ kind: "turn", n: MEASURED }]);
  console.log(
    `median of ${MEASURED}: ${median(early).toFixed(1)} ms at turn ${EARLY}, ${median(late).toFixed(1)} ms at ${LATE}`,
  );
  expect(median(late) / median(early)).toBeLessThan(MAX_RATIO);
});
