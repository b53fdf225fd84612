import { describe, expect, it } from "vitest";
import type { Transcript } from "../../../workers/schemas/api/conversations.ts";
import { limitTranscript } from "./page-size.ts";

const transcript = (...sizes: number[]): Transcript => ({
  conversationId: "c",
  branchKey: "b",
  branchId: "main",
  requestId: "r",
  total: 100,
  state: "whole",
  compactedFrom: null,
  nextCursor: 90,
  messages: sizes.map((size, n) => ({
    position: n * 2 + 1,
    role: "user",
    content: "x".repeat(size),
    isClipped: false,
    bytes: size,
    requestId: null,
    timestamp: null,
    isAnswer: false,
  })),
});

describe("a page's share of a transcript", () => {
  it("is all of it where it fits, with the API's own cursor", () => {
    const small = transcript(10, 10);
    expect(limitTranscript(small, 700)).toBe(small);
  });

  it("ends before the message that does not fit, and goes on from there", () => {
    const cut = limitTranscript(transcript(40, 40, 40), 800);
    expect(cut.messages.map(({ position }) => position)).toEqual([1, 3]);
    expect(cut.nextCursor).toBe(5);
  });

  it("counts what a message costs however short it is", () => {
    expect(limitTranscript(transcript(1, 1, 1, 1), 1_000).messages).toHaveLength(3);
  });

  it("has one message at least, however large", () => {
    const cut = limitTranscript(transcript(500, 10), 100);
    expect(cut.messages).toHaveLength(1);
    expect(cut.nextCursor).toBe(3);
    expect(limitTranscript(transcript(500), 100).nextCursor).toBe(90);
  });
});
