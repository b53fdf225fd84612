import { describe, expect, it } from "vitest";
import { eventFrame, resumeFrom } from "./live-stream.ts";

describe("a reader of the live feed", () => {
  const feed = { newest: 1_500, kept: 1_000 };

  it("begins with what comes next when it is new", () => {
    expect(resumeFrom(null, feed)).toEqual({ after: 1_500, isReset: false });
    expect(resumeFrom("", feed)).toEqual({ after: 1_500, isReset: false });
  });

  it("gets what it missed while that is kept", () => {
    for (const id of [500, 501, 1_499, 1_500])
      expect(resumeFrom(String(id), feed)).toEqual({ after: id, isReset: false });
  });

  it("is reset when what it missed is gone, or its id is from elsewhere", () => {
    for (const id of ["499", "0", "1501", "-1", "x", "1e3", "9".repeat(20)])
      expect(resumeFrom(id, feed)).toEqual({ after: 1_500, isReset: true });
  });

  it("of a young feed may have seen nothing yet", () => {
    expect(resumeFrom("0", { newest: 3, kept: 1_000 })).toEqual({ after: 0, isReset: false });
  });
});

it("an event is three lines and a blank one", () => {
  expect(eventFrame(7, "exchange.stored", '{"a":1}')).toBe(
    'id: 7\nevent: exchange.stored\ndata: {"a":1}\n\n',
  );
});
