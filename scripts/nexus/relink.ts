/** `nexus relink`: links history again through `POST /api/relink`, batch by batch, and says what changed. */
import type { Command } from "commander";
import { z } from "zod";
import { RelinkAnswer } from "../../workers/schemas/api-relink.ts";
import { type Api, apiOf } from "./api.ts";
import { CommandError } from "./command-error.ts";
import { columns, show } from "./output.ts";

interface Options {
  domain?: string;
  since?: string;
  after?: string;
  dryRun?: boolean;
}

interface Relinked {
  dryRun: boolean;
  domains: { domain: string; checked: number; changed: number; changes: RelinkAnswer["changes"] }[];
}

const Domains = z.object({ domains: z.array(z.object({ domain: z.string() })) });
const SHOWN = 10;

export function addRelink(program: Command): void {
  program
    .command("relink")
    .description("link stored requests again by the rules of this version, oldest first")
    .option("--domain <name>", "only this domain (default: all)")
    .option("--since <time>", "only requests from this time on, ISO 8601")
    .option("--after <request id>", "go on where an earlier run of the same domain ended")
    .option("--dry-run", "say what would change, and change nothing")
    .action(async (options: Options, command: Command) => {
      if (options.after !== undefined && options.domain === undefined)
        throw new CommandError("--after needs --domain: ids are of one domain.", { isUsage: true });
      const api = apiOf(command);
      const names = options.domain === undefined ? await domainsOf(api) : [options.domain];
      const relinked: Relinked = { dryRun: options.dryRun === true, domains: [] };
      for (const domain of names) relinked.domains.push(await relinkDomain(api, domain, options));
      show(command, relinked, lines);
    });
}

async function domainsOf(api: Api): Promise<string[]> {
  return (await api.call("/api/domains", Domains)).domains.map(({ domain }) => domain);
}

async function relinkDomain(
  api: Api,
  domain: string,
  options: Options,
): Promise<Relinked["domains"][number]> {
  const sum: Relinked["domains"][number] = { domain, checked: 0, changed: 0, changes: [] };
  let cursor = options.after;
  for (;;) {
    const body = { domain, since: options.since, cursor, dryRun: options.dryRun === true };
    const answer = await api
      .call("/api/relink", RelinkAnswer, { method: "POST", body })
      .catch((thrown: unknown) => {
        if (cursor !== undefined)
          console.error(`nexus: to go on from here: nexus relink --domain ${domain} --after ${cursor}`);
        throw thrown;
      });
    sum.checked += answer.checked;
    sum.changed += answer.changed;
    sum.changes.push(...answer.changes.slice(0, SHOWN - sum.changes.length));
    console.error(
      `nexus: ${domain}: ${sum.checked} checked, ${sum.changed} changed, ${answer.remaining} to go`,
    );
    if (answer.nextCursor === null) return sum;
    cursor = answer.nextCursor;
  }
}

function lines({ dryRun, domains }: Relinked): string[] {
  const rows = domains.flatMap(({ domain, checked, changed, changes }) => [
    [domain, `${checked} checked`, `${changed} ${dryRun ? "would change" : "changed"}`],
    ...changes.map(({ requestId, before, after }) => ["", requestId, `${told(before)} -> ${told(after)}`]),
  ]);
  return rows.length === 0 ? ["There is no domain yet."] : columns(rows);
}

function told({
  linkKind,
  branchId,
  conversationId,
  parentRequestId,
}: RelinkAnswer["changes"][number]["before"]): string {
  if (conversationId === null) return linkKind ?? "unlinked";
  const parent = parentRequestId === null ? "" : ` after ${parentRequestId}`;
  return `${linkKind ?? "?"} on ${branchId ?? "?"} of ${conversationId}${parent}`;
}
