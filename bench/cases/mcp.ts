/** What `/mcp` costs: a prompt, and the hot path of an isolate that has loaded the library of the protocol. */
import { send } from "../../scripts/local/demo/send.ts";
import { cpuMs } from "../harness/process-tree.ts";
import type { Harness } from "../harness/harness.ts";
import type { Target } from "../harness/target.ts";
import { DOMAIN } from "../harness/workerd.ts";
import { median } from "../lib/statistics.ts";
import { ratioOf, type Line } from "../lib/table.ts";
import type { Effort } from "./compare.ts";
import { limitLine } from "./lines.ts";

const PROMPTS = 200;
const REQUESTS = 400;
/** What loading may add to a request is less than the rounds differ by. */
const MAX_RATIO = 1.1;

async function getPrompt(target: Target): Promise<void> {
  const params = { name: "plan", arguments: { topic: "costs" } };
  const { status, body } = await send({
    baseUrl: `http://127.0.0.1:${target.port}`,
    host: DOMAIN,
    method: "POST",
    path: "/mcp",
    headers: { ...target.headers, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "prompts/get", params }),
  });
  if (status !== 200 || !body.includes("costs")) throw new Error(`prompts/get: ${status} ${body.toString()}`);
}

export async function mcp(harness: Harness, { rounds }: Effort): Promise<Line[]> {
  const without = await harness.fresh("nexus");
  const loaded = await harness.fresh("nexus");
  const started = [without, loaded].map(({ pid }) => cpuMs(pid ?? 0));
  const loading = await harness.cpuOf(loaded, () => getPrompt(loaded));
  const spec = { bodyBytes: 2_000, response: "json 500" as const, requests: REQUESTS, concurrency: 4 };
  const request = async (target: Target) =>
    (await harness.cpuOf(target, () => harness.run(target, spec))) / REQUESTS;
  const prompt = async () =>
    (await harness.cpuOf(loaded, async () => {
      for (let n = 0; n < PROMPTS; n++) await getPrompt(loaded);
    })) / PROMPTS;
  const hotPath = { without: [] as number[], loaded: [] as number[] };
  const prompts: number[] = [];
  for (let round = -1; round < rounds; round++) {
    // In turns, and the first round is a warm-up.
    const order = round % 2 === 0 ? (["without", "loaded"] as const) : (["loaded", "without"] as const);
    for (const name of order) {
      const value = await request(name === "loaded" ? loaded : without);
      if (round >= 0) hotPath[name].push(value);
    }
    const value = await prompt();
    if (round >= 0) prompts.push(value);
  }
  await without.stop();
  await loaded.stop();
  const ratio = ratioOf(hotPath.loaded, hotPath.without);
  const line = (what: string, nexus: number): Line => ({ what, unit: "ms", nexus, goal: "", isMet: null });
  return [
    line("CPU until the first response of a new process", median(started)),
    line("CPU of the first call of /mcp, which loads its library", loading),
    line("CPU per small request before /mcp is loaded", median(hotPath.without)),
    {
      ...line("CPU per small request after /mcp is loaded", median(hotPath.loaded)),
      ratio,
      goal: `≤ ${MAX_RATIO} × before`,
      isMet: ratio.median <= MAX_RATIO,
    },
    limitLine("CPU per prompts/get", "ms", median(prompts), 3),
  ];
}
