/**
 * Serves one PGlite to several clients over the Postgres wire protocol on loopback.
 *
 * PGlite has a single session. A client gets it for one unit (all messages up to Sync or a simple query) and, within a transaction, until
 * the transaction ends: Parse and Bind of two clients never mix. A transaction that a client leaves open or idle for too long is
 * rolled back. See docs/adr/0028-own-wire-server.md.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import {
  fatalMessage,
  type Message,
  MessageReader,
  breakdownOf,
  passwordIn,
  passwordRequest,
  queryMessage,
  readFirstMessage,
  startupMessage,
  transactionStatus,
} from "./wire-messages.ts";

/** An idle transaction is rolled back after this time: it blocks every other client. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** Messages to which PGlite responds: Query, Sync, Flush, FunctionCall. */
const UNIT_ENDS = new Set(["Q", "S", "H", "F"]);

const sha256 = (text: string) => createHash("sha256").update(text).digest();

/** A PGlite or a wrapper. */
export interface Session {
  execProtocolRaw(messages: Uint8Array): Promise<Uint8Array>;
}

export interface WireServer {
  port: number;
  /** Closes all connections; open transactions are rolled back. PGlite stays open. */
  close(): Promise<void>;
}

export interface WireServerOptions {
  /** Asked of every client: other users of the machine reach loopback ports, too. */
  password: string;
  /** 0 or absent: a free port. */
  port?: number;
}

/** Serves `db` on 127.0.0.1. Until the server is closed, `db` must not be used otherwise. */
export async function serveWire(db: Session, options: WireServerOptions): Promise<WireServer> {
  const greeting = await execute(db, startupMessage());
  const turn = new Turn();
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = new Connection(socket, db, { turn, greeting, password: sha256(options.password) });
    connections.add(connection);
    void connection.done.then(() => connections.delete(connection));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.end();
      await Promise.all([...connections].map((connection) => connection.done));
      await closed;
    },
  };
}

/** Copied: PGlite returns a view of a buffer that it overwrites. */
async function execute(db: Session, messages: Uint8Array): Promise<Buffer> {
  return Buffer.from(await db.execProtocolRaw(messages));
}

/** A queue for the session, first come first served. */
class Turn {
  #last: Promise<void> = Promise.resolve();

  async take(): Promise<() => void> {
    const before = this.#last;
    let release = () => {};
    this.#last = new Promise<void>((resolve) => (release = resolve));
    await before;
    return release;
  }
}

interface Shared {
  turn: Turn;
  /** Response to a client that has authenticated. */
  greeting: Uint8Array;
  /** SHA-256. */
  password: Uint8Array;
}

class Connection {
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #db: Session;
  readonly #shared: Shared;
  readonly #reader = new MessageReader();
  #release: (() => void) | null = null;
  #idle: NodeJS.Timeout | undefined;

  constructor(socket: Socket, db: Session, shared: Shared) {
    this.#socket = socket;
    this.#db = db;
    this.#shared = shared;
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    this.done = this.#run()
      .catch((error: unknown) => {
        if (!socket.destroyed)
          socket.end(fatalMessage("57P03", error instanceof Error ? error.message : "?"));
      })
      .then(() => this.#close());
  }

  end(): void {
    this.#socket.destroy();
  }

  async #run(): Promise<void> {
    let started = false;
    let isAuthenticated = false;
    let unit: Buffer[] = [];
    // A reset by the client ends the iteration; only other errors are reported.
    const chunks = this.#socket.iterator({ destroyOnReturn: false });
    try {
      for await (const chunk of chunks) {
        this.#reader.push(chunk as Buffer);
        while (!started) {
          const first = readFirstMessage(this.#reader.peek());
          if (!first) break;
          this.#reader.take(first.bytes);
          if (first.kind === "cancel") return;
          this.#socket.write(first.kind === "encryption" ? "N" : passwordRequest());
          started = first.kind === "startup";
        }
        if (!started) continue;
        for (let next = this.#reader.next(); next; next = this.#reader.next()) {
          if (next.type === "X") return;
          if (!isAuthenticated) {
            isAuthenticated = this.#isPassword(next);
            if (!isAuthenticated) return;
            continue;
          }
          unit.push(next.message);
          if (!UNIT_ENDS.has(next.type)) continue;
          await this.#execute(unit.length === 1 ? next.message : Buffer.concat(unit));
          unit = [];
        }
      }
    } catch (error) {
      if (!this.#socket.errored) throw error;
    }
  }

  /** Greets a client that has sent the password; reports an error to others. */
  #isPassword(message: Message): boolean {
    const isRight = timingSafeEqual(sha256(passwordIn(message) ?? ""), this.#shared.password);
    this.#socket.write(
      isRight
        ? this.#shared.greeting
        : fatalMessage("28P01", 'password authentication failed for user "postgres"'),
    );
    return isRight;
  }

  async #execute(unit: Buffer): Promise<void> {
    clearTimeout(this.#idle);
    this.#release ??= await this.#shared.turn.take();
    if (this.#socket.destroyed) return;
    const response = await execute(this.#db, unit);
    this.#socket.write(response);
    if (breakdownOf(response) !== null) {
      // The database has lost its transactions: there is nothing to roll back.
      this.#releaseTurn();
      this.#socket.destroySoon();
      return;
    }
    if (transactionStatus(response) === "I") this.#releaseTurn();
    else this.#idle = setTimeout(() => this.#onIdleTimeout(), IDLE_IN_TRANSACTION_MS);
  }

  #onIdleTimeout(): void {
    this.#socket.end(fatalMessage("25P03", "the transaction was idle for too long and is rolled back"));
    this.#socket.destroySoon();
  }

  #releaseTurn(): void {
    this.#release?.();
    this.#release = null;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#socket.end();
    this.#socket.destroySoon();
    if (!this.#release) return;
    try {
      await execute(this.#db, queryMessage("ROLLBACK"));
    } catch {
      // A failed database has no open transaction.
    } finally {
      this.#releaseTurn();
    }
  }
}
