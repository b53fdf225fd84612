/**
 * Framing of the Postgres wire protocol (version 3) for a server in front of PGlite: splitting a byte stream into messages, reading
 * the transaction status of a response, building messages.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** Codes of the messages before the protocol proper. */
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;
/** A longer first message is not the Postgres protocol. */
const MAX_STARTUP_BYTES = 10_000;

export type FirstMessage = { kind: "encryption" | "cancel" | "startup"; bytes: number };

/** The first message of a connection; null while incomplete. Throws if the bytes are not the Postgres protocol. */
export function readFirstMessage(buffer: Buffer): FirstMessage | null {
  if (buffer.length < 8) return null;
  const bytes = buffer.readInt32BE(0);
  if (bytes < 8 || bytes > MAX_STARTUP_BYTES) throw new Error("not the Postgres protocol");
  if (buffer.length < bytes) return null;
  const code = buffer.readInt32BE(4);
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) return { kind: "encryption", bytes };
  if (code === CANCEL_REQUEST) return { kind: "cancel", bytes };
  return { kind: "startup", bytes };
}

export interface Message {
  type: string;
  /** With its type and length. */
  message: Buffer;
}

/** Collects chunks and returns whole messages: one byte of type, four bytes of length, the body. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** All bytes not yet taken, as one buffer. */
  peek(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first) return first;
    const all = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [all];
    return all;
  }

  take(bytes: number): Buffer {
    const all = this.peek();
    this.#chunks = bytes < all.length ? [all.subarray(bytes)] : [];
    this.#length = all.length - bytes;
    return all.subarray(0, bytes);
  }

  /** The next whole message with its type, or null. The chunks of a large message are joined once. */
  next(): Message | null {
    if (this.#length < 5) return null;
    let head = this.#chunks[0];
    if (!head || head.length < 5) head = this.peek();
    const bytes = 1 + head.readInt32BE(1);
    if (bytes < 5) throw new Error("not the Postgres protocol");
    if (this.#length < bytes) return null;
    const message = this.take(bytes);
    return { type: String.fromCharCode(message[0] ?? 0), message };
  }
}

/** Transaction status of the last ReadyForQuery in a response: I idle, T in a transaction, E in a failed one. */
export function transactionStatus(response: Uint8Array): "I" | "T" | "E" | null {
  const view = new DataView(response.buffer, response.byteOffset, response.byteLength);
  let status: "I" | "T" | "E" | null = null;
  for (let at = 0; at + 5 <= response.length; at += 1 + view.getInt32(at + 1)) {
    if (response[at] === 0x5a) status = String.fromCharCode(response[at + 5] ?? 0) as "I" | "T" | "E";
  }
  return status;
}

/** After one, PGlite's file system takes the file for existing, and each later attempt to create it fails as well. */
const FILE_NOT_CREATED = /^could not create file /;

/** The message of a PANIC in the response, such as an unwritable log, or of an error that lasts until the database is opened again; else null. */
export function breakdownOf(response: Uint8Array): string | null {
  const view = new DataView(response.buffer, response.byteOffset, response.byteLength);
  for (let at = 0; at + 5 <= response.length; at += 1 + view.getInt32(at + 1)) {
    if (response[at] !== 0x45) continue;
    const end = Math.min(response.length, at + 1 + view.getInt32(at + 1));
    const fields = new TextDecoder().decode(response.subarray(at + 5, end)).split("\0");
    const message = fields.find((field) => field.startsWith("M"))?.slice(1) ?? "PANIC";
    if (fields.includes("VPANIC") || FILE_NOT_CREATED.test(message)) return message;
  }
  return null;
}

/** A StartupMessage for PGlite's only user and database. */
export function startupMessage(): Buffer {
  const body = Buffer.from("\0\x03\0\0user\0postgres\0database\0postgres\0\0", "latin1");
  return Buffer.concat([int32(body.length + 4), body]);
}

/** AuthenticationCleartextPassword: the connection does not leave the machine. */
export function passwordRequest(): Buffer {
  return framed("R", int32(3));
}

/** The password of a PasswordMessage; null for another message. */
export function passwordIn({ type, message }: Message): string | null {
  return type === "p" ? message.subarray(5, -1).toString() : null;
}

/** A simple Query message. */
export function queryMessage(sql: string): Buffer {
  return framed("Q", Buffer.from(`${sql}\0`));
}

/** An ErrorResponse that ends the connection, with a SQLSTATE code. */
export function fatalMessage(code: string, text: string): Buffer {
  return framed("E", Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`));
}

function framed(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type, "latin1"), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
