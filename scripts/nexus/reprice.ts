/**
 * `nexus reprice`: prices what is stored again after the price table has changed, batch by batch over
 * `POST /api/admin/reprice`. Ended in the middle, it says with which cursor it goes on.
 */
import type { Command } from "commander";
import { parseUsd, formatUsd } from "../../workers/domain/pricing/usd.ts";
import { RepriceBatch } from "../../workers/schemas/api/reprice.ts";
import { type Api, apiOf, type CommonOptions } from "./api.ts";
import { instant, whole } from "./option-values.ts";
import { columns, show } from "./output.ts";
import { resumable } from "./resumable.ts";

const MAX_BATCH = 2_000;
/** Between two lines of progress. */
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
    .description("price stored exchanges again by the deployed price table; the sums follow")
    .option("--since <time>", "only exchanges that started at or after (2026-10-07, or with a time)", instant)
    .option("--domain <name>", "only this domain")
    .option("--dry-run", "say what would change, and change nothing")
    .option("--batch <count>", `exchanges of one call, at most ${MAX_BATCH}`, whole(1, MAX_BATCH), 1_000)
    .option("--cursor <cursor>", "go on where an earlier run ended")
    .addHelpText(
      "after",
      "\nSafe while exchanges are being stored, and harmless when run twice. Interrupted, it prints the cursor to go on with.",
    )
    .action(async (_options: object, command: Command) => {
      const totals = await repriceAll(apiOf(command), command.optsWithGlobals<Options>());
      show(command, totals, lines);
    });
}

async function repriceAll(api: Api, options: Options): Promise<Totals> {
  const { since, domain, dryRun = false, batch, json } = options;
  let totals = nothing(dryRun);
  let cursor = options.cursor ?? null;
  let lastProgressAt = Date.now();
  await resumable(
    () => cursor && ` --cursor ${cursor}`,
    async () => {
      do {
        const resumeCommand = await api.call("/api/admin/reprice", RepriceBatch, {
          method: "POST",
          body: { since, domain, dryRun, limit: batch, cursor },
        });
        totals = plus(totals, resumeCommand);
        cursor = resumeCommand.nextCursor;
        if (!json && cursor && Date.now() - lastProgressAt >= PROGRESS_MS) {
          lastProgressAt = Date.now();
          const at = resumeCommand.reached
            ? `, at ${resumeCommand.reached.startedAt} of ${resumeCommand.reached.domain}`
            : "";
          console.error(`${totals.examined} examined, ${totals.changed} changed${at}`);
        }
      } while (cursor !== null);
    },
  );
  return totals;
}

function nothing(dryRun: boolean): Totals {
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

function plus(totals: Totals, resumeCommand: RepriceBatch): Totals {
  const models = new Map(Object.entries(totals.unpricedModels));
  for (const [model, count] of Object.entries(resumeCommand.unpricedModels))
    models.set(model, (models.get(model) ?? 0) + count);
  return {
    examined: totals.examined + resumeCommand.examined,
    changed: totals.changed + resumeCommand.changed,
    newlyPriced: totals.newlyPriced + resumeCommand.newlyPriced,
    newlyUnpriced: totals.newlyUnpriced + resumeCommand.newlyUnpriced,
    deltaUsd: formatUsd(parseUsd(totals.deltaUsd) + parseUsd(resumeCommand.deltaUsd)),
    unpriced: totals.unpriced + resumeCommand.unpriced,
    unpricedModels: Object.fromEntries(models),
    priceVersion: resumeCommand.priceVersion,
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
    [would, `${changed} (${newlyPriced} had no price, ${newlyUnpriced} have none any more)`],
    ["costs", `${deltaUsd.startsWith("-") ? "" : "+"}${deltaUsd} USD`],
    ["without a price", String(unpriced)],
    ...Object.entries(unpricedModels).map(([model, count]) => [`  ${model}`, String(count)]),
  ];
  return columns(rows);
}
