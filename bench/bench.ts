/**
 * `npm run bench`: measures a direct connection, a bare passthrough Worker and the product on plain workerd and prints a table with
 * ratios. `--only a,b` selects cases, `--quick` runs fewer rounds, `--list` lists the cases, `--worker FILE` measures that bundle instead
 * of a fresh build.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/lib/build.ts";
import { describeMachine, watchNoise } from "./lib/machine.ts";
import { analysis } from "./cases/analysis.ts";
import type { Effort } from "./cases/compare.ts";
import { conversations } from "./cases/conversations.ts";
import { cpu, memory } from "./cases/cost.ts";
import { fidelity } from "./cases/fidelity.ts";
import { farDatabase, ingest, storage } from "./cases/ingest.ts";
import { longPage } from "./cases/long-page.ts";
import { mcp } from "./cases/mcp.ts";
import { objects } from "./cases/objects.ts";
import { pagesOfDemo, pagesOfMillion } from "./cases/pages.ts";
import { reads } from "./cases/reads.ts";
import { crowd, events, firstByteAndEnd, wholeResponses } from "./cases/streams.ts";
import { startHarness, type Harness } from "./harness/harness.ts";
import { formatTable, type Line } from "./lib/table.ts";

const HARNESS_CASES: Record<string, (harness: Harness, effort: Effort) => Promise<Line[]>> = {
  "first-byte": firstByteAndEnd,
  whole: wholeResponses,
  events,
  crowd,
  cpu,
  memory,
  fidelity,
  objects,
  mcp,
};

/** Cases that start a local stack. */
const LOCAL_STACK_CASES: Record<string, () => Promise<Line[]>> = {
  ingest,
  "far-database": farDatabase,
  storage,
  reads,
  analysis,
  conversations,
  "long-page": longPage,
  "pages-demo": pagesOfDemo,
  "pages-million": pagesOfMillion,
};

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    worker: { type: "string" },
    list: { type: "boolean", default: false },
  },
});
const names = [...Object.keys(HARNESS_CASES), ...Object.keys(LOCAL_STACK_CASES)];
if (values.list) {
  console.log(names.join("\n"));
  process.exit();
}
const chosen = values.only?.split(",") ?? names;
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length) {
  console.error(`Unknown case: ${unknown.join(", ")}. Cases: ${names.join(", ")}.`);
  process.exit(1);
}

const bundle = values.worker ?? join((await build()).worker, "index.js");
const effort: Effort = { rounds: values.quick ? 3 : 7 };
const noise = watchNoise();
const lines: Line[] = [];
const harnessCases = chosen.filter((name) => name in HARNESS_CASES);
if (harnessCases.length > 0) {
  const harness = await startHarness(bundle);
  try {
    for (const name of harnessCases) {
      process.stderr.write(`${name} …\n`);
      lines.push(...((await HARNESS_CASES[name]?.(harness, effort)) ?? []));
    }
  } finally {
    await harness.stop();
  }
}
for (const name of chosen.filter((one) => one in LOCAL_STACK_CASES)) {
  process.stderr.write(`${name} …\n`);
  lines.push(...((await LOCAL_STACK_CASES[name]?.()) ?? []));
}
console.log(`\n${formatTable(lines)}\n`);
console.log(describeMachine());
console.log(noise());
console.log(
  `Medians over ${effort.rounds} interleaved rounds; ratios are taken within a round, quartiles over the rounds. Workers on one core, upstream and load on another.`,
);
// A thread of wrangler would keep the process running.
process.exit(lines.some(({ isMet }) => isMet === false) ? 1 : 0);
