/** `nexus domains import|export`: reads and writes credential files of the existing system. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { AccountList } from "../../workers/schemas/api/accounts.ts";
import {
  DomainDetail,
  DomainList,
  NewClientKey,
  OtherFieldsView,
} from "../../workers/schemas/api/domains.ts";
import { type Api, apiOf, domainPath } from "./api.ts";
import { CommandError } from "./command-error.ts";
import { FILE_SUFFIX, type ReadFile, readCredentialFile, writeCredentialFile } from "./credential-file.ts";
import { columns, show } from "./output.ts";

interface Imported {
  file: string;
  domain: string | null;
  result: "imported" | "would import" | "failed";
  notes: string[];
}

export function addDomainFiles(domains: Command): void {
  domains
    .command("import")
    .argument("<directory>", `the directory with the files <domain>${FILE_SUFFIX}`)
    .description("configure domains and client keys from credential files (exit code 1 when one fails)")
    .option("--force", "also replace logins whose tokens have been renewed here")
    .option("--dry-run", "show what would be done without doing it")
    .action(importFiles);
  domains
    .command("export")
    .argument("<directory>", "the directory for the files; created if missing")
    .description(`write each configured domain to <domain>${FILE_SUFFIX}; secrets are written as null`)
    .action(exportFiles);
}

async function importFiles(
  directory: string,
  options: { force?: boolean; dryRun?: boolean },
  command: Command,
): Promise<void> {
  const api = apiOf(command);
  const files = filesIn(directory);
  const { accounts } = await api.call("/api/accounts", AccountList);
  const done: Imported[] = [];
  for (const file of files) {
    try {
      const read = readCredentialFile(file, readFileSync(join(directory, file), "utf8"));
      const notes = [...read.notes];
      const present = accounts.find(({ accountId }) => accountId === read.input.accountId);
      if (
        present?.credentialType === "oauth" &&
        read.input.credential?.type === "api_key" &&
        !options.force
      ) {
        delete read.input.credential;
        notes.push(`the account ${read.input.accountId} has a login, which is kept; --force replaces it`);
      }
      if (!options.dryRun) notes.push(...(await store(api, read, options.force === true)));
      done.push({ file, domain: read.domain, result: options.dryRun ? "would import" : "imported", notes });
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
      done.push({ file, domain: null, result: "failed", notes: [thrown.message] });
    }
  }
  show(command, { files: done }, () =>
    columns(done.map(({ file, result, notes }) => [file, result, notes.join("; ")])),
  );
  if (done.some(({ result }) => result === "failed")) process.exitCode = 1;
}

/** Returns notes for the operator. */
async function store(api: Api, { domain, input, clientKey }: ReadFile, force: boolean): Promise<string[]> {
  const notes: string[] = [];
  const put = (body: object) =>
    api.call(`${domainPath(domain)}${force ? "?force=true" : ""}`, DomainDetail, { method: "PUT", body });
  try {
    await put(input);
  } catch (thrown) {
    if (input.credential?.type !== "oauth" || !(thrown instanceof CommandError) || thrown.code !== "conflict")
      throw thrown;
    const { credential: _older, ...rest } = input;
    await put(rest);
    notes.push("its tokens have been renewed here, and the newer ones are kept; --force replaces them");
  }
  if (clientKey !== null)
    await api.call(`${domainPath(domain)}/client-keys`, NewClientKey, {
      method: "POST",
      body: { name: "imported", key: clientKey },
    });
  return notes;
}

async function exportFiles(directory: string, _options: object, command: Command): Promise<void> {
  const api = apiOf(command);
  const { domains } = await api.call("/api/domains", DomainList);
  const { accounts } = await api.call("/api/accounts", AccountList);
  const written: { file: string; domain: string }[] = [];
  mkdirSync(directory, { recursive: true });
  for (const { domain } of domains.filter((one) => one.configured)) {
    const detail = await api.call(domainPath(domain), DomainDetail);
    const { otherFields } = await api.call(`${domainPath(domain)}/other-fields`, OtherFieldsView);
    const login = accounts.find(({ accountId }) => accountId === detail.accountId)?.login ?? null;
    const file = `${domain}${FILE_SUFFIX}`;
    writeFileSync(join(directory, file), writeCredentialFile(detail, login, otherFields), { mode: 0o600 });
    written.push({ file, domain });
  }
  show(command, { directory, files: written }, () => [
    `${written.length} files written to ${directory}. Secrets are null: stored secrets cannot be read.`,
  ]);
}

function filesIn(directory: string): string[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (thrown) {
    throw new CommandError(
      `${directory} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? "error"}).`,
    );
  }
  const files = names.filter((name) => name.endsWith(FILE_SUFFIX) && name !== FILE_SUFFIX).sort();
  if (files.length === 0) throw new CommandError(`${directory} has no files named <domain>${FILE_SUFFIX}.`);
  return files;
}
