/**
 * When cron has work in Postgres: one object for the deployment. Cron asks it each minute and otherwise leaves the database alone, so that
 * a database that suspends when it is idle (Neon after five minutes) is not kept awake by it.
 */
import { DurableObject } from "cloudflare:workers";
import { DATABASE_USE_REPORT_MS, MINUTE_MS } from "../workers/runtime/constants.ts";

/**
 * How long cron looks for work after a reported use. Uses shortly after one are not reported by the isolate, and then not stored here.
 */
const USE_LASTS_MS = 2 * DATABASE_USE_REPORT_MS + MINUTE_MS;

interface Schedule {
  /** Epoch milliseconds of the last reported use. */
  usedAt: number;
  /** When cron looked for work. */
  ranAt: number;
  /** When the next known work is due; null: none is known. */
  dueAt: number | null;
  /** The settings that `dueAt` was found with. */
  settings: string;
}

const KEY = "schedule";

export class CronSchedule extends DurableObject<Env> {
  /** Ingest, an analysis or a change through the API has used the database, which may have left work. */
  async used(now: number): Promise<void> {
    const schedule = await this.#read();
    if (schedule && now > schedule.usedAt + DATABASE_USE_REPORT_MS)
      await this.#write({ ...schedule, usedAt: now });
  }

  /** Whether there may be work: known work is due, the database was used since cron looked, or the settings are others. */
  async isDue(now: number, settings: string): Promise<boolean> {
    const schedule = await this.#read();
    if (schedule?.settings !== settings) return true;
    return (
      schedule.ranAt < schedule.usedAt + USE_LASTS_MS || (schedule.dueAt !== null && schedule.dueAt <= now)
    );
  }

  /** When cron last looked for work; null: never. */
  async lastRun(): Promise<number | null> {
    return (await this.#read())?.ranAt ?? null;
  }

  /** Whether the database was used after `since`. */
  async wasUsedSince(since: number): Promise<boolean> {
    const schedule = await this.#read();
    return !schedule || schedule.usedAt > since;
  }

  /** Cron began to look for work at `ranAt`; what it has left is due at `dueAt`. */
  async ran(ranAt: number, dueAt: number | null, settings: string): Promise<void> {
    const schedule = await this.#read();
    await this.#write({ usedAt: schedule?.usedAt ?? ranAt, ranAt, dueAt, settings });
  }

  #read(): Promise<Schedule | undefined> {
    return this.ctx.storage.get<Schedule>(KEY);
  }

  #write(schedule: Schedule): Promise<void> {
    return this.ctx.storage.put(KEY, schedule);
  }
}
