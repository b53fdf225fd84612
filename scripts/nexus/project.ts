/** `nexus project`: writes domains and client keys from Postgres to KV where they differ, through `POST /api/admin/project`. */
import type { Command } from "commander";
import { ProjectResult } from "../../workers/schemas/api/upkeep.ts";
import { type Api, apiOf, type CommonOptions } from "./api.ts";
import { resumable, runBatches } from "./batches.ts";
import { columns, show } from "./output.ts";

type Projected = Omit<ProjectResult, "nextCursor"> & { dryRun: boolean };

/** Said when the command is interrupted: what is done is compared again, which costs little. */
export const RUN_AGAIN = " the same command.";

export function addProject(program: Command): void {
  program
    .command("project")
    .description("write domains and client keys from Postgres to KV where they differ (new or restored KV)")
    .option("--dry-run", "show what would change without changing it")
    .addHelpText("after", "\nSafe to run at any time, and to run again. The proxy follows within 90 seconds.")
    .action(async (_options: object, command: Command) => {
      const { dryRun = false, json } = command.optsWithGlobals<CommonOptions & { dryRun?: true }>();
      const projected = await projectAll(apiOf(command), { dryRun, quiet: json === true });
      show(command, projected, projectedLines);
      if (projected.unreadable.length > 0) process.exitCode = 1;
    });
}

/** Runs all batches. `quiet`: without progress lines. */
export async function projectAll(
  api: Api,
  { dryRun, quiet }: { dryRun: boolean; quiet: boolean },
): Promise<Projected> {
  const sum: Projected = { checked: 0, total: 0, missing: 0, stale: 0, extra: 0, unreadable: [], dryRun };
  await resumable(
    () => (sum.checked > 0 ? RUN_AGAIN : null),
    () =>
      runBatches(
        null,
        async (cursor) => {
          const result = await api.call("/api/admin/project", ProjectResult, {
            method: "POST",
            body: { cursor, dryRun },
          });
          for (const name of ["checked", "missing", "stale", "extra"] as const) sum[name] += result[name];
          sum.unreadable.push(...result.unreadable);
          sum.total = result.total;
          return result;
        },
        ({ nextCursor }) =>
          quiet || nextCursor === null ? null : `nexus: ${sum.checked} of ${sum.total} entries compared`,
      ),
  );
  return sum;
}

export function projectedLines({ checked, missing, stale, extra, unreadable, dryRun }: Projected): string[] {
  const would = dryRun ? "would be " : "";
  return columns([
    ["compared", `${checked} entries`],
    [`${would}written`, `${missing + stale} (${missing} missing, ${stale} outdated)`],
    [`${would}removed`, String(extra)],
    ...unreadable.map((domain) => [
      "not written",
      `${domain}: CREDENTIAL_KEYS lacks the key of its credential. Add the key, or enter the credential again.`,
    ]),
  ]);
}
