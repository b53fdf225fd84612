/**
 * `npm run soak [-- FIRST_SEED [SEEDS]]`: the tests whose inputs grow with SOAK, then per seed, 2,000 exchanges at concurrency 32 with three faults at random times; by default ten
 * seeds from 1. Exits with 1 when a guarantee was violated.
 */
import { soak } from "./support/soak.ts";

const first = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 10);
let failed = 0;
for (let seed = first; seed < first + count; seed++) {
  console.log(`seed ${seed}`);
  const { problems, ...report } = await soak({
    seed: String(seed),
    exchanges: 2_000,
    concurrency: 32,
    pace: 0.5,
    faultMs: { low: 5_000, high: 30_000 },
    slowDelayMs: 30_000,
    storedTimeoutMs: 180_000,
    log: (line) => console.log(line),
  });
  console.log(`  ${JSON.stringify(report)}`);
  for (const problem of problems.slice(0, 20)) console.log(`  VIOLATED ${problem}`);
  if (problems.length > 0) failed += 1;
  console.log(problems.length === 0 ? "  all guarantees kept" : `  ${problems.length} problems`);
}
process.exit(failed > 0 ? 1 : 0);
