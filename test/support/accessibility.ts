/** Checks a page with axe-core. */
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";

/** WCAG 2.2 at level AA, and earlier versions. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Rules whose result depends on theme and width. */
export const VISUAL_RULES = ["color-contrast", "target-size", "scrollable-region-focusable"];

/**
 * Serious and critical findings, one line each: rule, requirement and element; of all rules or of those with these ids.
 * Evaluated through the debugger, which the CSP does not block.
 */
export async function accessibilityProblems(page: Page, only?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe.source);
  const found = await page.evaluate(
    (runOnly) =>
      (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
        runOnly,
        resultTypes: ["violations"],
      }),
    only ? { type: "rule", values: [...only] } : { type: "tag", values: RULES },
  );
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
    );
}
