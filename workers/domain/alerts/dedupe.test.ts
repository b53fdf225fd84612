import { describe, expect, it } from "vitest";
import type { AlertEvent } from "../../schemas/alert.ts";
import { errorEvent, messageEvent, thresholdEvent } from "../../../test/support/alert-events.ts";
import { shouldSend, dedupeKeyOf, type SentRecord } from "./dedupe.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The events that are sent, each some minutes after noon, with the number of their repeats: "minute +repeats". */
function sent(...course: [minute: number, event: AlertEvent][]): string[] {
  const memories = new Map<string, SentRecord>();
  return course.flatMap(([minute, event]) => {
    const dedupeKey = dedupeKeyOf(event);
    const verdict = shouldSend(dedupeKey, memories.get(dedupeKey.key) ?? null, NOW + minute * MINUTE);
    memories.set(dedupeKey.key, verdict.record);
    return verdict.isSent ? [`${minute} +${verdict.repeats}`] : [];
  });
}

describe("deduplication", () => {
  it("sends other errors by themselves", () => {
    expect(
      sent(
        [0, errorEvent()],
        [1, errorEvent({ status: 500, errorType: "api_error" })],
        [2, errorEvent({ model: "other" })],
        [3, errorEvent({ requestId: "another", path: "/v1/other" })],
        [4, errorEvent({ status: 200 })],
        [5, errorEvent({ status: 200, outcome: "upstream_failed" })],
      ),
    ).toHaveLength(5);
  });

  it("sends a user's text once per conversation, whatever others send meanwhile", () => {
    const message = (conversation: string, userText: string) => messageEvent({ conversation, userText });
    expect(
      sent(
        [0, message("c1", "do it")],
        [1, message("c2", "do it")],
        [2, message("c1", "do it")],
        [3, message("c1", "now this")],
        [4, message("c1", "do it")],
      ),
    ).toEqual(["0 +0", "1 +0", "3 +0", "4 +0"]);
  });

  const DAY = 60 * 24;
  it.each<[string, AlertEvent, number[], string[]]>([
    [
      "an error once in ten minutes, then with its repeats",
      errorEvent(),
      [0, 1, 5, 9, 11, 12, 22],
      ["0 +0", "11 +3", "22 +1"],
    ],
    [
      "a needed login once an hour",
      { kind: "needs_login", accountId: "a", reason: "r", at: NOW },
      [0, 30, 61],
      ["0 +0", "61 +0"],
    ],
    [
      "lost exchanges once an hour",
      { kind: "facts_lost", exchanges: 3, at: NOW },
      [0, 30, 61],
      ["0 +0", "61 +0"],
    ],
    ["wrong keys once an hour", { kind: "wrong_keys", count: 30, at: NOW }, [0, 30, 61], ["0 +0", "61 +0"]],
    [
      "a model once a week",
      { kind: "unknown_model", model: "m", domain: "d", requestId: "r", at: NOW },
      [0, 6 * DAY, 8 * DAY],
      ["0 +0", `${8 * DAY} +0`],
    ],
    ["every test", { kind: "test", domain: "d", at: NOW }, [0, 0], ["0 +0", "0 +0"]],
    ["an error although the clock was ahead", errorEvent(), [1_000_000, 0], ["1000000 +0", "0 +0"]],
  ])("sends %s", (_name, event, minutes, expected) => {
    expect(sent(...minutes.map((minute): [number, AlertEvent] => [minute, event]))).toEqual(expected);
  });

  it("sends a threshold once per window", () => {
    const first = thresholdEvent({ resetsAt: NOW + HOUR });
    const next = thresholdEvent({ resetsAt: NOW + 6 * HOUR });
    expect(sent([0, first], [30, first], [61, next])).toEqual(["0 +0", "61 +0"]);
  });

  it("sends missing bodies once an hour for all domains, then with their repeats", () => {
    const unrecorded = (domain: string): AlertEvent => ({
      kind: "unrecorded",
      domain,
      requestId: "r",
      at: NOW,
    });
    const [a, b] = [unrecorded("a"), unrecorded("b")];
    expect(sent([0, a], [1, b], [59, a], [61, b])).toEqual(["0 +0", "61 +2"]);
  });
});
