/** `nexus status`: whether recording works, from `GET /api/status`. */
import type { Command } from "commander";
import { Status } from "../../workers/schemas/api/status.ts";
import { apiOf } from "./api.ts";
import { columns, show } from "./output.ts";

export function addStatus(program: Command): void {
  program
    .command("status")
    .description("show whether recording works: backlog, failures, versions (exit code 1 when failing)")
    .action(async (_options: object, command: Command) => {
      const status = await apiOf(command).call("/api/status", Status);
      show(command, status, lines);
      if (status.state === "failing") process.exitCode = 1;
    });
}

function lines(status: Status): string[] {
  const { database, journal, edge, ingestFailures, counters, versions } = status;
  const rows = [
    ["state", status.state],
    ["nexus", versions.nexus],
    [
      "database",
      database.reachable
        ? `${versions.database ?? "reachable"}, ${database.latencyMs ?? "?"} ms, ${versions.migrations ?? "?"} migrations`
        : "unreachable",
    ],
    [
      "journal",
      journal.reachable
        ? `${journal.entries ?? 0}${journal.isMore ? " or more" : ""} entries, ${journal.ended ?? 0} waiting to be stored${age(journal.oldestAgeMs)}`
        : "unreachable",
    ],
    ["failed to store", ingestFailures ? String(ingestFailures.count) : "unknown"],
    ["edge", edge ? edgeText(edge) : "unknown"],
    [
      "partitions",
      status.partitions
        ? `until ${status.partitions.until.slice(0, 10)}, ${status.partitions.rowsInDefault} rows in the default one`
        : "unknown",
    ],
    ["newest request", status.newestRequestAt ?? "none"],
    ...sealingRows(status.sealing),
  ];
  for (const [what, models] of [
    ["models without a price", status.models?.withoutPrice],
    ["models without a context window", status.models?.withoutWindow],
  ] as const)
    if (models?.length) rows.push([what, models.join(", ")]);
  for (const failure of ingestFailures?.newest ?? [])
    rows.push(["", `${failure.exchangeId} of ${failure.domain}: ${failure.error}`]);
  for (const [name, value] of Object.entries(counters ?? {})) rows.push([`24 h: ${name}`, String(value)]);
  for (const error of status.lastErrors ?? [])
    rows.push([
      "last errors",
      `${error.timestamp} ${error.requestId} ${error.domain} ${error.responseStatus ?? "-"} ${error.outcome} ${error.error ?? ""}`,
    ]);
  return columns(rows);
}

function edgeText({ checked, missing, stale, extra, isMore }: NonNullable<Status["edge"]>): string {
  const compared = `${checked}${isMore ? " or more" : ""} entries in KV`;
  if (missing + stale + extra === 0) return `${compared}, as in the database`;
  return `${compared}: ${missing} missing, ${stale} outdated, ${extra} to be removed. Run "nexus project"`;
}

/** What to do with each key of CREDENTIAL_KEYS that is not the only one. */
export function sealingRows(sealing: Status["sealing"]): string[][] {
  return (sealing?.keys ?? []).flatMap(({ id, state, fields }) => {
    const used = Object.entries(fields).map(([field, count]) => `${count} ${field}`);
    const text = {
      current: null,
      needed: `still opens ${used.join(", ")}. Run "nexus reseal"; KV is counted up to a minute late`,
      unused: "is not needed any more: remove it from CREDENTIAL_KEYS two minutes after the last reseal",
      unknown: "may still be needed: not everything could be counted",
      missing: `is not in CREDENTIAL_KEYS, and ${used.join(", ")} cannot be opened. Add it again`,
    }[state];
    return text === null ? [] : [[`sealing key ${id}`, text]];
  });
}

function age(milliseconds: number | null): string {
  return milliseconds === null ? "" : `, the oldest for ${Math.round(milliseconds / 1000)} s`;
}
