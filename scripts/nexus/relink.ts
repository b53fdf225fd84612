/** `nexus relink`: links stored requests again through `POST /api/relink`, in batches. Interrupted, it prints how to resume. */
import type { Command } from "commander";
import { z } from "zod";
import { type LinkPosition, RelinkResult } from "../../workers/schemas/api/relink.ts";
import { type Api, apiOf } from "./api.ts";
import { CommandError } from "./command-error.ts";
import { instant, whole } from "./option-values.ts";
import { columns, show } from "./output.ts";
import { changedWord, resumable, runBatches } from "./batches.ts";

const MAX_BATCH = 200;
/** Changes listed per domain. */
const MAX_LISTED = 10;

interface Options {
  domain?: string;
  since?: string;
  after?: string;
  dryRun?: boolean;
  batch: number;
}

type DomainRelinked = Pick<RelinkResult, "domain" | "checked" | "changed" | "changes">;

interface Relinked {
  dryRun: boolean;
  domains: DomainRelinked[];
}

const Domains = z.object({ domains: z.array(z.object({ domain: z.string() })) });

export function addRelink(program: Command): void {
  program
    .command("relink")
    .description("link stored requests again with the rules of this version, oldest first")
    .option("--domain <name>", "only this domain (default: all)")
    .option("--since <time>", "only requests from this time on (2026-10-07, or with a time)", instant)
    .option("--after <request id>", "continue where an earlier run of the same domain ended")
    .option("--batch <count>", `requests per call, at most ${MAX_BATCH}`, whole(1, MAX_BATCH), 50)
    .option("--dry-run", "show what would change without changing it")
    .addHelpText(
      "after",
      "\nSafe to run while exchanges are stored, and to run again. When interrupted, it prints how to resume.",
    )
    .action(async (options: Options, command: Command) => {
      if (options.after !== undefined && options.domain === undefined)
        throw new CommandError("--after needs --domain: the request belongs to one domain.", {
          isUsage: true,
        });
      const api = apiOf(command);
      const names = options.domain === undefined ? await domainsOf(api) : [options.domain];
      show(command, await relinkAll(api, names, options), lines);
    });
}

async function domainsOf(api: Api): Promise<string[]> {
  return (await api.call("/api/domains", Domains)).domains.map(({ domain }) => domain);
}

async function relinkAll(api: Api, names: readonly string[], options: Options): Promise<Relinked> {
  const relinked: Relinked = { dryRun: options.dryRun === true, domains: [] };
  let at = { domain: names[0] ?? "", after: options.after };
  await resumable(
    () => resumeCommand(at, names, options),
    async () => {
      for (const domain of names) {
        at = { domain, after: options.after };
        relinked.domains.push(await relinkDomain(api, at, options));
      }
    },
  );
  return relinked;
}

/** Advances `at.after` with every finished batch. */
async function relinkDomain(
  api: Api,
  at: { domain: string; after: string | undefined },
  { since, dryRun = false, batch }: Options,
): Promise<DomainRelinked> {
  const { domain } = at;
  const sum: DomainRelinked = { domain, checked: 0, changed: 0, changes: [] };
  await runBatches(
    at.after ?? null,
    async (cursor) => {
      const body = { domain, since, cursor: cursor ?? undefined, dryRun, limit: batch };
      const result = await api.call("/api/relink", RelinkResult, { method: "POST", body });
      sum.checked += result.checked;
      sum.changed += result.changed;
      sum.changes.push(...result.changes.slice(0, MAX_LISTED - sum.changes.length));
      at.after = result.nextCursor ?? at.after;
      return result;
    },
    ({ remaining }) =>
      `nexus: ${domain}: ${sum.checked} checked, ${sum.changed} ${changedWord(dryRun)}, ${remaining} to go`,
  );
  return sum;
}

/** The command that continues from `at`; null when nothing is done yet. */
function resumeCommand(
  { domain, after }: { domain: string; after: string | undefined },
  names: readonly string[],
  { since, dryRun }: Options,
): string | null {
  if (after === undefined && domain === (names[0] ?? "")) return null;
  const words = [
    `nexus relink --domain ${domain}`,
    after && `--after ${after}`,
    since && `--since ${since}`,
    dryRun && "--dry-run",
  ];
  const others = names.slice(names.indexOf(domain) + 1);
  const rest = others.length > 0 ? `, then with ${others.join(", ")}` : "";
  return `: ${words.filter(Boolean).join(" ")}${rest}`;
}

function lines({ dryRun, domains }: Relinked): string[] {
  const rows = domains.flatMap(({ domain, checked, changed, changes }) => [
    [domain, `${checked} checked`, `${changed} ${changedWord(dryRun)}`],
    ...changes.map(({ requestId, before, after }) => [
      "",
      requestId,
      `${describeLink(before)} -> ${describeLink(after)}`,
    ]),
  ]);
  return rows.length === 0 ? ["No domains yet."] : columns(rows);
}

function describeLink({ linkKind, branchId, conversationId, parentRequestId }: LinkPosition): string {
  if (conversationId === null) return linkKind ?? "unlinked";
  const parent = parentRequestId === null ? "" : ` after ${parentRequestId}`;
  return `${linkKind ?? "?"} on ${branchId ?? "?"} of ${conversationId}${parent}`;
}
