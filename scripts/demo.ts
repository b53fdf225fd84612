/**
 * `npm run demo`: the local world with a fake Claude, in a data directory of its own, and a team's day of traffic sent
 * through the proxy. Started again on the same directory, it shows what is there; a trickle of traffic goes on.
 */
import { startDemo } from "./local/demo/demo.ts";
import { LocalWorldError } from "./local/local-error.ts";
import { readSettings } from "./local/settings.ts";
import { untilStopped } from "./local/until-stopped.ts";

const DATA_DIR = ".data/demo";

await untilStopped(async () => {
  const settings = readSettings({ ...process.env, DATA_DIR: process.env.DATA_DIR || DATA_DIR });
  const log = (level: string, line: string) => {
    if (level === "error") console.error(line);
  };
  const { world, played, stop } = await startDemo({
    world: { ...settings, log },
    live: true,
    print: (line) => console.log(line),
  });
  console.log(`proxy          ${world.proxyUrl}   (answers come from a fake Claude)`);
  console.log(`dashboard      ${world.dashboardUrl}`);
  console.log(`dashboard key  ${world.dashboardKey}`);
  console.log(`data           ${settings.dataDir} (delete it to begin anew)`);
  console.log("ready; Ctrl-C stops");
  played.catch((error: unknown) => console.error("The day's traffic could not be sent:", error));
  return { stop };
}, LocalWorldError);
