/** `nexus reprice`: prices stored exchanges again through `POST /api/admin/reprice`, in batches. Interrupted, it prints a cursor. */
import type { Command } from "commander";
import { parseUsd, formatUsd } from "../../workers/domain/pricing/usd.ts";
import { RepriceBatch } from "../../workers/schemas/api/reprice.ts";
import { type Api, apiOf, type CommonOptions } from "./api.ts";
import { instant, whole } from "./option-values.ts";
import { columns, show } from "./output.ts";
import { resumable } from "./resumable.ts";

const MAX_BATCH = 2_000;
/** Interval of progress lines. */
const PROGRESS_MS = 1_000;

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
  let totals = zeroTotals(dryRun);
  let cursor = options.cursor ?? null;
  let lastProgressAt = Date.now();
  await resumable(
    () => cursor && ` --cursor ${cursor}`,
    async () => {
      do {
        const result = await api.call("/api/admin/reprice", RepriceBatch, {
          method: "POST",
          body: { since, domain, dryRun, limit: batch, cursor },
        });
        totals = addBatch(totals, result);
        cursor = result.nextCursor;
        if (!json && cursor && Date.now() - lastProgressAt >= PROGRESS_MS) {
          lastProgressAt = Date.now();
          const at = result.reached ? `, at ${result.reached.startedAt} of ${result.reached.domain}` : "";
          console.error(`${totals.examined} examined, ${totals.changed} changed${at}`);
        }
      } while (cursor !== null);
    },
  );
  return totals;
}

function zeroTotals(dryRun: boolean): Totals {
  return {
    examined: 0,
    changed: 0,
    newlyPriced: 0,
    newlyUnpriced: 0,
    deltaUsd: "0",
    unpriced: 0,
    unpricedModels: {},
    priceVersion: null,
    dryRun,
  };
}

function addBatch(totals: Totals, result: RepriceBatch): Totals {
  const models = new Map(Object.entries(totals.unpricedModels));
  for (const [model, count] of Object.entries(result.unpricedModels))
    models.set(model, (models.get(model) ?? 0) + count);
  return {
    examined: totals.examined + result.examined,
    changed: totals.changed + result.changed,
    newlyPriced: totals.newlyPriced + result.newlyPriced,
    newlyUnpriced: totals.newlyUnpriced + result.newlyUnpriced,
    deltaUsd: formatUsd(parseUsd(totals.deltaUsd) + parseUsd(result.deltaUsd)),
    unpriced: totals.unpriced + result.unpriced,
    unpricedModels: Object.fromEntries(models),
    priceVersion: result.priceVersion,
    dryRun: totals.dryRun,
  };
}

function lines(totals: Totals): string[] {
  const { examined, changed, newlyPriced, newlyUnpriced, deltaUsd, unpriced, unpricedModels, priceVersion } =
    totals;
  const would = totals.dryRun ? "would change" : "changed";
  const rows = [
    ["prices", priceVersion ?? "-"],
    ["examined", String(examined)],
    [would, `${changed} (${newlyPriced} had no price, ${newlyUnpriced} no longer have one)`],
    ["costs", `${deltaUsd.startsWith("-") ? "" : "+"}${deltaUsd} USD`],
    ["without a price", String(unpriced)],
    ...Object.entries(unpricedModels).map(([model, count]) => [`  ${model}`, String(count)]),
  ];
  return columns(rows);
}
