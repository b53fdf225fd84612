/**
 * `npm run dev`: the Worker under `wrangler dev`, reloaded at every change, with the embedded Postgres (`npm run dev:dashboard` in
 * another terminal adds the dashboard). Further arguments are passed to wrangler. Ten times slower than `npm start`: for development.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openDatabase } from "./local/database/database.ts";
import { lockDataDir } from "./local/data-dir.ts";
import { LocalStackError } from "./lib/local-error.ts";
import { claimPort } from "./local/network/ports.ts";
import { loadSecrets } from "./local/secrets.ts";
import { readSettings } from "./local/settings.ts";
import { untilStopped } from "./local/until-stopped.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DATA_DIR = ".data/dev";

await untilStopped(async () => {
  const settings = readSettings({ ...process.env, DATA_DIR: process.env.DATA_DIR || DATA_DIR });
  const port = await claimPort(settings.proxyPort, "PROXY_PORT");
  const dataDir = await lockDataDir(settings.dataDir);
  const { CREDENTIAL_KEYS, DASHBOARD_API_KEY } = await loadSecrets(settings.dataDir);
  const database = await openDatabase({
    dataDir: settings.dataDir,
    databaseUrl: settings.databaseUrl,
    readonlyUrl: settings.variables.DATABASE_READONLY_URL,
  });
  // wrangler reads only the secrets that wrangler.toml requires from its environment.
  const secrets = { CREDENTIAL_KEYS, ...settings.variables, DATABASE_URL: database.url };
  const variables = {
    LOCAL_WORLD: "true",
    DASHBOARD_API_KEY,
    ...settings.variables,
    NEON_BRIDGE: database.bridge,
  };
  const asArguments = Object.entries(variables)
    .filter(([name]) => name !== "DATABASE_URL" && name !== "CREDENTIAL_KEYS")
    .flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  console.log(`dashboard key  ${variables.DASHBOARD_API_KEY}`);
  const wrangler = spawn(
    process.execPath,
    [
      fileURLToPath(new URL("../node_modules/wrangler/bin/wrangler.js", import.meta.url)),
      ...[
        "dev",
        "--ip",
        "127.0.0.1",
        "--port",
        String(port),
        "--persist-to",
        `${settings.dataDir}/cloudflare`,
      ],
      ...asArguments,
      ...process.argv.slice(2),
    ],
    { cwd: ROOT, env: { ...process.env, ...secrets }, stdio: "inherit" },
  );
  const ended = once(wrangler, "exit").then(() => process.kill(process.pid, "SIGTERM"));
  return {
    async stop() {
      if (wrangler.exitCode === null) wrangler.kill();
      await ended;
      await database.stop();
      await dataDir.release();
    },
  };
}, LocalStackError);
