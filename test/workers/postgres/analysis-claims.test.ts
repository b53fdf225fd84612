/** Claims of analyses by many consumers at once, each with a connection of its own, over a PostgreSQL with many sessions. */
import { env } from "cloudflare:workers";
import { expect, inject, it } from "vitest";
import { loadConfig } from "../../../workers/runtime/config.ts";
import { claimAnalysis } from "../../../workers/store/analyses/jobs.ts";
import { withWriter } from "../../../workers/store/db/db.ts";

const JOBS = 100;
const SLOTS = 3;
/** PostgreSQL has 100 connections by default, some of them for other tests. */
const CONSUMERS = 20;

const postgres = inject("postgres");
const config = loadConfig({ ...env, DATABASE_URL: postgres?.databaseUrls[0] ?? "" });
const LIMITS = { maxConcurrent: SLOTS, maxAttempts: 3, leaseMs: 600_000, dailyBudget: null };

const rows = <T>(statement: string) =>
  withWriter(config, async (db) => (await db.$client.query(statement)).rows as T[]);

/** The states of claims of these analyses, made by several consumers at once. */
async function claimAll(ids: readonly string[]): Promise<Record<string, number>> {
  const queue = [...ids];
  const states: Record<string, number> = {};
  const consume = async () => {
    for (let id = queue.shift(); id; id = queue.shift()) {
      const { state } = await claimAnalysis(config, id, LIMITS, new Date());
      states[state] = (states[state] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CONSUMERS }, consume));
  return states;
}

it.skipIf(!postgres)(
  "100 jobs take no more than the slots, and a message delivered ten times one",
  async () => {
    await rows("INSERT INTO domains (name, analysis_enabled) VALUES ('claims.example', true)");
    const made = await rows<{ id: string }>(
      `INSERT INTO analyses (id, domain_id, conversation_id, branch_key, branch_id, version, is_current, status, next_attempt_at, provider,
       model, requested_by, created_at, updated_at)
     SELECT gen_random_uuid(), domains.id, gen_random_uuid(), gen_random_uuid(), 'main', 1, true, 'pending', now(), 'gemini',
       'gemini-3.8-flash', 'test', now(), now() FROM domains, generate_series(1, ${JOBS}) WHERE name = 'claims.example' RETURNING id`,
    );
    expect(await claimAll(made.map(({ id }) => id))).toEqual({ claimed: SLOTS, wait: JOBS - SLOTS });
    await rows("UPDATE analyses SET status = 'completed' WHERE status = 'processing'");
    await rows("UPDATE analyses SET next_attempt_at = now() - interval '1 s' WHERE status = 'pending'");
    const [waiting] = await rows<{ id: string }>("SELECT id FROM analyses WHERE status = 'pending' LIMIT 1");
    expect(await claimAll(Array.from({ length: 10 }, () => waiting!.id))).toEqual({ claimed: 1, wait: 9 });
  },
);
