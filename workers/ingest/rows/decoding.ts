/**
 * Decodes content-codings: of bodies that clients compress, and of responses in a coding that the runtime passes
 * through undecoded. A truncated body decodes as far as it goes.
 */
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";
import { MAX_RECORDED_BODY_BYTES } from "../../runtime/constants.ts";

type Decoder = (bytes: Uint8Array) => Uint8Array;

/** A decoded body may not be larger than a recorded one. */
const maxOutputLength = MAX_RECORDED_BODY_BYTES;
const partly = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH };

const DECODERS: Readonly<Record<string, readonly Decoder[]>> = {
  identity: [(bytes) => bytes],
  gzip: [(bytes) => gunzipSync(bytes, partly)],
  "x-gzip": [(bytes) => gunzipSync(bytes, partly)],
  // Means zlib's format; some senders use raw deflate.
  deflate: [(bytes) => inflateSync(bytes, partly), (bytes) => inflateRawSync(bytes, partly)],
  br: [
    (bytes) =>
      brotliDecompressSync(bytes, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  ],
  zstd: [(bytes) => zstdDecompressSync(bytes, { maxOutputLength, finishFlush: constants.ZSTD_e_flush })],
};

/**
 * Decodes bytes by a `content-encoding` header (`gzip`, `deflate, br`). Null where a coding is
 * unknown, the bytes are invalid, or they would decode to more than MAX_RECORDED_BODY_BYTES.
 */
export function decodeBody(bytes: Uint8Array, contentEncoding: string): Uint8Array | null {
  const codings = contentEncoding
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "");
  let decoded: Uint8Array | null = bytes;
  // Applied in the order listed, so decoded from the last.
  for (const coding of codings.reverse()) decoded = decoded && decodeOne(decoded, coding);
  return decoded;
}

function decodeOne(bytes: Uint8Array, coding: string): Uint8Array | null {
  for (const decode of (Object.hasOwn(DECODERS, coding) && DECODERS[coding]) || []) {
    try {
      return decode(bytes);
    } catch {
      // Not this format: try the next one.
    }
  }
  return null;
}
