/** `nexus version`: the versions of a deployment's parts beside those of this checkout. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { VERSION } from "../../workers/runtime/constants.ts";
import { Environment } from "../../workers/schemas/api/settings.ts";
import { Status } from "../../workers/schemas/api/status.ts";
import { JOURNAL_FORMAT } from "../../workers/schemas/exchange.ts";
import { type Api, apiOf } from "./api.ts";
import { isLoopback } from "./administrator-key.ts";
import { columns, show } from "./output.ts";

const MIGRATIONS = new URL("../../drizzle/migrations/meta/_journal.json", import.meta.url);
const TIMEOUT_MS = 10_000;

export interface PartVersion {
  part: "Worker" | "dashboard" | "schema" | "journal format";
  /** Null: unknown. */
  deployed: string | null;
  /** What this checkout deploys. */
  expected: string;
  /** What to do; null: they agree. */
  problem: string | null;
}

export function addVersion(program: Command): void {
  program
    .command("version")
    .description(
      "show the versions of Worker, dashboard, schema and journal (exit code 1 when they disagree)",
    )
    .action(async (_options: object, command: Command) => {
      const parts = await readVersions(apiOf(command));
      show(command, { cli: VERSION, parts }, () =>
        columns([
          ["PART", "DEPLOYED", "THIS COMMAND", ""],
          ...parts.map(({ part, deployed, expected, problem }) => [
            part,
            deployed ?? "unknown",
            expected,
            problem ?? "",
          ]),
        ]),
      );
      if (parts.some(({ problem }) => problem !== null)) process.exitCode = 1;
    });
}

/** Throws a CommandError when the API does not respond. */
export async function readVersions(api: Api): Promise<PartVersion[]> {
  const [{ versions }, dashboard] = await Promise.all([
    api.call("/api/status", Status),
    dashboardVersion(api),
  ]);
  const { entries } = JSON.parse(readFileSync(MIGRATIONS, "utf8")) as {
    entries: { tag: string; when: number }[];
  };
  const newest = entries.at(-1)!;
  const { schema } = versions;
  const tag = entries.find(({ when }) => when === schema)?.tag;
  const isNewer = schema !== null && schema > newest.when;
  return [
    part("Worker", versions.nexus, VERSION, `deploy again, or use the commands of ${versions.nexus}`),
    part("dashboard", dashboard, VERSION, "deploy the dashboard again"),
    part(
      "schema",
      isNewer ? "newer" : schema === 0 ? "none" : (tag ?? null),
      newest.tag,
      isNewer ? "use the commands of the deployed version" : "apply the migrations: npm run migrate",
    ),
    part("journal format", String(versions.journal), String(JOURNAL_FORMAT), "deploy again"),
  ];
}

function part(
  name: PartVersion["part"],
  deployed: string | null,
  expected: string,
  advice: string,
): PartVersion {
  return {
    part: name,
    deployed,
    expected,
    problem: deployed === null || deployed === expected ? null : advice,
  };
}

/** Null where it is not known: no DASHBOARD_URL, no response, or Cloudflare Access in front of it. */
async function dashboardVersion(api: Api): Promise<string | null> {
  const { variables } = await api.call("/api/environment", Environment);
  const address = variables.find(({ name }) => name === "DASHBOARD_URL")?.value;
  const url = URL.parse(address ?? "");
  if (!url || (url.protocol !== "https:" && !isLoopback(url))) return null;
  const response = await fetch(new URL("/version", url), {
    headers: { "x-dashboard-key": api.key, accept: "application/json" },
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => null);
  const body = z.object({ version: z.string() }).safeParse(await response?.json().catch(() => null));
  return body.data?.version ?? null;
}
