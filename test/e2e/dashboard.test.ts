/**
 * The dashboard over the demo's day in a real Chromium: who gets in, every page in both themes and widths, its headline figures against
 * the API, controls, live updates. One demo stack for all of it; the parts are in dashboard/.
 */
import { afterAll, beforeAll } from "vitest";
import { type DemoStack, startDemoStack } from "../support/demo-stack.ts";
import { describeAccess } from "./dashboard/access.ts";
import { describeAnalyses } from "./dashboard/analyses.ts";
import { describeEveryPage } from "./dashboard/every-page.ts";
import { describeLists } from "./dashboard/lists.ts";
import { describeLiveness } from "./dashboard/liveness.ts";
import { describeRecommendations } from "./dashboard/recommendations.ts";
import { describeToggles } from "./dashboard/toggles.ts";
import { describeTree } from "./dashboard/tree.ts";
import { describeFigures } from "./dashboard/figures.ts";

let running: DemoStack;
beforeAll(async () => {
  running = await startDemoStack();
});
afterAll(() => running.stop());
const demo = () => running;

describeEveryPage(demo);
describeFigures(demo);
describeLists(demo);
describeToggles(demo);
describeTree(demo);
describeRecommendations(demo);
describeLiveness(demo);
describeAnalyses(demo);
describeAccess(demo);
