/** Ingest throughput, and growth of the database per turn. */
import { withFarPostgres } from "../database/far-postgres.ts";
import { withLocalStack } from "../database/local-stack.ts";
import type { Line } from "../lib/table.ts";
import { limitLine } from "./lines.ts";
import { sendConversation, untilStored } from "./conversation.ts";
import { withClient } from "../../scripts/local/database/client.ts";

/** Conversations, each with 50 messages of 2 KB before its first turn. */
const CONVERSATIONS = 20;
const TURNS = 20;
const BODY = { turns: TURNS, bytes: 4_000, history: 50 };

/**
 * Exchanges are journalled while a table is locked; then the lock is released and the time until everything is stored is measured:
 * ingest alone, over queue, journal and embedded PostgreSQL of the local stack.
 */
export function ingest(): Promise<Line[]> {
  return withLocalStack({}, async ({ proxyUrl, databaseUrl }) => {
    const rate = await ingestRate(proxyUrl, databaseUrl);
    const what = "ingest, bodies of 100 to 180 KB, 50 messages and more";
    return [{ what, unit: "exchanges/s", nexus: rate, goal: "≥ 100/s", isMet: rate >= 100 }];
  });
}

/** The goals for a database of the same region, of a near one, and of another continent: round trip in ms, exchanges per second. */
const FAR_GOALS = [
  [2, 150],
  [30, 100],
  [100, 40],
] as const;

/** The same with a database that is a round trip away. All exchanges are of one domain, whose lock is held for several round trips. */
export async function farDatabase(): Promise<Line[]> {
  const lines: Line[] = [];
  for (const [roundTripMs, goal] of FAR_GOALS) {
    const rate = await withFarPostgres(roundTripMs, (farUrl, nearUrl) =>
      withLocalStack({ databaseUrl: farUrl }, ({ proxyUrl }) => ingestRate(proxyUrl, nearUrl)),
    );
    const what = `ingest of one domain, bodies of 100 to 180 KB, database ${roundTripMs} ms away`;
    lines.push({ what, unit: "exchanges/s", nexus: rate, goal: `≥ ${goal}/s`, isMet: rate >= goal });
  }
  return lines;
}

/** Exchanges per second. */
async function ingestRate(proxyUrl: string, databaseUrl: string): Promise<number> {
  const total = CONVERSATIONS * TURNS;
  await untilStored(databaseUrl, await sendConversation(proxyUrl, { turns: 5, bytes: 4_000 }), 5);
  const ms = await withClient(databaseUrl, async (db) => {
    await db.query("BEGIN");
    await db.query("LOCK TABLE requests IN ACCESS EXCLUSIVE MODE");
    await Promise.all(Array.from({ length: CONVERSATIONS }, () => sendConversation(proxyUrl, BODY)));
    await db.query("COMMIT");
    return performance.now();
  });
  await untilStored(databaseUrl, null, total + 5);
  return total / ((performance.now() - ms) / 1000);
}

/** Table and index size of 100 turns that each add 4 KB; raw responses and full-text index separately. */
export function storage(): Promise<Line[]> {
  return withLocalStack({}, async ({ proxyUrl, databaseUrl }) => {
    const apart = `('response_bodies', 'search_entries')`;
    const sizes = (where: string) =>
      withClient(databaseUrl, async (db) => {
        await db.query("CHECKPOINT");
        const { rows } = await db.query<{ bytes: string }>(
          `SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'public' AND c.relkind = 'r' AND ${where}`,
        );
        return Number(rows[0]?.bytes) / 1e6;
      });
    const isOurs = `regexp_replace(c.relname, '_(\\d+_?\\d*|default|y\\d+.*)$', '') NOT IN ${apart}`;
    const lines: Line[] = [];
    let before = { own: await sizes(isOurs), all: await sizes("true") };
    for (const which of ["the first of an empty database", "each of four more"] as const) {
      const count = which === "each of four more" ? 4 : 1;
      for (let n = 0; n < count; n++)
        await untilStored(databaseUrl, await sendConversation(proxyUrl, { turns: 100, bytes: 4_000 }), 100);
      const after = { own: await sizes(isOurs), all: await sizes("true") };
      const own = (after.own - before.own) / count;
      const apartMb = (after.all - before.all) / count - own;
      const what = `storage, 100 turns of 4 KB, ${which}`;
      const others = `${what}: raw responses and full-text index`;
      lines.push(limitLine(what, "MB", own, 0.6));
      lines.push({ what: others, unit: "MB", nexus: apartMb, goal: "", isMet: null });
      before = after;
    }
    return lines;
  });
}
