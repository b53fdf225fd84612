/** How often prompts were rendered for clients, per day in UTC. */
import { sql } from "drizzle-orm";
import { promptUses } from "../../../drizzle/schema.ts";
import { errorText, log } from "../../runtime/log.ts";
import { type DatabaseConfig, withPrimary, withReader } from "../db/db.ts";

/** By the name of the prompt. */
export type Uses = ReadonlyMap<string, { total: number; recent: number; lastDay: string }>;

/** How often prompts were used; `recent`: on days from that of `since` on. */
export async function readPromptUses(config: DatabaseConfig, since: Date): Promise<Uses> {
  const rows = await withReader(config, (db) =>
    db
      .select({
        name: promptUses.name,
        total: sql<string>`sum(${promptUses.uses})`,
        recent: sql<string>`coalesce(sum(${promptUses.uses}) filter (where ${promptUses.day} >= ${dayOf(since)}::date), 0)`,
        lastDay: sql<string>`max(${promptUses.day})::text`,
      })
      .from(promptUses)
      .groupBy(promptUses.name),
  );
  return new Map(
    rows.map(({ name, total, recent, lastDay }) => [
      name,
      { total: Number(total), recent: Number(recent), lastDay },
    ]),
  );
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

/** An isolate writes the uses of this long together, because a statement costs more CPU than a prompt. */
const COLLECTING_MS = 5_000;
/** A planned write may be late. */
const PLAN_GRACE_MS = 5_000;

/** Uses that are not written yet, by day and name. */
let collected = new Map<string, { day: string; name: string; uses: number }>();
/** A time and not a flag, because the invocation that planned the write may be ended. */
let plannedUntil = -Infinity;

export interface UseContext {
  ctx: Pick<ExecutionContext, "waitUntil">;
  config: DatabaseConfig;
}

/** Counts one rendering for a client at `now` (epoch milliseconds). Written within seconds, or lost with the isolate. */
export function countPromptUse({ ctx, config }: UseContext, name: string, now: number): void {
  const day = dayOf(new Date(now));
  const key = `${day} ${name}`;
  collected.set(key, { day, name, uses: (collected.get(key)?.uses ?? 0) + 1 });
  if (now < plannedUntil) return;
  plannedUntil = now + COLLECTING_MS + PLAN_GRACE_MS;
  ctx.waitUntil(
    scheduler.wait(COLLECTING_MS).then(() => {
      plannedUntil = -Infinity;
      return writePromptUses(config);
    }),
  );
}

/** Writes what was collected. Never rejects. */
export async function writePromptUses(config: DatabaseConfig): Promise<void> {
  const rows = [...collected.values()];
  collected = new Map();
  if (rows.length === 0) return;
  try {
    await withPrimary(config, (db) =>
      db
        .insert(promptUses)
        .values(rows)
        .onConflictDoUpdate({
          target: [promptUses.day, promptUses.name],
          set: { uses: sql`${promptUses.uses} + excluded.uses` },
        }),
    );
  } catch (thrown) {
    log.warn("prompts: uses were not counted", { error: errorText(thrown) });
  }
}
