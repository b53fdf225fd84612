/** One proxy harness with one tenant for all tests of a file: started before them, reset after each, stopped after them. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Edge, startEdge, type Tenant } from "./proxy-harness.ts";

/** To be called at the top of a file; `take` receives both once they are started. `variables` are those of workers/runtime/config.ts. */
export function edgeOfFile(
  take: (started: { edge: Edge; tenant: Tenant }) => void,
  variables: () => Record<string, string> | Promise<Record<string, string>> = () => ({}),
): void {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge(await variables());
    take({ edge, tenant: await edge.tenant() });
  });
  afterEach(async () => {
    edge.claude.reset();
    await edge.break({});
  });
  afterAll(() => edge.stop());
}
