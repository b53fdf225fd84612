import { it } from "vitest";
import { startBrowser } from "../../../scripts/lib/browser.ts";
import { findPostgres, startCluster } from "../../../scripts/local/database/debian-postgres.ts";
import { startTestStack, temporaryDirectory } from "../local-stack.ts";

it("starts a local stack, a browser and a PostgreSQL and waits to be killed", async () => {
  await startTestStack();
  await startBrowser();
  if (findPostgres()) await startCluster(await temporaryDirectory());
  await new Promise(() => {});
});
