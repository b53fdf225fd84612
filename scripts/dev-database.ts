/**
 * `npm run dev:database`: the embedded Postgres and the bridge alone, for `npm run dev` and `npm run dev:dashboard` in
 * other terminals. Writes .dev.vars, from which wrangler takes the Worker's variables and secrets.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "./local/database.ts";
import { takeDataDir } from "./local/data-dir.ts";
import { LocalWorldError } from "./local/local-error.ts";
import { loadSecrets } from "./local/secrets.ts";
import { readSettings } from "./local/settings.ts";
import { untilStopped } from "./local/until-stopped.ts";

const DATA_DIR = ".data/dev";
const DEV_VARS = fileURLToPath(new URL("../.dev.vars", import.meta.url));
const MARK = "# Written by npm run dev:database.";

await untilStopped(async () => {
  const settings = readSettings({ ...process.env, DATA_DIR: process.env.DATA_DIR || DATA_DIR });
  const present = await readFile(DEV_VARS, "utf8").catch(() => MARK);
  if (!present.startsWith(MARK)) {
    throw new LocalWorldError(`${DEV_VARS} is not of this program's making. Move it away and try again.`);
  }
  const dataDir = await takeDataDir(settings.dataDir);
  const secrets = await loadSecrets(settings.dataDir);
  const database = await openDatabase({
    dataDir: settings.dataDir,
    databaseUrl: settings.databaseUrl,
    readonlyUrl: settings.variables.DATABASE_READONLY_URL,
  });
  const variables = {
    LOCAL_WORLD: "true",
    ...secrets,
    ...settings.variables,
    DATABASE_URL: database.url,
    NEON_BRIDGE: database.bridge,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  await writeFile(DEV_VARS, `${[MARK, ...lines].join("\n")}\n`, { mode: 0o600 });
  console.log(`database       ${database.url}`);
  console.log(`dashboard key  ${variables.DASHBOARD_API_KEY}`);
  console.log(`data           ${join(settings.dataDir, "postgres")}`);
  console.log("ready: now `npm run dev` and `npm run dev:dashboard`; Ctrl-C stops");
  return {
    async stop() {
      await database.stop();
      await dataDir.release();
    },
  };
}, LocalWorldError);
