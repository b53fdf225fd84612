/**
 * `npm run demo`: the local world with a fake Claude, in a data directory of its own, and a team's day of traffic sent
 * through the proxy. Started again on the same directory, it shows what is there; a trickle of traffic goes on,
 * unless DEMO_LIVE=false.
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
  console.log(`proxy          ${demo.stack.proxyUrl}   (answers come from a fake Claude)`);
  console.log(`dashboard      ${demo.stack.dashboardUrl}`);
  console.log(`dashboard key  ${demo.stack.dashboardKey}`);
  console.log(`data           ${settings.dataDir} (delete it to begin anew)`);
  console.log("ready; Ctrl-C stops");
  demo.played.catch((error: unknown) => console.error("The day's traffic could not be sent:", error));
  return { stop: () => demo.stop() };
}, LocalStackError);
