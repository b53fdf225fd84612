/**
 * Decodes bodies to text: the content-codings of clients, those of responses that the runtime passes through undecoded, and other
 * character encodings than UTF-8. A truncated body decodes as far as it goes.
 */
import { isUtf8 } from "node:buffer";
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";
import { matchesAt } from "../../domain/content/json-scanner.ts";
import { codingsOf, MAX_DECODED_CODINGS } from "../../domain/http/content-coding.ts";
import { MAX_DECODED_BYTES, MAX_DECODED_RATIO, MIN_DECODED_BYTES } from "../../runtime/constants.ts";

type Decoder = (bytes: Uint8Array, maxOutputLength: number) => Uint8Array;

const partly = { finishFlush: constants.Z_SYNC_FLUSH };
const gunzip: Decoder = (bytes, maxOutputLength) => gunzipSync(bytes, { ...partly, maxOutputLength });
const unzstd: Decoder = (bytes, maxOutputLength) =>
  zstdDecompressSync(bytes, { maxOutputLength, finishFlush: constants.ZSTD_e_flush });

const DECODERS: Readonly<Record<string, readonly Decoder[]>> = {
  gzip: [gunzip],
  "x-gzip": [gunzip],
  // Means zlib's format; some senders use raw deflate.
  deflate: [
    (bytes, maxOutputLength) => inflateSync(bytes, { ...partly, maxOutputLength }),
    (bytes, maxOutputLength) => inflateRawSync(bytes, { ...partly, maxOutputLength }),
  ],
  br: [
    (bytes, maxOutputLength) =>
      brotliDecompressSync(bytes, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  ],
  zstd: [unzstd],
};
/** First bytes of formats that no JSON text and no stream of events begins with. RFC 1952 2.3.1, RFC 8878 3.1.1 */
const MAGIC_NUMBERS: readonly [magic: Uint8Array, Decoder][] = [
  [new Uint8Array([0x1f, 0x8b, 0x08]), gunzip],
  [new Uint8Array([0x28, 0xb5, 0x2f, 0xfd]), unzstd],
];

/** Decoded bytes, `invalid` in no known coding, `too_large` beyond the limits of workers/runtime/constants.ts. */
export type Decoded = Uint8Array | "invalid" | "too_large";

/** Decodes bytes by a `content-encoding` header (`gzip`, `deflate, br`). */
function decodeDeclared(bytes: Uint8Array, contentEncoding: string, maxBytes: number): Decoded {
  const codings = codingsOf(contentEncoding);
  if (codings.length > MAX_DECODED_CODINGS) return "invalid";
  let decoded: Decoded = bytes;
  // Applied in the order listed, so decoded from the last.
  for (const coding of codings.reverse()) {
    if (typeof decoded === "string") break;
    decoded = firstDecoded(decoded, (Object.hasOwn(DECODERS, coding) && DECODERS[coding]) || [], maxBytes);
  }
  return decoded;
}

function firstDecoded(bytes: Uint8Array, decoders: readonly Decoder[], maxBytes: number): Decoded {
  for (const decode of decoders) {
    try {
      return decode(bytes, maxBytes);
    } catch (thrown) {
      if (thrown instanceof RangeError) return "too_large";
      // Not this format: try the next one.
    }
  }
  return "invalid";
}

/** The size beyond which coded bytes are not decoded. */
const maxDecoded = ({ length }: Uint8Array) =>
  Math.min(MAX_DECODED_BYTES, Math.max(MIN_DECODED_BYTES, length * MAX_DECODED_RATIO));

/** What a body takes in memory with its text, at most. */
export function maxDecodedBytes(bytes: Uint8Array, contentEncoding = ""): number {
  const isCoded =
    codingsOf(contentEncoding).length > 0 || MAGIC_NUMBERS.some(([magic]) => matchesAt(bytes, 0, magic));
  return bytes.length + (isCoded ? maxDecoded(bytes) : 0);
}

/** Decodes bytes by a `content-encoding` header; where that is missing or wrong, by the magic number of gzip or zstd. */
export function decodeBody(bytes: Uint8Array, contentEncoding: string): Decoded {
  const maxBytes = maxDecoded(bytes);
  const decoded = decodeDeclared(bytes, contentEncoding, maxBytes);
  if (decoded === "too_large" || (decoded !== "invalid" && decoded !== bytes && decoded.length > 0))
    return decoded;
  const outermost = contentEncoding.split(",").at(-1)!.trim().toLowerCase();
  const decoders = MAGIC_NUMBERS.filter(
    ([magic, decoder]) => matchesAt(bytes, 0, magic) && DECODERS[outermost]?.[0] !== decoder,
  );
  const byMagicNumber = firstDecoded(
    bytes,
    decoders.map(([, decoder]) => decoder),
    maxBytes,
  );
  return byMagicNumber === "invalid" ? decoded : byMagicNumber;
}

/** JSON in UTF-16, or in the charset that `content-type` names, as UTF-8. Other and larger bytes are returned as they are. */
export function asUtf8(bytes: Uint8Array, contentType: string | undefined): Uint8Array {
  const charset = utf16Of(bytes) ?? charsetOf(contentType ?? "");
  if (
    charset === null ||
    bytes.length > MAX_DECODED_BYTES ||
    (!charset.startsWith("utf-16") && isUtf8(bytes))
  )
    return bytes;
  try {
    const text = new TextDecoder(charset).decode(bytes);
    return text.trimStart().startsWith("{") ? new TextEncoder().encode(text) : bytes;
  } catch {
    return bytes; // a charset that the runtime does not know
  }
}

/** UTF-16 by its byte order mark, or by the NUL beside the ASCII character that begins a JSON text. RFC 4627 3 */
function utf16Of({ length, 0: first, 1: second }: Uint8Array): "utf-16le" | "utf-16be" | null {
  if (length % 2 === 1 || length === 0) return null;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return "utf-16le";
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return "utf-16be";
  return null;
}

/** A charset named besides UTF-8, which is what a body without one is in. */
function charsetOf(contentType: string): string | null {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType)?.[1]?.toLowerCase();
  return charset === undefined || /^utf-?8$/.test(charset) ? null : charset;
}
