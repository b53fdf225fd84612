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
import { MAX_RECORDED_BODY_BYTES } from "../../runtime/constants.ts";

type Decoder = (bytes: Uint8Array) => Uint8Array;

/** A decoded body may not be larger than a recorded one. */
const maxOutputLength = MAX_RECORDED_BODY_BYTES;
const partly = { maxOutputLength, finishFlush: constants.Z_SYNC_FLUSH };
const gunzip: Decoder = (bytes) => gunzipSync(bytes, partly);
const unzstd: Decoder = (bytes) =>
  zstdDecompressSync(bytes, { maxOutputLength, finishFlush: constants.ZSTD_e_flush });

const DECODERS: Readonly<Record<string, readonly Decoder[]>> = {
  gzip: [gunzip],
  "x-gzip": [gunzip],
  // Means zlib's format; some senders use raw deflate.
  deflate: [(bytes) => inflateSync(bytes, partly), (bytes) => inflateRawSync(bytes, partly)],
  br: [
    (bytes) =>
      brotliDecompressSync(bytes, { maxOutputLength, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  ],
  zstd: [unzstd],
};
/** First bytes of formats that no JSON text and no stream of events begins with. RFC 1952 2.3.1, RFC 8878 3.1.1 */
const MAGIC_NUMBERS: readonly [magic: Uint8Array, Decoder][] = [
  [new Uint8Array([0x1f, 0x8b, 0x08]), gunzip],
  [new Uint8Array([0x28, 0xb5, 0x2f, 0xfd]), unzstd],
];

/**
 * Decodes bytes by a `content-encoding` header (`gzip`, `deflate, br`). Null where a coding is
 * unknown, the bytes are invalid, or they would decode to more than MAX_RECORDED_BODY_BYTES.
 */
function decodeDeclared(bytes: Uint8Array, contentEncoding: string): Uint8Array | null {
  const codings = codingsOf(contentEncoding);
  if (codings.length > MAX_DECODED_CODINGS) return null;
  let decoded: Uint8Array | null = bytes;
  // Applied in the order listed, so decoded from the last.
  for (const coding of codings.reverse()) decoded = decoded && decodeOne(decoded, coding);
  return decoded;
}

function decodeOne(bytes: Uint8Array, coding: string): Uint8Array | null {
  return firstDecoded(bytes, (Object.hasOwn(DECODERS, coding) && DECODERS[coding]) || []);
}

function firstDecoded(bytes: Uint8Array, decoders: readonly Decoder[]): Uint8Array | null {
  for (const decode of decoders) {
    try {
      return decode(bytes);
    } catch {
      // Not this format, or too long: try the next one.
    }
  }
  return null;
}

/**
 * Decodes bytes by a `content-encoding` header; where that is missing or wrong, by the magic number of gzip or zstd. Null where neither
 * decodes them.
 */
export function decodeBody(bytes: Uint8Array, contentEncoding: string): Uint8Array | null {
  const decoded = decodeDeclared(bytes, contentEncoding);
  if (decoded !== bytes && decoded?.length) return decoded;
  const outermost = contentEncoding.split(",").at(-1)!.trim().toLowerCase();
  const decoders = MAGIC_NUMBERS.filter(
    ([magic, decoder]) => matchesAt(bytes, 0, magic) && DECODERS[outermost]?.[0] !== decoder,
  );
  return (
    firstDecoded(
      bytes,
      decoders.map(([, decoder]) => decoder),
    ) ?? decoded
  );
}

/** JSON in UTF-16, or in the charset that `content-type` names, as UTF-8. Other bytes are returned as they are. */
export function asUtf8(bytes: Uint8Array, contentType: string | undefined): Uint8Array {
  const charset = utf16Of(bytes) ?? charsetOf(contentType ?? "");
  if (charset === null || (!charset.startsWith("utf-16") && isUtf8(bytes))) return bytes;
  try {
    const text = new TextDecoder(charset).decode(bytes);
    const encoded = text.trimStart().startsWith("{") ? new TextEncoder().encode(text) : bytes;
    return encoded.length > MAX_RECORDED_BODY_BYTES ? bytes : encoded;
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
