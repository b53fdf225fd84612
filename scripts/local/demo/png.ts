/** A small PNG of a bar chart, as somebody would paste a screenshot of a dashboard. */
import { crc32, deflateSync } from "node:zlib";
import type { Random } from "../fake-claude/random.ts";

const WIDTH = 320;
const HEIGHT = 160;

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}

/** PNG bytes, base64. */
export function chartPng(random: Random): string {
  const bars = Array.from({ length: 16 }, () => random.between(15, 140));
  const rows: Buffer[] = [];
  for (let y = 0; y < HEIGHT; y++) {
    const row = Buffer.alloc(1 + WIDTH * 3, 0xf6);
    row[0] = 0;
    for (let x = 0; x < WIDTH; x++) {
      const height = bars[Math.floor(x / 20)] ?? 0;
      if (x % 20 > 3 && HEIGHT - y < height) row.set([0x3b, 0x6e, 0xa8], 1 + x * 3);
    }
    rows.push(row);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]).toString("base64");
}
