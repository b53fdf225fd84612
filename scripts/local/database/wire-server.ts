/**
 * Serves one PGlite to several clients over the Postgres wire protocol on loopback.
 *
 * PGlite is a single session. So a client gets it for one unit at a time (everything up to its Sync or simple query)
 * and, once it has begun a transaction, until the transaction ends: Parse and Bind of two clients never mix. What a
 * client leaves open when it goes, or keeps open idle for too long, is rolled back.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import {
  fatalMessage,
  MessageReader,
  panicOf,
  queryMessage,
  readFirstMessage,
  startupMessage,
  transactionStatus,
} from "./wire-messages.ts";

/** A transaction idle this long is rolled back: it keeps every other client waiting. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** Messages after which PGlite has something to answer: Query, Sync, Flush, FunctionCall. */
const UNIT_ENDS = new Set(["Q", "S", "H", "F"]);

/** A PGlite, or what stands for one. */
export interface Session {
  execProtocolRaw(messages: Uint8Array): Promise<Uint8Array>;
}

export interface WireServer {
  port: number;
  /** Ends all connections; what they had begun is rolled back. PGlite itself stays open. */
  close(): Promise<void>;
}

export interface WireServerOptions {
  /** 0 or absent: a free port. */
  port?: number;
}

/** Starts serving `db` on 127.0.0.1. Nobody else may use `db` until the server is closed. */
export async function serveWire(db: Session, options: WireServerOptions = {}): Promise<WireServer> {
  const greeting = await execute(db, startupMessage());
  const turn = new Turn();
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = new Connection(socket, db, turn, greeting);
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

/** PGlite answers with a view of a buffer that its next answer overwrites: hence the copy. */
async function execute(db: Session, messages: Uint8Array): Promise<Buffer> {
  return Buffer.from(await db.execProtocolRaw(messages));
}

/** Whose turn it is, first come first served. */
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

class Connection {
  readonly done: Promise<void>;
  readonly #socket: Socket;
  readonly #db: Session;
  readonly #turn: Turn;
  readonly #reader = new MessageReader();
  #release: (() => void) | null = null;
  #idle: NodeJS.Timeout | undefined;

  constructor(socket: Socket, db: Session, turn: Turn, greeting: Uint8Array) {
    this.#socket = socket;
    this.#db = db;
    this.#turn = turn;
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    this.done = this.#run(greeting)
      .catch((error: unknown) => {
        if (!socket.destroyed)
          socket.end(fatalMessage("57P03", error instanceof Error ? error.message : "?"));
      })
      .then(() => this.#leave());
  }

  end(): void {
    this.#socket.destroy();
  }

  async #run(greeting: Uint8Array): Promise<void> {
    let started = false;
    let unit: Buffer[] = [];
    // A reset by the client ends the iteration; only our own failures are worth a word.
    const chunks = this.#socket.iterator({ destroyOnReturn: false });
    try {
      for await (const chunk of chunks) {
        this.#reader.push(chunk as Buffer);
        while (!started) {
          const first = readFirstMessage(this.#reader.peek());
          if (!first) break;
          this.#reader.take(first.bytes);
          if (first.kind === "cancel") return;
          this.#socket.write(first.kind === "encryption" ? "N" : greeting);
          started = first.kind === "startup";
        }
        if (!started) continue;
        for (let next = this.#reader.next(); next; next = this.#reader.next()) {
          if (next.type === "X") return;
          unit.push(next.message);
          if (!UNIT_ENDS.has(next.type)) continue;
          await this.#answer(unit.length === 1 ? next.message : Buffer.concat(unit));
          unit = [];
        }
      }
    } catch (error) {
      if (!this.#socket.errored) throw error;
    }
  }

  async #answer(unit: Buffer): Promise<void> {
    clearTimeout(this.#idle);
    this.#release ??= await this.#turn.take();
    if (this.#socket.destroyed) return;
    const answer = await execute(this.#db, unit);
    this.#socket.write(answer);
    if (panicOf(answer) !== null) {
      // With the server its transactions are gone: nothing is left to roll back.
      this.#giveTurn();
      this.#socket.destroySoon();
      return;
    }
    if (transactionStatus(answer) === "I") this.#giveTurn();
    else this.#idle = setTimeout(() => this.#tooLong(), IDLE_IN_TRANSACTION_MS);
  }

  #tooLong(): void {
    this.#socket.end(fatalMessage("25P03", "the transaction was idle for too long and is rolled back"));
    this.#socket.destroySoon();
  }

  #giveTurn(): void {
    this.#release?.();
    this.#release = null;
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#idle);
    this.#socket.end();
    this.#socket.destroySoon();
    if (!this.#release) return;
    try {
      await execute(this.#db, queryMessage("ROLLBACK"));
    } catch {
      // A database that cannot answer has nothing open either.
    } finally {
      this.#giveTurn();
    }
  }
}
