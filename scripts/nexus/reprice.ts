/** `nexus reprice`: prices stored exchanges again through `POST /api/admin/reprice`, in batches. Interrupted, it prints a cursor. */
import type { Command } from "commander";
import { parseUsd, formatUsd } from "../../workers/domain/pricing/usd.ts";
import { RepriceBatch } from "../../workers/schemas/api/reprice.ts";
import { type Api, apiOf, type CommonOptions } from "./api.ts";
import { instant, whole } from "./option-values.ts";
import { columns, show } from "./output.ts";
import { changedWord, resumable, runBatches } from "./batches.ts";

const MAX_BATCH = 2_000;

interface Options extends CommonOptions {
  since?: string;
  domain?: string;
  dryRun?: true;
  batch: number;
  cursor?: string;
}

type Totals = Pick<
  RepriceBatch,
  "examined" | "changed" | "newlyPriced" | "newlyUnpriced" | "deltaUsd" | "unpriced" | "unpricedModels"
> & { dryRun: boolean; priceVersion: string | null };

export function addReprice(program: Command): void {
  program
    .command("reprice")
    .description("price stored exchanges again with the deployed price table; totals follow")
    .option("--since <time>", "only exchanges that started at or after (2026-10-07, or with a time)", instant)
    .option("--domain <name>", "only this domain")
    .option("--dry-run", "show what would change without changing it")
    .option("--batch <count>", `exchanges per call, at most ${MAX_BATCH}`, whole(1, MAX_BATCH), 1_000)
    .option("--cursor <cursor>", "continue where an earlier run ended")
    .addHelpText(
      "after",
      "\nSafe to run while exchanges are stored, and to run again. When interrupted, it prints the cursor to continue with.",
    )
    .action(async (_options: object, command: Command) => {
      const totals = await repriceAll(apiOf(command), command.optsWithGlobals<Options>());
      show(command, totals, lines);
    });
}

async function repriceAll(api: Api, options: Options): Promise<Totals> {
  const { since, domain, dryRun = false, batch, json } = options;
  const counts = { examined: 0, changed: 0, newlyPriced: 0, newlyUnpriced: 0, unpriced: 0 };
  const totals: Totals = { ...counts, deltaUsd: "0", unpricedModels: {}, priceVersion: null, dryRun };
  let cursor = options.cursor ?? null;
  await resumable(
    () => cursor && ` --cursor ${cursor}`,
    () =>
      runBatches(
        cursor,
        async (at) => {
          const body = { since, domain, dryRun, limit: batch, cursor: at };
          const result = await api.call("/api/admin/reprice", RepriceBatch, { method: "POST", body });
          addBatch(totals, result);
          cursor = result.nextCursor;
          return result;
        },
        ({ reached, nextCursor }) => {
          if (json || nextCursor === null) return null;
          const at = reached ? `, at ${reached.startedAt} of ${reached.domain}` : "";
          return `${totals.examined} examined, ${totals.changed} ${changedWord(dryRun)}${at}`;
        },
      ),
  );
  return totals;
}

function addBatch(totals: Totals, result: RepriceBatch): void {
  for (const name of ["examined", "changed", "newlyPriced", "newlyUnpriced", "unpriced"] as const)
    totals[name] += result[name];
  totals.deltaUsd = formatUsd(parseUsd(totals.deltaUsd) + parseUsd(result.deltaUsd));
  totals.priceVersion = result.priceVersion;
  const models = new Map(Object.entries(totals.unpricedModels));
  for (const [model, count] of Object.entries(result.unpricedModels))
    models.set(model, (models.get(model) ?? 0) + count);
  totals.unpricedModels = Object.fromEntries(models);
}

function lines(totals: Totals): string[] {
  const { examined, changed, newlyPriced, newlyUnpriced, deltaUsd, unpriced, unpricedModels, priceVersion } =
    totals;
  const rows = [
    ["prices", priceVersion ?? "-"],
    ["examined", String(examined)],
    [
      changedWord(totals.dryRun),
      `${changed} (${newlyPriced} had no price, ${newlyUnpriced} no longer have one)`,
    ],
    ["costs", `${deltaUsd.startsWith("-") ? "" : "+"}${deltaUsd} USD`],
    ["without a price", String(unpriced)],
    ...Object.entries(unpricedModels).map(([model, count]) => [`  ${model}`, String(count)]),
  ];
  return columns(rows);
}
