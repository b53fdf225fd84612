/** Bodies that R2 did not take are kept for one more attempt, up to a limit. */
import { expect, it } from "vitest";
import { addPendingBody, takePendingBody } from "./pending-bodies.ts";

it("returns a body once", () => {
  const body = new Uint8Array(10);
  addPendingBody("a", body);
  expect(takePendingBody("a")).toBe(body);
  expect(takePendingBody("a")).toBeNull();
  expect(takePendingBody("never added")).toBeNull();
});

it("drops the oldest bodies above 16 MB", () => {
  const large = new Uint8Array(1_048_576);
  for (let n = 0; n < 20; n++) addPendingBody(`body ${n}`, large);
  const kept = Array.from({ length: 20 }, (_, n) => takePendingBody(`body ${n}`) !== null);
  expect(kept).toEqual([...new Array<boolean>(4).fill(false), ...new Array<boolean>(16).fill(true)]);
});
