/**
 * A PGlite that is opened anew after a PANIC, which is what Postgres calls it when its disk is read-only, full or broken. A
 * server's postmaster would start it again; a PGlite asked after its PANIC loops for ever. Used by postgres.ts.
 */
import type { PGlite } from "@electric-sql/pglite";
import { closeSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "../../lib/local-error.ts";
import { panicOf, startupMessage } from "./wire-messages.ts";
import type { Session } from "./wire-server.ts";

/** A database that could not be opened although its disk can be written is not tried again sooner: it takes most of a second. */
const REOPEN_INTERVAL_MS = 1_000;
/** What is made and removed to see whether the disk can be written. Postgres ignores it. */
const PROBE = "nexus-probe";

export interface RestartableOptions {
  /** A new instance of the database, which works. */
  open(): Promise<PGlite>;
  /** Where its data lives; absent: in memory. */
  dataDir: string | undefined;
  /** Told when it broke down, and when it is open again. */
  log(line: string): void;
}

export class RestartablePglite implements Session {
  #db: PGlite | null;
  readonly #options: RestartableOptions;
  #brokenAt = 0;
  /** Of the last attempt, if it failed. */
  #failure: { at: number; reason: string } | null = null;

  constructor(db: PGlite, options: RestartableOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Rejects with words while there is no database. Callers take turns (wire-server.ts), so that it is opened once. */
  async execProtocolRaw(messages: Uint8Array): Promise<Uint8Array> {
    const db = this.#db ?? (await this.#reopened());
    const answer = await db.execProtocolRaw(messages);
    const panic = panicOf(answer);
    if (panic !== null) {
      // Not closed: that would write, and loop likewise. Its memory is lost.
      this.#db = null;
      this.#brokenAt = Date.now();
      this.#options.log(`The embedded Postgres broke down: ${panic}. It is opened again when that is over.`);
    }
    return answer;
  }

  async close(): Promise<void> {
    await this.#db?.close();
  }

  async #reopened(): Promise<PGlite> {
    // Asked each time, so that the first query after the disk's recovery is answered. An attempt on a disk that cannot be
    // written would fail, and cost as much as one that succeeds.
    const unwritable = this.#whyUnwritable();
    if (unwritable !== null) throw new BrokenDownError(unwritable);
    if (this.#failure && Date.now() - this.#failure.at < REOPEN_INTERVAL_MS)
      throw new BrokenDownError(this.#failure.reason);
    try {
      const db = await this.#options.open();
      await db.execProtocolRaw(startupMessage());
      this.#failure = null;
      this.#db = db;
      const seconds = ((Date.now() - this.#brokenAt) / 1_000).toFixed(1);
      this.#options.log(
        `The embedded Postgres is open again after ${seconds} s, with all that was committed.`,
      );
      return db;
    } catch (error) {
      this.#failure = { at: Date.now(), reason: reasonOf(error) };
      throw new BrokenDownError(this.#failure.reason);
    }
  }

  #whyUnwritable(): string | null {
    const { dataDir } = this.#options;
    if (dataDir === undefined) return null;
    const probe = join(dataDir, PROBE);
    try {
      closeSync(openSync(probe, "w"));
      unlinkSync(probe);
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }
}

class BrokenDownError extends Error {
  constructor(reason: string) {
    super(`the embedded Postgres broke down and cannot be opened again yet: ${reason}`);
  }
}
