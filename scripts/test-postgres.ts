/**
 * The PostgreSQL of a whole test run: `start DIRECTORY` prints its connection string, `stop DIRECTORY` ends it. For .ci/run, which
 * hands it to the tests as TEST_DATABASE_URL.
 */
import { startCluster, stopCluster } from "./local/database/debian-postgres.ts";

const [what, directory] = process.argv.slice(2);
if (directory && what === "start") {
  // Nothing in it outlives the run.
  const { url } = await startCluster(directory, { fsync: "off", synchronous_commit: "off" });
  console.log(url);
} else if (directory && what === "stop") {
  await stopCluster(directory);
} else {
  console.error("usage: test-postgres.ts start|stop DIRECTORY");
  process.exitCode = 2;
}
