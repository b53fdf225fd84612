/**
 * The coding of bytes in Postgres: deflated where that saves enough, else unchanged. Compressing here and not by TOAST halves the
 * bytes sent to the database; deflate compresses text better than pglz and lz4, with a dictionary by far.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { DICTIONARY } from "./dictionary.ts";

/** The values of the `coding` columns. */
const CODING = { identity: 0, deflate: 1 } as const;

export interface EncodedBytes {
  coding: number;
  data: Uint8Array;
}

/** Shorter bytes are not deflated. */
const MIN_DEFLATED_BYTES = 32;
/** Inflating costs time at every read, so deflating must save a tenth. */
const MAX_DEFLATED_RATIO = 0.9;

/** Encodes bytes for storage. */
export function encodeBytes(bytes: Uint8Array): EncodedBytes {
  if (bytes.length >= MIN_DEFLATED_BYTES) {
    const data = deflateRawSync(bytes, { dictionary: DICTIONARY });
    if (data.length <= bytes.length * MAX_DEFLATED_RATIO) return { coding: CODING.deflate, data };
  }
  return { coding: CODING.identity, data: bytes };
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
