/**
 * `npm run soak [-- FIRST_SEED [SEEDS [EXCHANGES]]]`: the tests whose inputs grow with SOAK, then per seed, 3,000 exchanges at concurrency
 * 32 with three faults, two kills of the runtime and hostile requests at random times, with the heap of an isolate; by default ten seeds
 * from 1. `npm run soak:traffic` leaves the tests out. Exits with 1 when a guarantee was violated.
 */
import { soak } from "./support/soak.ts";

/** https://developers.cloudflare.com/workers/platform/limits/#memory */
process.env.MINIFLARE_WORKERD_V8_FLAGS ??= "--gc-global --max-semi-space-size=8 --max-heap-size=128";

const [first = 1, count = 10, exchanges = 3_000] = process.argv.slice(2).map(Number);
let failed = 0;
for (let seed = first; seed < first + count; seed++) {
  console.log(`seed ${seed}`);
  const { problems, ...report } = await soak({
    seed: String(seed),
    exchanges,
    concurrency: 32,
    pace: 0.5,
    faultMs: { low: 5_000, high: 30_000 },
    slowDelayMs: 30_000,
    storedTimeoutMs: 300_000,
    hostile: 0.02,
    kills: 2,
    limits: { stallMs: 250, growthMB: 100 },
    log: (line) => console.log(line),
  });
  console.log(`  ${JSON.stringify(report)}`);
  for (const problem of problems.slice(0, 20)) console.log(`  VIOLATED ${problem}`);
  if (problems.length > 0) failed += 1;
  console.log(problems.length === 0 ? "  all guarantees kept" : `  ${problems.length} problems`);
}
process.exit(failed > 0 ? 1 : 0);
