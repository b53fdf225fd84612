/**
 * `npm start`: runs the local stack until Ctrl-C. Prints its addresses and the dashboard key, then a line that begins with `ready`.
 *
 * package.json starts it with settings that return memory: migrations and the compilation of Postgres' WebAssembly take 200 MB that
 * glibc and V8 would keep for later. Blocks of 16 KB and more are unmapped when they are freed, and the young generation stays small.
 */
import { startLocalStack, type LocalStack } from "./local/local-stack.ts";
import { LocalStackError } from "./lib/local-error.ts";
import { readSettings } from "./local/settings.ts";
import { untilStopped } from "./local/until-stopped.ts";

const started = Date.now();
await untilStopped(async (): Promise<LocalStack> => {
  const settings = readSettings(process.env);
  const stack = await startLocalStack({ ...settings, log: (_level, line) => console.log(line) });
  const database = settings.databaseUrl
    ? "the Postgres of DATABASE_URL"
    : `${settings.dataDir} (embedded Postgres)`;
  console.log(`proxy          ${stack.proxyUrl}   (ANTHROPIC_BASE_URL=${stack.proxyUrl} claude)`);
  console.log(`dashboard      ${stack.dashboardUrl}`);
  console.log(`dashboard key  ${stack.dashboardKey}`);
  console.log(`data           ${database}`);
  console.log(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s; Ctrl-C stops`);
  return stack;
}, LocalStackError);
