/** Bodies that R2 did not take: kept for one more try, and only so many. */
import { expect, it } from "vitest";
import { addPendingBody, takePendingBody } from "./pending-bodies.ts";

it("gives a body back once", () => {
  const body = new Uint8Array(10);
  addPendingBody("a", body);
  expect(takePendingBody("a")).toBe(body);
  expect(takePendingBody("a")).toBeNull();
  expect(takePendingBody("never kept")).toBeNull();
});

it("lets the oldest go when they are more than 16 MB together", () => {
  const large = new Uint8Array(1_048_576);
  for (let n = 0; n < 20; n++) addPendingBody(`body ${n}`, large);
  const kept = Array.from({ length: 20 }, (_, n) => takePendingBody(`body ${n}`) !== null);
  expect(kept).toEqual([...new Array<boolean>(4).fill(false), ...new Array<boolean>(16).fill(true)]);
});
