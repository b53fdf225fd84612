/**
 * `npm start`: runs the local stack until Ctrl-C. Prints its addresses and the dashboard key, then a line that begins with `ready`.
 *
 * package.json starts it with settings that return memory: migrations and the compilation of Postgres' WebAssembly take 200 MB that
 * glibc and V8 would keep for later. Blocks of 16 KB and more are unmapped when they are freed, and the young generation stays small.
 */
import { join } from "node:path";
import { startLocalPrompts } from "./local/local-prompts.ts";
import { startLocalStack, type LocalStack } from "./local/local-stack.ts";
import { LocalStackError } from "./lib/local-error.ts";
import { readSettings } from "./local/settings.ts";
import { untilStopped } from "./local/until-stopped.ts";

const started = Date.now();
await untilStopped(async (): Promise<LocalStack> => {
  const settings = readSettings(process.env);
  const log = (line: string) => console.log(line);
  const root = join(import.meta.dirname, "..");
  const prompts = await startLocalPrompts({
    folder: join(root, "prompts"),
    readFolder: async () => (await import("./bundle-prompts.ts")).readFolder(),
    bundle: join(root, "out/prompts.json"),
    log,
  });
  const variables = { ...settings.variables, LOCAL_PROMPTS: prompts.url };
  const stack = await startLocalStack({ ...settings, variables, log: (_level, line) => log(line) });
  const database = settings.databaseUrl
    ? "the Postgres of DATABASE_URL"
    : `${settings.dataDir} (embedded Postgres)`;
  console.log(`proxy          ${stack.clientUrl}   (ANTHROPIC_BASE_URL=${stack.clientUrl} claude)`);
  console.log(`dashboard      ${stack.dashboardUrl}`);
  console.log(`dashboard key  ${stack.dashboardKey}`);
  console.log(`data           ${database}`);
  console.log(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s; Ctrl-C stops`);
  return { ...stack, stop: (options) => stack.stop(options).finally(() => prompts.stop()) };
}, LocalStackError);
