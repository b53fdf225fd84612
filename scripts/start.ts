/** `npm start`: the local world until Ctrl-C. Prints its addresses and the dashboard key, then a line beginning `ready`. */
import { createLocalWorld, type LocalWorld } from "./local/local-stack.ts";
import { LocalWorldError } from "./lib/local-error.ts";
import { readSettings } from "./local/settings.ts";
import { untilStopped } from "./local/until-stopped.ts";

const started = Date.now();
await untilStopped(async (): Promise<LocalWorld> => {
  const settings = readSettings(process.env);
  const world = await createLocalWorld({ ...settings, log: (_level, line) => console.log(line) });
  const database = settings.databaseUrl
    ? "the Postgres of DATABASE_URL"
    : `${settings.dataDir} (embedded Postgres)`;
  console.log(`proxy          ${world.proxyUrl}   (ANTHROPIC_BASE_URL=${world.proxyUrl} claude)`);
  console.log(`dashboard      ${world.dashboardUrl}`);
  console.log(`dashboard key  ${world.dashboardKey}`);
  console.log(`data           ${database}`);
  console.log(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s; Ctrl-C stops`);
  return world;
}, LocalWorldError);
