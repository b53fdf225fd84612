import { describe, expect, it } from "vitest";
import { withPauses } from "./timeline.ts";

const at = (seconds: number, durationMs: number | null, prompt: string | null = null, isSubtask = false) => ({
  timestamp: new Date(1_790_000_000_000 + seconds * 1_000).toISOString(),
  durationMs,
  prompt,
  isSubtask,
});

describe("pauses of a conversation", () => {
  it("are the times between the end of a request and the start of the next", () => {
    const rows = withPauses([at(0, 5_000, "fix it"), at(35, 1_000), at(100, 1_000, "thanks")]);
    expect(rows.map(({ pauseMs, startsWithPrompt }) => [pauseMs, startsWithPrompt])).toEqual([
      [0, true],
      [30_000, false],
      [64_000, true],
    ]);
  });

  it("do not end with a user message if a sub-task starts with its prompt", () => {
    expect(withPauses([at(0, 1_000), at(60, 1_000, "look for clocks", true)])[1]).toMatchObject({
      startsWithPrompt: false,
    });
  });

  it("are none while a sub-task runs", () => {
    expect(withPauses([at(0, 1_000), at(2, 120_000), at(60, 1_000)]).map(({ pauseMs }) => pauseMs)).toEqual([
      0, 0, 0,
    ]);
  });

  it("are 0 if they are short, or the end of the last request is unknown", () => {
    expect(withPauses([at(0, 1_000), at(10, null), at(20, 5)]).map(({ pauseMs }) => pauseMs)).toEqual([
      0, 0, 0,
    ]);
    expect(withPauses([])).toEqual([]);
  });
});
