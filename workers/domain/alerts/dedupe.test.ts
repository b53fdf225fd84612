import { describe, expect, it } from "vitest";
import type { AlertEvent, ErrorEvent, MessageEvent } from "../../schemas/alert.ts";
import { shouldSend, dedupeKeyOf, type SentRecord } from "./dedupe.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const error = (more: Partial<ErrorEvent> = {}): ErrorEvent => ({
  kind: "error",
  domain: "d",
  requestId: "r",
  at: NOW,
  method: "POST",
  path: "/v1/messages",
  status: 529,
  outcome: "complete",
  errorType: "overloaded_error",
  message: "Overloaded",
  model: "m",
  accountId: "a",
  ...more,
});
const message = (conversation: string, userText: string): MessageEvent => ({
  kind: "message",
  domain: "d",
  requestId: "r",
  at: NOW,
  conversation,
  conversationId: null,
  model: null,
  credentialType: "api_key",
  accountId: null,
  userText,
  answerText: "",
  tools: [],
  inputTokens: 0,
  outputTokens: 0,
});

/** Which of the events, each some minutes after noon, are told, and with how many repeats. */
function told(course: [number, AlertEvent][]): [number, number][] {
  const memories = new Map<string, SentRecord>();
  return course.flatMap(([minutes, event]) => {
    const occasion = dedupeKeyOf(event);
    const verdict = shouldSend(occasion, memories.get(occasion.key) ?? null, NOW + minutes * MINUTE);
    memories.set(occasion.key, verdict.record);
    return verdict.isSent ? [[minutes, verdict.repeats] as [number, number]] : [];
  });
}

describe("the gate", () => {
  it("tells an error once in ten minutes, then how many there were", () => {
    expect(told([0, 1, 5, 9, 11, 12, 22].map((minutes) => [minutes, error()]))).toEqual([
      [0, 0],
      [11, 3],
      [22, 1],
    ]);
  });

  it("tells other errors apart", () => {
    expect(
      told([
        [0, error()],
        [1, error({ status: 500, errorType: "api_error" })],
        [2, error({ model: "other" })],
        [3, error({ requestId: "another", path: "/v1/other" })],
      ]).length,
    ).toBe(3);
  });

  it("tells a user's words once per conversation, whatever others say meanwhile", () => {
    expect(
      told([
        [0, message("c1", "do it")],
        [1, message("c2", "do it")],
        [2, message("c1", "do it")],
        [3, message("c1", "now this")],
        [4, message("c1", "do it")],
      ]).map(([minutes]) => minutes),
    ).toEqual([0, 1, 3, 4]);
  });

  it("tells a threshold once per window, a needed login and a backlog once an hour, a model once a week, a test always", () => {
    const threshold = (resetsAt: number | null): AlertEvent => ({
      kind: "window_threshold",
      accountId: "a",
      window: "5h",
      utilization: 0.8,
      threshold: 0.75,
      resetsAt,
      fullAt: null,
      at: NOW,
    });
    const login: AlertEvent = { kind: "needs_login", accountId: "a", reason: "r", at: NOW };
    const model: AlertEvent = { kind: "unknown_model", model: "m", domain: "d", requestId: "r", at: NOW };
    const test: AlertEvent = { kind: "test", domain: "d", at: NOW };
    expect(
      told([
        [0, threshold(NOW + HOUR)],
        [30, threshold(NOW + HOUR)],
        [61, threshold(NOW + 6 * HOUR)],
      ]),
    ).toHaveLength(2);
    expect(
      told([
        [0, login],
        [30, login],
        [61, login],
      ]),
    ).toHaveLength(2);
    const lost: AlertEvent = { kind: "facts_lost", exchanges: 3, at: NOW };
    expect(
      told([
        [0, lost],
        [30, lost],
        [61, lost],
      ]),
    ).toEqual([
      [0, 0],
      [61, 0],
    ]);
    expect(
      told([
        [0, model],
        [60 * 24 * 6, model],
        [60 * 24 * 8, model],
      ]),
    ).toHaveLength(2);
    expect(
      told([
        [0, test],
        [0, test],
      ]),
    ).toHaveLength(2);
  });

  it("tells of missing bodies once in an hour, wherever, then how many there were", () => {
    const unrecorded = (domain: string): AlertEvent => ({
      kind: "unrecorded",
      domain,
      requestId: "r",
      at: NOW,
    });
    expect(
      told([
        [0, unrecorded("a")],
        [1, unrecorded("b")],
        [59, unrecorded("a")],
        [61, unrecorded("b")],
      ]),
    ).toEqual([
      [0, 0],
      [61, 2],
    ]);
  });

  it("does not stay quiet because a clock was ahead", () => {
    expect(
      told([
        [1_000_000, error()],
        [0, error()],
      ]),
    ).toHaveLength(2);
  });
});
