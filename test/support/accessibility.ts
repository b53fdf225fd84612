/** What axe-core finds on a page that people with assistive technology would stumble over. */
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";

/** WCAG 2.2 at level AA, with what came before it. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What changes with the theme and the width of one and the same page. */
export const VISUAL_RULES = ["color-contrast", "target-size", "scrollable-region-focusable"];

/**
 * Serious and critical findings, a line each: rule, what it asks for, and where; of all rules, or of those named by their
 * ids. Evaluated by the debugger, which no CSP stops.
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
