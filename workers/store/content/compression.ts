/**
 * The coding of bytes in Postgres: deflated where that saves enough, else unchanged. Compressing here and not by TOAST halves the
 * bytes sent to the database; deflate compresses text better than pglz and lz4, with a dictionary by far.
 */
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { concat } from "../../domain/bytes.ts";
import type { Steps } from "../../domain/steps.ts";
import { STEP_BYTES } from "../../runtime/constants.ts";
import { DICTIONARY } from "./dictionary.ts";

/** The values of the `coding` columns. */
const CODING = { identity: 0, deflate: 1 } as const;

export interface EncodedBytes {
  coding: number;
  data: Uint8Array;
}

/** Shorter bytes are not deflated. */
const MIN_DEFLATED_BYTES = 32;
/** How far back deflate refers. */
const MAX_DISTANCE = 32_768;
/** Inflating costs time at every read, so deflating must save a tenth. */
const MAX_DEFLATED_RATIO = 0.9;

/** Encodes contents for storage, in steps. */
export function* encodeAll<T extends { bytes: Uint8Array }>(
  contents: readonly T[],
): Steps<(T & EncodedBytes)[]> {
  const encoded: (T & EncodedBytes)[] = [];
  let bytesLeft = STEP_BYTES;
  for (const content of contents) {
    bytesLeft -= content.bytes.length;
    if (bytesLeft < 0 && encoded.length > 0) yield;
    if (bytesLeft < 0) bytesLeft = STEP_BYTES;
    encoded.push({ ...content, ...(yield* encodeBytes(content.bytes)) });
  }
  return encoded;
}

function* encodeBytes(bytes: Uint8Array): Steps<EncodedBytes> {
  if (bytes.length >= MIN_DEFLATED_BYTES) {
    const data = yield* deflate(bytes);
    if (data.length <= bytes.length * MAX_DEFLATED_RATIO) return { coding: CODING.deflate, data };
  }
  return { coding: CODING.identity, data: bytes };
}

/** One deflate stream of pieces: each ends with a flush, and has the bytes before it as its dictionary. RFC 1951 2 */
function* deflate(bytes: Uint8Array): Steps<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += STEP_BYTES) {
    if (at > 0) yield;
    const isLast = at + STEP_BYTES >= bytes.length;
    pieces.push(
      deflateRawSync(bytes.subarray(at, at + STEP_BYTES), {
        dictionary: at === 0 ? DICTIONARY : bytes.subarray(at - MAX_DISTANCE, at),
        finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      }),
    );
  }
  return concat(pieces);
}

/** Decodes stored bytes. Throws on an unknown coding and on damaged data. */
export function decodeBytes({ coding, data }: EncodedBytes): Uint8Array {
  switch (coding) {
    case CODING.identity:
      return data;
    case CODING.deflate: {
      const { buffer, byteOffset, byteLength } = inflateRawSync(data, { dictionary: DICTIONARY });
      return new Uint8Array(buffer, byteOffset, byteLength);
    }
    default:
      throw new Error(`stored bytes have the unknown coding ${coding}`);
  }
}
