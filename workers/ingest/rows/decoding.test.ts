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
import { decodeBody } from "./decoding.ts";

const text = Array.from({ length: 5_000 }, (_, n) => `${n * 7919} `).join("");
const asText = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);

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
      const decoded = asText(decodeBody(bytes.subarray(0, bytes.length * 0.8), coding))!;
      expect(text.startsWith(decoded), coding).toBe(true);
      expect(decoded.length, coding).toBeGreaterThan(text.length / 3);
    }
  });

  test("that is not what it says, or says something unknown, is null", () => {
    expect(decodeBody(Buffer.from(text), "gzip")).toBeNull();
    expect(decodeBody(Buffer.from(text), "zstd")).toBeNull();
    expect(decodeBody(Buffer.from(text), "tomorrow")).toBeNull();
    expect(decodeBody(Buffer.from(text), "constructor")).toBeNull();
    expect(decodeBody(Buffer.from(text), "gzip, tomorrow")).toBeNull();
    expect(decodeBody(Buffer.from(text), "gzip, gzip, gzip, gzip, gzip")).toBeNull();
  });

  test("without a coding, or with a wrong one, is decoded where it begins as gzip or zstd does", () => {
    expect(asText(decodeBody(gzipSync(text), ""))).toBe(text);
    expect(asText(decodeBody(gzipSync(text), "gzip, tomorrow"))).toBe(text);
    expect(asText(decodeBody(zstdCompressSync(text), "br"))).toBe(text);
  });

  test("that would unpack to more than a body may have is null", () => {
    const bomb = gzipSync(new Uint8Array(40 * 1_048_576));
    expect(decodeBody(bomb, "gzip")).toBeNull();
  });
});
