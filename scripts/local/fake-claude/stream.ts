/** Timed chunks of bytes from stream events, changed as a tag requires. */
import { promisify } from "node:util";
import zlib from "node:zlib";
import { sseText, type StreamEvent } from "./model-response.ts";
import type { Random } from "./random.ts";
import type { Treatment } from "./tags.ts";
import type { Chunk } from "./http.ts";

/** Realistic time to the first byte, milliseconds. */
export function firstByteDelay(random: Random): number {
  return random.between(300, 1500);
}

const whole = {
  gzip: promisify(zlib.gzip),
  br: promisify(zlib.brotliCompress),
  zstd: promisify(zlib.zstdCompress),
  deflate: promisify(zlib.deflate),
};

/** A compressed body. */
export async function encodeWhole(
  bytes: Uint8Array,
  coding: NonNullable<Treatment["coding"]>,
): Promise<Uint8Array> {
  return whole[coding](bytes);
}

function encoder(coding: NonNullable<Treatment["coding"]>) {
  switch (coding) {
    case "gzip":
      return zlib.createGzip({ flush: zlib.constants.Z_SYNC_FLUSH });
    case "deflate":
      return zlib.createDeflate({ flush: zlib.constants.Z_SYNC_FLUSH });
    case "br":
      return zlib.createBrotliCompress({ flush: zlib.constants.BROTLI_OPERATION_FLUSH });
    case "zstd":
      return zlib.createZstdCompress({ flush: zlib.constants.ZSTD_e_flush });
  }
}

/** The chunks in a content-coding, each flushed so that a client can decode what was sent. */
export async function encodeChunks(
  chunks: Chunk[],
  coding: NonNullable<Treatment["coding"]>,
): Promise<Chunk[]> {
  const stream = encoder(coding);
  let held: Buffer[] = [];
  stream.on("data", (piece: Buffer) => held.push(piece));
  const taken = () => {
    const bytes = Buffer.concat(held);
    held = [];
    return bytes;
  };
  const result: Chunk[] = [];
  for (const chunk of chunks) {
    await new Promise<void>((resolve, reject) =>
      stream.write(chunk.bytes, (error) => (error ? reject(error) : resolve())),
    );
    await new Promise<void>((resolve) => setImmediate(resolve));
    const bytes = taken();
    // An encoder may keep the last bytes until the end; the pause is kept.
    result.push({ delayMs: chunk.delayMs, bytes });
  }
  await new Promise<void>((resolve) => {
    stream.once("end", resolve);
    stream.end();
  });
  result.push({ delayMs: 0, bytes: taken() });
  return result.filter((chunk) => chunk.bytes.length > 0);
}

const UNKNOWN: StreamEvent[] = [
  { event: "quota_hint", data: { type: "quota_hint", remaining: 0.42, nested: { list: [1, null, "x"] } } },
  {
    event: "content_block_delta",
    data: { type: "content_block_delta", index: 0, delta: { type: "tone_delta", tone: "calm" } },
  },
];
/** A continuation byte, half a character and a NUL: invalid UTF-8 that decoding does not preserve. */
const BROKEN_BYTES = Buffer.from([0x80, 0xf0, 0x9f, 0x98, 0x00, 0xc3]);

function withBrokenText(bytes: Buffer): Buffer {
  const at = bytes.indexOf('"text_delta","text":"');
  if (at < 0) return bytes;
  const inside = at + '"text_delta","text":"'.length;
  return Buffer.concat([bytes.subarray(0, inside), BROKEN_BYTES, bytes.subarray(inside)]);
}

/**
 * Chunks of a stream. `speed` scales realistic pauses (1 = realistic, 0 = none); a treatment's own pause is not scaled.
 */
export function streamChunks(
  events: StreamEvent[],
  treatment: Treatment,
  random: Random,
  speed: number,
): Chunk[] {
  const sent = [...events];
  // Not before the end of message_start.
  if (treatment.cutAt !== undefined)
    sent.length = Math.min(sent.length, Math.max(2, Math.floor(sent.length * treatment.cutAt)));
  if (treatment.unknownEvents) sent.splice(2, 0, ...UNKNOWN);
  if (treatment.errorEvent !== undefined) {
    const message = treatment.errorEvent === "overloaded_error" ? "Overloaded" : "Internal server error";
    sent.push({
      event: "error",
      data: { type: "error", error: { details: null, type: treatment.errorEvent, message } },
    });
  }
  const chunks = sent.map((event): Chunk => {
    let text = sseText(event);
    if (treatment.unknownEvents && event.event === "message_stop") text = `: end of the line\n\n${text}`;
    if (treatment.crlf) text = text.replaceAll("\n", "\r\n");
    const usual = (event.pauseMs ?? random.between(20, 80)) * speed;
    const bytes = Buffer.from(text);
    return {
      delayMs: treatment.pauseMs ?? usual,
      bytes: treatment.invalidUtf8 ? withBrokenText(bytes) : bytes,
    };
  });
  if (chunks[0]) chunks[0].delayMs = 0;
  return chunks;
}
