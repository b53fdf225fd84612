/** One proxy harness with one tenant for all tests of a file: started before them, reset after each, stopped after them. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { type ProxyHarness, startProxyHarness, type Tenant } from "./proxy-harness.ts";

/** To be called at the top of a file; `take` receives both once they are started. `variables` are those of workers/runtime/config.ts. */
export function proxyHarnessOfFile(
  take: (started: { harness: ProxyHarness; tenant: Tenant }) => void,
  variables: () => Record<string, string> | Promise<Record<string, string>> = () => ({}),
): void {
  let harness: ProxyHarness;
  beforeAll(async () => {
    harness = await startProxyHarness(await variables());
    take({ harness, tenant: await harness.tenant() });
  });
  afterEach(async () => {
    harness.claude.reset();
    await harness.break({});
  });
  afterAll(() => harness.stop());
}
