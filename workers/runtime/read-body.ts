import { concat } from "../domain/bytes.ts";

/** The bytes of a body of at most `maxBytes`; `null` where it is longer, of which the rest is not read. */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (body)
    for await (const chunk of body) {
      length += chunk.length;
      if (length > maxBytes) return null;
      chunks.push(chunk);
    }
  return concat(chunks);
}

/** The same as text. */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<string | null> {
  const bytes = await readBody(body, maxBytes);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}
