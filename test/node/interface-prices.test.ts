/** Texts that a person reads state no price but those of the price table. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { analysisCost, ESTIMATED_OUTPUT_TOKENS, GEMINI_PRICES } from "../../workers/domain/analysis/price.ts";
import { MULTIPLIERS, SERVER_TOOL_PRICES } from "../../workers/domain/pricing/price-table.ts";
import { formatUsd } from "../../workers/domain/pricing/usd.ts";

const SOURCES = [
  "dashboard/src/**/*.{ts,tsx}",
  "workers/{alerts,api,schemas,domain/alerts,domain/pricing}/**/*.ts",
  "scripts/nexus/**/*.ts",
];
const DOCUMENTS = ["README.md", "docs/{pricing,dashboard,operating,conversations,glossary}.md"];

/** Dollars, factors of a price, and shares of a price in words. */
const PRICE =
  /(?<!:)\$(\d+(?:,\d{3})*(?:\.\d+)?)|×\s?(\d+(?:\.\d+)?)(?= on all|[^`]*\b(?:rates?|prices?)\b)|(\d+(?:\.\d+)?\s?%) (?:more|less|of)[^.]*\b(?:prices?|rates?|input)\b|\b((?:a tenth|half|twice|double|three times) (?:of |as |the )?[^.]*\b(?:prices?|rates?|much)\b)/gi;
const IS_COMMENT = /^\s*(?:\/\/|\/?\*|\{\/\*)|\/\/ .*$/;

/** "$0" is how the documents write that nothing is billed; per 1,000 requests is the unit of a tool's price. */
const ALLOWED = new Set([
  ...Object.values(MULTIPLIERS),
  ...Object.values(SERVER_TOOL_PRICES),
  ...["2026-12-01", "2027-01-01"].map(exampleCost),
  "0",
  "0.00",
]);

/** Of the example in docs/operating.md: an analysis of a branch of 100,000 tokens. */
function exampleCost(day: string): string {
  const usage = { inputTokens: 100_000, cachedInputTokens: 0, outputTokens: ESTIMATED_OUTPUT_TOKENS };
  const model = "gemini-3.8-flash";
  return formatUsd(analysisCost("gemini", model, { ...usage, thinkingTokens: 0 }, new Date(day))!);
}

function pricesIn(text: string): string[] {
  return [...text.matchAll(PRICE)].map((match) => match.slice(1).find((group) => group !== undefined)!);
}

test("the search finds the prices that it is meant to find", () => {
  expect(
    pricesIn(
      "Cache reads cost a tenth of the input price. 25% more than the input. $3.75 per million. All rates: × 1.5 the rates",
    ),
  ).toEqual(["a tenth of the input price", "25%", "3.75", "1.5"]);
});

test.each([...SOURCES, ...DOCUMENTS])("%s", (pattern) => {
  const files = globSync(pattern).filter((file) => !file.includes(".test."));
  expect(files.length).toBeGreaterThan(0);
  const found = files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => file.endsWith(".md") || !IS_COMMENT.test(line))
      .flatMap((line) => pricesIn(line).map((price) => `${file}: ${price}`)),
  );
  const unknown = found.filter((each) => !ALLOWED.has(each.slice(each.indexOf(": ") + 2)));
  expect(unknown).toEqual([]);
});

test("docs/operating.md has all prices of Gemini's models", () => {
  const rows = readFileSync("docs/operating.md", "utf8").match(/^\| `gemini-.*\|$/gm);
  expect(rows).toEqual(
    GEMINI_PRICES.map(
      ({ model, from, input, cached, output }) =>
        `| \`${model}\` | ${from ?? "its release"} | ${input} | ${cached} | ${output} |`,
    ),
  );
});
