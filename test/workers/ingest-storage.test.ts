/** The storage of a turn in Postgres: its new contents, not its history. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { conversationTurn } from "../support/conversation.ts";
import { makeExchange, type TestExchange, NOON } from "../support/exchanges.ts";
import { queryRows } from "../support/worker-database.ts";
import { deliver, resetStorage, journal, messageOf, ingest } from "../support/worker-ingest.ts";

const YEAR_MS = 365 * 86_400_000;

beforeEach(resetStorage);

/** Turn `n` as Claude Code sends it, with the response headers of a subscription. */
function turnOf(n: number, seed: number): TestExchange {
  const turn = conversationTurn(n, { seed });
  return makeExchange({
    startedAt: NOON + seed * 4_000_000 + n * 30_000,
    requestBody: turn.bytes,
    responseBody: turn.stream,
    requestMetadata: {
      headers: {
        "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,effort-2025-11-24",
        "anthropic-version": "2023-06-01",
        "user-agent": "claude-cli/2.1.330 (external, cli)",
        "x-claude-code-session-id": turn.sessionId,
        "content-length": String(turn.bytes.length),
      },
    },
    responseMetadata: {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        "request-id": `req_011CVMeW2QNZHgzLqmqN${String(n).padStart(4, "0")}`,
        "anthropic-organization-id": "3c4e8f6a-2b1d-4c5e-9f7a-0d1e2f3a4b5c",
        "anthropic-ratelimit-unified-status": "allowed",
        "anthropic-ratelimit-unified-reset": "1763850000",
        "anthropic-ratelimit-unified-5h-utilization": (n / 400).toFixed(2),
        "cf-ray": `9a2b3c4d5e6f${String(n).padStart(4, "0")}-AMS`,
      },
    },
  });
}

async function ingestTurns(from: number, to: number, { seed = 1, together = 10 } = {}): Promise<void> {
  for (let n = from; n < to; n += together) {
    const turns = Array.from({ length: Math.min(together, to - n) }, (_, i) => turnOf(n + i, seed));
    const { acks } = await ingest(...turns);
    expect(acks).toHaveLength(turns.length);
  }
}

/** Bytes on disk of all tables with their indexes, without response streams, the full-text index and attempts, whose rows are deleted. */
async function bytesOnDisk(): Promise<number> {
  const [sum] = await queryRows<{ bytes: string }>(`
    SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname !~ '^(response_bodies|search_entries|ingest_attempts)'`);
  return Number(sum!.bytes);
}

/** Bytes of all rows, without pages and indexes: exact, while sizes on disk grow in steps. */
async function bytesOfRows(): Promise<number> {
  const [sum] = await queryRows<{ bytes: string }>(`
    SELECT (SELECT sum(pg_column_size(c.*)) FROM contents c) + (SELECT sum(pg_column_size(n.*)) FROM nodes n)
         + (SELECT sum(pg_column_size(r.*)) FROM requests r) AS bytes`);
  return Number(sum!.bytes ?? 0);
}

describe("a conversation of 100 turns with 4 KB new in each", () => {
  // A new database allocates the first page of every table and index, up to 0.2 MB, with the first turn.
  it("takes at most 0.79 MB as the first one of a database, and 6 KB a turn after the first", async () => {
    const empty = await bytesOnDisk();
    await ingestTurns(0, 1, { together: 1 });
    const first = await bytesOnDisk();
    await ingestTurns(1, 100, { together: 1 });
    const all = await bytesOnDisk();
    expect(all - empty).toBeLessThanOrEqual(790_000);
    expect(all - first).toBeLessThanOrEqual(99 * 6_000);
  });

  it("stores each content once, in any batches", async () => {
    await ingestTurns(0, 40, { seed: 1, together: 7 });
    await ingestTurns(0, 40, { seed: 1, together: 40 });
    const twice = await queryRows(`
      SELECT 'content' AS what FROM contents GROUP BY domain_id, sha256 HAVING count(*) > 1
      UNION ALL SELECT 'node' FROM nodes GROUP BY domain_id, hash HAVING count(*) > 1`);
    expect(twice).toEqual([]);
    const [count] = await queryRows("SELECT count(*)::int AS rows FROM requests");
    // The second run stores other exchanges with the same bodies.
    expect(count).toEqual({ rows: 80 });
  });
});

describe("a turn", () => {
  it("takes as many bytes at the 190th as at the tenth", async () => {
    const bytesPerTurn = async (from: number, to: number) => {
      const before = await bytesOfRows();
      await ingestTurns(from, to);
      return ((await bytesOfRows()) - before) / (to - from);
    };
    await ingestTurns(0, 10);
    const early = await bytesPerTurn(10, 30);
    // The history of this one has all turns between.
    await ingestTurns(179, 180);
    const late = await bytesPerTurn(180, 200);
    expect(late / early).toBeGreaterThan(0.8);
    expect(late / early).toBeLessThan(1.2);
  });

  it("takes five round trips while it holds the domain's lock, and twenty together two more", async () => {
    await ingestTurns(0, 20);
    const lines = vi.spyOn(console, "info").mockImplementation(() => {});
    try {
      const counted = [];
      for (const [from, to] of [
        [20, 21],
        [21, 41],
      ] as const) {
        const turns = Array.from({ length: to - from }, (_, i) => turnOf(from + i, 1));
        for (const turn of turns) await journal(turn);
        lines.mockClear();
        await deliver(
          turns.map((turn) => messageOf(turn)),
          // The turns are of another day; this keeps them newer than the sweep's age.
          { bindings: { DEBUG_SQL: "true", SWEEP_AFTER_MS: String(10 * YEAR_MS) } as Partial<Env> },
        );
        const statements = lines.mock.calls.map(
          ([line]) => JSON.parse(String(line)) as { statement?: string; pipelined?: boolean },
        );
        const [begin, commit] = ["begin", "commit"].map((text) =>
          statements.findIndex(({ statement }) => statement === text),
        );
        const locked = statements.slice(begin, commit! + 1);
        counted.push(locked.filter(({ pipelined }) => !pipelined).length);
      }
      // The second batch has twenty turns of one conversation, each of which is the prefix of the next.
      expect(counted[0]).toBeLessThanOrEqual(5);
      expect(counted[1]).toBeLessThanOrEqual(7);
    } finally {
      lines.mockRestore();
    }
  });
});
