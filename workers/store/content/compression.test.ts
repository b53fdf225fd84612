import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { STEP_BYTES } from "../../runtime/constants.ts";
import { decodeBytes, encodeAll } from "./compression.ts";

const words = (length: number) =>
  new TextEncoder().encode(
    "the tool returned an error of the file ".repeat(length / 39 + 1).slice(0, length),
  );
const base64 = (length: number) =>
  new TextEncoder().encode(randomBytes(length).toString("base64").slice(0, length));

it.each([
  ["nothing", new Uint8Array(0), 1],
  ["a word", words(4), 1],
  ["a text", words(1_000), 1],
  ["a step", words(STEP_BYTES), 1],
  ["a byte more", words(STEP_BYTES + 1), 2],
  ["five megabytes of text", words(5 * STEP_BYTES - 7), 5],
  ["three megabytes of base64", base64(3 * STEP_BYTES), 3],
  ["two megabytes without a pattern", new Uint8Array(randomBytes(2 * STEP_BYTES)), 2],
])("%s is encoded in steps of a megabyte, and decoded as it was", (_, bytes, steps) => {
  const encoding = encodeAll([{ bytes, name: "a" }]);
  let taken = 1;
  let step = encoding.next();
  for (; !step.done; step = encoding.next()) taken++;
  expect(taken).toBe(steps);
  const [encoded] = step.value;
  expect(encoded!.name).toBe("a");
  expect(encoded!.data.length).toBeLessThanOrEqual(bytes.length);
  expect(Buffer.compare(decodeBytes(encoded!), bytes)).toBe(0);
});

it("many small contents are encoded in steps of a megabyte together", () => {
  const contents = Array.from({ length: 4_000 }, () => ({ bytes: words(1_000) }));
  const encoding = encodeAll(contents);
  let taken = 1;
  while (!encoding.next().done) taken++;
  expect(taken).toBe(4);
});
