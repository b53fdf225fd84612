import {
  brotliCompressSync,
  constants,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeBody, type Decoded } from "./decoding.ts";

const text = Array.from({ length: 5_000 }, (_, n) => `${n * 7919} `).join("");
const asText = (decoded: Decoded) =>
  typeof decoded === "string" ? decoded : new TextDecoder().decode(decoded);

/** As a server compresses a stream of events: each is flushed. */
async function flushed(): Promise<Uint8Array> {
  const stream = createZstdCompress();
  const chunks: Uint8Array[] = [];
  stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  for (let at = 0; at < text.length; at += 500) {
    stream.write(text.slice(at, at + 500));
    await new Promise<void>((resolve) => stream.flush(constants.ZSTD_e_flush, resolve));
  }
  const ended = new Promise((resolve) => stream.on("end", resolve));
  stream.end();
  await ended;
  return Buffer.concat(chunks);
}

describe("a coded body", () => {
  test("is undone, whatever its coding and however many there are", () => {
    expect(asText(decodeBody(gzipSync(text), "gzip"))).toBe(text);
    expect(asText(decodeBody(gzipSync(text), " X-GZIP "))).toBe(text);
    expect(asText(decodeBody(deflateSync(text), "deflate"))).toBe(text);
    expect(asText(decodeBody(deflateRawSync(text), "deflate"))).toBe(text);
    expect(asText(decodeBody(brotliCompressSync(text), "br"))).toBe(text);
    expect(asText(decodeBody(zstdCompressSync(text), "zstd"))).toBe(text);
    expect(asText(decodeBody(gzipSync(zstdCompressSync(text)), "zstd, gzip"))).toBe(text);
  });

  test("without a coding is the same", () => {
    const bytes = Buffer.from(text);
    expect(decodeBody(bytes, "identity")).toBe(bytes);
    expect(decodeBody(bytes, "")).toBe(bytes);
  });

  test("cut off is undone as far as it goes", async () => {
    const coded: [string, Uint8Array][] = [
      ["gzip", gzipSync(text)],
      ["deflate", deflateSync(text)],
      ["br", brotliCompressSync(text)],
      ["zstd", await flushed()],
    ];
    for (const [coding, bytes] of coded) {
      const decoded = asText(decodeBody(bytes.subarray(0, bytes.length * 0.8), coding));
      expect(text.startsWith(decoded), coding).toBe(true);
      expect(decoded.length, coding).toBeGreaterThan(text.length / 3);
    }
  });

  test("that is not what it says, or says something unknown, is invalid", () => {
    expect(decodeBody(Buffer.from(text), "gzip")).toBe("invalid");
    expect(decodeBody(Buffer.from(text), "zstd")).toBe("invalid");
    expect(decodeBody(Buffer.from(text), "tomorrow")).toBe("invalid");
    expect(decodeBody(Buffer.from(text), "constructor")).toBe("invalid");
    expect(decodeBody(Buffer.from(text), "gzip, tomorrow")).toBe("invalid");
    expect(decodeBody(Buffer.from(text), "gzip, gzip, gzip, gzip, gzip")).toBe("invalid");
  });

  test("without a coding, or with a wrong one, is decoded where it begins as gzip or zstd does", () => {
    expect(asText(decodeBody(gzipSync(text), ""))).toBe(text);
    expect(asText(decodeBody(gzipSync(text), "gzip, tomorrow"))).toBe(text);
    expect(asText(decodeBody(zstdCompressSync(text), "br"))).toBe(text);
  });

  test.each([
    ["more than a hundredfold", "a".repeat(2 * 1_048_576)],
    ["more than 16 MB", Buffer.alloc(17 * 1_048_576, text)],
  ])("that unpacks to %s is too large, whatever its coding and however often it is coded", (_, unpacked) => {
    expect(decodeBody(gzipSync(unpacked), "gzip")).toBe("too_large");
    expect(decodeBody(deflateSync(unpacked), "deflate")).toBe("too_large");
    expect(
      decodeBody(brotliCompressSync(unpacked, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }), "br"),
    ).toBe("too_large");
    expect(decodeBody(zstdCompressSync(unpacked), "zstd")).toBe("too_large");
    expect(decodeBody(gzipSync(unpacked), "")).toBe("too_large");
    expect(decodeBody(gzipSync(gzipSync(unpacked)), "gzip, gzip")).toBe("too_large");
  });

  test("of up to 1 MB is decoded whatever its ratio", () => {
    const bytes = "a".repeat(1_048_576);
    expect(asText(decodeBody(gzipSync(bytes), "gzip"))).toBe(bytes);
  });
});
