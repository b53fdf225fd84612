/**
 * A PGlite that is opened again after a PANIC (disk read-only, full or broken), a file that could not be created, or a trap of its
 * WebAssembly. A server's postmaster would
 * restart; a PGlite that is queried after a PANIC loops forever. Used by embedded-postgres.ts.
 */
import type { PGlite } from "@electric-sql/pglite";
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "../../lib/local-error.ts";
import { breakdownOf, startupMessage } from "./wire-messages.ts";
import type { Session } from "./wire-server.ts";

/**
 * Interval of attempts to open the database while its disk is writable, doubled after each: one takes most of a second, and one that
 * fails leaks 40 MB and up to 160 file descriptors.
 */
const REOPEN_MS = { first: 1_000, longest: 60_000 };
/** A file that is written and removed to check whether the disk is writable. Postgres ignores it. */
const PROBE = "nexus-probe";
/** A segment of the write-ahead log, which opening the database may write. A full disk still takes an empty file. */
const PROBE_BYTES = 16 * 1024 * 1024;
const BLOCK = new Uint8Array(1024 * 1024);

export interface RestartableOptions {
  /** Opens a new instance. */
  open(): Promise<PGlite>;
  /** Data directory; absent: in memory. */
  dataDir: string | undefined;
  /** Receives a line when the database fails and when it is open again. */
  log(line: string): void;
}

export class RestartablePglite implements Session {
  #db: PGlite | null;
  readonly #options: RestartableOptions;
  #brokenAt = 0;
  /** The last failed attempt to open. */
  #failure: { reason: string; waitMs: number; nextAt: number } | null = null;

  constructor(db: PGlite, options: RestartableOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Rejects with a reason while the database cannot be opened. wire-server.ts calls it for one client at a time. */
  async execProtocolRaw(messages: Uint8Array): Promise<Uint8Array> {
    const db = this.#db ?? (await this.#reopened());
    let response: Uint8Array;
    try {
      response = await db.execProtocolRaw(messages);
    } catch (error) {
      // Errors of statements are responses.
      this.#abandon(reasonOf(error));
      throw new BrokenDownError(reasonOf(error));
    }
    const breakdown = breakdownOf(response);
    if (breakdown !== null) this.#abandon(breakdown);
    return response;
  }

  /** Not closed: closing writes, and would loop too. Its memory is leaked. */
  #abandon(reason: string): void {
    this.#db = null;
    this.#brokenAt = Date.now();
    this.#options.log(
      `The embedded Postgres failed: ${reason}. It is opened again when the disk is writable.`,
    );
  }

  async close(): Promise<void> {
    await this.#db?.close();
  }

  async #reopened(): Promise<PGlite> {
    // Checked for each query, so that the first one after the disk's recovery succeeds. Opening on a disk that is not writable would
    // fail and cost as much as opening successfully.
    const unwritable = this.#whyUnwritable();
    if (unwritable !== null) throw new BrokenDownError(unwritable);
    if (this.#failure && Date.now() < this.#failure.nextAt) throw new BrokenDownError(this.#failure.reason);
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
      const reason = reasonOf(error);
      const waitMs = this.#failure ? Math.min(2 * this.#failure.waitMs, REOPEN_MS.longest) : REOPEN_MS.first;
      this.#failure = { reason, waitMs, nextAt: Date.now() + waitMs };
      throw new BrokenDownError(reason);
    }
  }

  #whyUnwritable(): string | null {
    const { dataDir } = this.#options;
    if (dataDir === undefined) return null;
    const probe = join(dataDir, PROBE);
    try {
      const descriptor = openSync(probe, "w");
      try {
        for (let bytes = 0; bytes < PROBE_BYTES;) bytes += writeSync(descriptor, BLOCK);
      } finally {
        closeSync(descriptor);
        unlinkSync(probe);
      }
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  }
}

class BrokenDownError extends Error {
  constructor(reason: string) {
    super(`the embedded Postgres failed and cannot be opened again yet: ${reason}`);
  }
}
