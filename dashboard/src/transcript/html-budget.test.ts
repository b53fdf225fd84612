import { describe, expect, it } from "vitest";
import { spendBudget } from "./html-budget.ts";

describe("the room of a page", () => {
  it("is taken by each text, and the next has what is left", () => {
    const room = { left: 1_000 };
    expect(spendBudget(room, "a".repeat(600), 5_000)).toBe(5_000);
    expect(spendBudget(room, "b".repeat(900), 5_000)).toBe(400);
    expect(room.left).toBe(0);
  });

  it("always has some for the beginning of a text", () => {
    const room = { left: -50 };
    expect(spendBudget(room, "c".repeat(10_000), 5_000)).toBe(300);
    expect(spendBudget(room, "short", 5_000)).toBe(5_000);
  });

  it("is counted in what a text takes in the page: markup is escaped, other writing takes more bytes", () => {
    expect(spendBudget({ left: 1_000 }, "<".repeat(900), 5_000)).toBe(200);
    expect(spendBudget({ left: 900 }, "語".repeat(900), 5_000)).toBe(300);
    expect(spendBudget({ left: 400 }, "💥".repeat(900), 5_000)).toBe(200);
  });

  it("is nobody's limit where there is none", () => {
    expect(spendBudget(undefined, "d".repeat(10_000), 5_000)).toBe(5_000);
  });
});
