/**
 * `npm run demo`: the local stack with a fake Claude and its own data directory. The first start sends a day of sample traffic through
 * the proxy, later starts keep it. Then some traffic continues, unless DEMO_LIVE=false.
 */
import { startDemo } from "./local/demo/demo.ts";
import { LocalStackError } from "./lib/local-error.ts";
import { readSettings } from "./local/settings.ts";
import { untilStopped } from "./local/until-stopped.ts";

const DATA_DIR = ".data/demo";

await untilStopped(async () => {
  const settings = readSettings({ ...process.env, DATA_DIR: process.env.DATA_DIR || DATA_DIR });
  const log = (level: string, line: string) => {
    if (level === "error") console.error(line);
  };
  const demo = await startDemo({
    stack: { ...settings, log },
    live: !["false", "0"].includes(process.env.DEMO_LIVE ?? ""),
    print: (line) => console.log(line),
  });
  console.log(`proxy          ${demo.stack.clientUrl}   (a fake Claude responds)`);
  console.log(`dashboard      ${demo.stack.dashboardUrl}`);
  console.log(`dashboard key  ${demo.stack.dashboardKey}`);
  console.log(`data           ${settings.dataDir} (delete it to start over)`);
  console.log("ready; Ctrl-C stops");
  demo.played.catch((error: unknown) => console.error("The sample traffic could not be sent:", error));
  return { stop: () => demo.stop() };
}, LocalStackError);
