import { expect, test } from "vitest";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const place = { at: 1_764_000_000_123, id: "019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071" };

test("a cursor comes back as it went", () => {
  expect(decodeCursor(encodeCursor(place))).toEqual(place);
  expect(decodeCursor(encodeCursor({ at: 0, id: "42" }))).toEqual({ at: 0, id: "42" });
});

test("a cursor goes into a URL as it is", () => {
  expect(encodeCursor(place)).toMatch(/^[\w-]+$/);
});

test("a text that is no encoded cursor is none", () => {
  const made = (text: string) => Buffer.from(text).toString("base64url");
  const wrong = [
    "",
    "x",
    "%00",
    "a".repeat(5_000),
    made(`2.1.${place.id}`),
    made(`1.-1.${place.id}`),
    made(`1.1e9.${place.id}`),
    made(`1.999999999999999.${place.id}`),
    made("1.1.x"),
    made(`1.1.${place.id}' or 1=1`),
    made(`1.01.${place.id}`),
    made(`1.1.${place.id}.`),
    `${encodeCursor(place)}=`,
    place.id,
  ];
  for (const text of wrong) expect(decodeCursor(text), text.slice(0, 60)).toBeNull();
});
