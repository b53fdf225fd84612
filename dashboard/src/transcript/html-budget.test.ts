import { describe, expect, it } from "vitest";
import { spendBudget } from "./html-budget.ts";

describe("the HTML budget of a page", () => {
  it("is spent by each text; the next has the rest", () => {
    const budget = { left: 1_000 };
    expect(spendBudget(budget, "a".repeat(600), 5_000)).toBe(5_000);
    expect(spendBudget(budget, "b".repeat(900), 5_000)).toBe(400);
    expect(budget.left).toBe(0);
  });

  it("always allows the start of a text", () => {
    const budget = { left: -50 };
    expect(spendBudget(budget, "c".repeat(10_000), 5_000)).toBe(300);
    expect(spendBudget(budget, "short", 5_000)).toBe(5_000);
  });

  it("counts bytes in the page: escaped markup and non-Latin text take more", () => {
    expect(spendBudget({ left: 1_000 }, "<".repeat(900), 5_000)).toBe(200);
    expect(spendBudget({ left: 900 }, "語".repeat(900), 5_000)).toBe(300);
    expect(spendBudget({ left: 400 }, "💥".repeat(900), 5_000)).toBe(200);
  });

  it("limits nothing if there is none", () => {
    expect(spendBudget(undefined, "d".repeat(10_000), 5_000)).toBe(5_000);
  });
});
