/**
 * `npm run demo`: the local world with a fake Claude, in a data directory of its own, and a team's day of traffic sent
 * through the proxy. Started again on the same directory, it shows what is there and sends nothing.
 */
import { createLocalWorld, type LocalWorld } from "./local/host.ts";
import { generateDay, type DemoDomain } from "./local/demo/day.ts";
import { replayDay, type Access } from "./local/demo/replay.ts";
import { startFakeClaude, type FakeClaude } from "./local/fake-claude.ts";
import { LocalWorldError, reasonOf } from "./local/local-error.ts";
import { readSettings } from "./local/settings.ts";
import { untilStopped } from "./local/until-stopped.ts";

const DATA_DIR = ".data/demo";

await untilStopped(async () => {
  const settings = readSettings({ ...process.env, DATA_DIR: process.env.DATA_DIR || DATA_DIR });
  const fake = await startFakeClaude({ speed: 0.1 });
  const world = await createLocalWorld({
    ...settings,
    variables: { ...settings.variables, CLAUDE_API_BASE_URL: fake.url },
    log: (level, line) => {
      if (level === "error") console.error(line);
    },
  }).catch(async (error: unknown) => {
    await fake.stop();
    throw error;
  });
  console.log(`proxy          ${world.proxyUrl}   (answers come from a fake Claude)`);
  console.log(`dashboard      ${world.dashboardUrl}`);
  console.log(`dashboard key  ${world.dashboardKey}`);
  console.log(`data           ${settings.dataDir} (delete it to begin anew)`);
  console.log("ready; Ctrl-C stops");
  const stopping = new AbortController();
  const sending = sendDay(world, fake, stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) console.error(`The demo's traffic could not be sent: ${reasonOf(error)}`);
  });
  return {
    async stop() {
      stopping.abort();
      await fake.stop();
      await sending;
      await world.stop();
    },
  };
}, LocalWorldError);

/** Sets the domains up and sends the day, unless they are there already. */
async function sendDay(world: LocalWorld, fake: FakeClaude, signal: AbortSignal): Promise<void> {
  const day = generateDay({ date: new Date().toISOString().slice(0, 10) });
  const { domains } = (await callApi(world, "GET", "/api/domains")) as { domains: { domain: string }[] };
  if (day.domains.every(({ domain }) => domains.some((known) => known.domain === domain))) {
    console.log("The day's traffic is there from an earlier start.");
    return;
  }
  const access: Record<string, Access> = {};
  for (const domain of day.domains) access[domain.domain] = await setUp(world, domain);
  const started = Date.now();
  const { sent, surprises } = await replayDay({
    proxyUrl: world.proxyUrl,
    exchanges: day.exchanges,
    domains: access,
    fake,
    signal,
    progress: (done, total) => {
      if (done % 50 === 0 || done === total) console.log(`sent ${done} of ${total} exchanges`);
    },
  });
  console.log(`The day's ${sent} exchanges took ${Math.round((Date.now() - started) / 1000)} s.`);
  for (const surprise of surprises) console.error(`not as planned: ${surprise}`);
}

/** Makes the domain and a client key for each sender; answers how a sender shows it. */
async function setUp(world: LocalWorld, demo: DemoDomain): Promise<Access> {
  const path = `/api/domains/${demo.domain}`;
  const credential =
    demo.credential === "api_key"
      ? { type: "api_key", api_key: `sk-ant-demo-${demo.accountId}` }
      : { type: "passthrough" };
  await callApi(world, "PUT", path, { accountId: demo.accountId, credential });
  const keys = new Map<string, string>();
  for (const name of demo.senders) {
    const made = (await callApi(world, "POST", `${path}/client-keys`, { name })) as { key: string };
    keys.set(name, made.key);
  }
  return (sender, auth) => {
    const present = (secret: string): Record<string, string> =>
      auth === "bearer" ? { authorization: `Bearer ${secret}` } : { "x-api-key": secret };
    const key = keys.get(sender) ?? "";
    if (demo.credential === "api_key") return present(key);
    return { ...present(`sk-ant-demo-${sender}`), "x-nexus-key": key };
  };
}

async function callApi(world: LocalWorld, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${world.proxyUrl}${path}`, {
    method,
    headers: { "x-dashboard-key": world.dashboardKey, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
