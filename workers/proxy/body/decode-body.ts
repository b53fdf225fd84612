/**
 * Decodes response bodies in a content-coding that the client does not accept, as they stream. Rare, because upstream is asked for no
 * coding; so each chunk may pass through JavaScript. Used by pipeline/prepare-body.ts.
 */
import { pipeline, Readable, type Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import type { Coding } from "../../domain/http/content-coding.ts";

/** Log2 of the largest window that a zstd body may use as a content-coding: 8 MB. RFC 9659 */
const MAX_ZSTD_WINDOW_LOG = 23;

type Chunks = AsyncGenerator<Uint8Array, void>;

/**
 * Resolves once the first decoded bytes (or the end) are there, so that bytes that cannot be decoded are noticed before the response begins;
 * rejects when they cannot, or when upstream fails before. Later the stream fails with the error of decoder or upstream. `codings`: the outermost first.
 */
export async function decodeBody(
  body: ReadableStream<Uint8Array>,
  codings: readonly Coding[],
  ctx: Pick<ExecutionContext, "waitUntil">,
): Promise<ReadableStream> {
  let chunks = chunksOf(body);
  for (const coding of codings) chunks = decode(chunks, coding);
  const first = await chunks.next();
  const decoded = new IdentityTransformStream();
  ctx.waitUntil(write(first, chunks, decoded.writable));
  return decoded.readable;
}

async function* chunksOf(body: ReadableStream<Uint8Array>): Chunks {
  const reader = body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    // Upstream need not send the rest of a body that cannot be decoded.
    reader.cancel().catch(() => undefined);
  }
}

async function* decode(coded: Chunks, coding: Coding): Chunks {
  const first = await coded.next();
  if (first.done) return;
  const decoder = decoderOf(coding, first.value);
  // The error of either side reaches the loop as the decoder's.
  pipeline(Readable.from(withFirst(first.value, coded)), decoder, () => undefined);
  for await (const chunk of decoder) yield chunk as Uint8Array;
}

async function* withFirst(first: Uint8Array, rest: Chunks): Chunks {
  yield first;
  yield* rest;
}

function decoderOf(coding: Coding, first: Uint8Array): Transform {
  switch (coding) {
    case "gzip":
      return createGunzip();
    case "deflate":
      return isZlib(first) ? createInflate() : createInflateRaw();
    case "br":
      return createBrotliDecompress();
    case "zstd":
      return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: MAX_ZSTD_WINDOW_LOG } });
  }
}

/** `deflate` means zlib's format (RFC 1950); some senders use raw deflate, which has no such header. */
function isZlib([method = 0, flags]: Uint8Array): boolean {
  return (method & 0x0f) === 8 && (flags === undefined || ((method << 8) | flags) % 31 === 0);
}

async function write(
  first: IteratorResult<Uint8Array, void>,
  rest: Chunks,
  to: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = to.getWriter();
  try {
    for (let next = first; !next.done; next = await rest.next()) await writer.write(next.value);
    await writer.close();
  } catch (thrown) {
    await writer.abort(thrown).catch(() => undefined);
    await rest.return().catch(() => undefined);
  }
}
