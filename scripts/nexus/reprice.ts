/**
 * `nexus reprice`: prices what is stored again after the price table has changed, batch by batch over
 * `POST /api/admin/reprice`. Ended in the middle, it says with which cursor it goes on.
 */
import { type Command, InvalidArgumentError } from "commander";
import { picoOfUsd, usdText } from "../../workers/domain/usd.ts";
import { RepriceBatch } from "../../workers/schemas/api-reprice.ts";
import { type Api, apiOf, type CommonOptions } from "./api.ts";
import { CommandError } from "./command-error.ts";
import { columns, show } from "./output.ts";

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
    .option("--batch <count>", `exchanges of one call, at most ${MAX_BATCH}`, batchSize, 1_000)
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
  let told = Date.now();
  const interrupt = () => {
    console.error(goOn(cursor));
    process.exit(1);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    do {
      const done = await api.call("/api/admin/reprice", RepriceBatch, {
        method: "POST",
        body: { since, domain, dryRun, limit: batch, cursor },
      });
      totals = plus(totals, done);
      cursor = done.nextCursor;
      if (!json && cursor && Date.now() - told >= PROGRESS_MS) {
        told = Date.now();
        const at = done.reached ? `, at ${done.reached.startedAt} of ${done.reached.domain}` : "";
        console.error(`${totals.examined} examined, ${totals.changed} changed${at}`);
      }
    } while (cursor !== null);
  } catch (thrown) {
    if (thrown instanceof CommandError && cursor !== null)
      throw new CommandError(`${thrown.message} ${goOn(cursor)}`);
    throw thrown;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  return totals;
}

function goOn(cursor: string | null): string {
  return cursor === null
    ? "Nothing was finished yet; start again."
    : `What was done stays done; go on with --cursor ${cursor}`;
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

function plus(totals: Totals, done: RepriceBatch): Totals {
  const models = new Map(Object.entries(totals.unpricedModels));
  for (const [model, count] of Object.entries(done.unpricedModels))
    models.set(model, (models.get(model) ?? 0) + count);
  return {
    examined: totals.examined + done.examined,
    changed: totals.changed + done.changed,
    newlyPriced: totals.newlyPriced + done.newlyPriced,
    newlyUnpriced: totals.newlyUnpriced + done.newlyUnpriced,
    deltaUsd: usdText(picoOfUsd(totals.deltaUsd) + picoOfUsd(done.deltaUsd)),
    unpriced: totals.unpriced + done.unpriced,
    unpricedModels: Object.fromEntries(models),
    priceVersion: done.priceVersion,
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

function instant(value: string): string {
  if (!/^\d{4}-\d\d-\d\d(?:T.+)?$/.test(value) || Number.isNaN(Date.parse(value)))
    throw new InvalidArgumentError(
      "Expected a date (2026-10-07) or a time with a zone (2026-10-07T12:00:00Z).",
    );
  return new Date(value).toISOString();
}

function batchSize(value: string): number {
  const size = Number(value);
  if (!/^\d+$/.test(value) || size < 1 || size > MAX_BATCH)
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_BATCH}.`);
  return size;
}
