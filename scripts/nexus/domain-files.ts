/** `nexus domains import|export`: reads and writes credential files of the existing system. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { AccountList } from "../../workers/schemas/api/accounts.ts";
import {
  DomainDetail,
  type DomainInput,
  DomainList,
  NewClientKey,
  OtherFieldsView,
} from "../../workers/schemas/api/domains.ts";
import { type Api, apiOf, type CallOptions, domainPath } from "./api.ts";
import { CommandError } from "./command-error.ts";
import { domainOfHost } from "../../workers/domain/http/host.ts";
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
  const importing: Importing = {
    api,
    force: options.force === true,
    dryRun: options.dryRun === true,
    logins: new Set(accounts.flatMap((one) => (one.credentialType === "oauth" ? [one.accountId] : []))),
    credentials: new Map(),
    clientKeys: new Map(),
  };
  const done: Imported[] = [];
  for (const file of files) {
    try {
      const read = readCredentialFile(file, readFileSync(join(directory, file), "utf8"));
      const notes = [...read.notes, ...(await importFile(importing, read))];
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

/** An import. In a dry run the members remember what the API would know by now of earlier files. */
interface Importing {
  api: Api;
  force: boolean;
  dryRun: boolean;
  /** Accounts with a login, by their ids. */
  logins: Set<string>;
  /** Credentials that earlier files gave to accounts. */
  credentials: Map<string, NonNullable<DomainInput["credential"]>>;
  /** The domains that earlier files gave client keys to. */
  clientKeys: Map<string, string>;
}

/** Stores one file, or with `dryRun` finds out what storing it results in. Returns notes for the operator. */
async function importFile(importing: Importing, { domain, input, clientKey }: ReadFile): Promise<string[]> {
  const { accountId, credential, ...settings } = input;
  const notes: string[] = [];
  const keepsLogin =
    importing.logins.has(accountId) && credential && credential.type !== "oauth" && !importing.force;
  if (keepsLogin) notes.push(`the account ${accountId} has a login, which is kept; --force replaces it`);
  const given = keepsLogin ? undefined : credential;
  let stored = given;
  try {
    await putDomain(importing, domain, { accountId, credential: given, ...settings });
  } catch (thrown) {
    if (given?.type !== "oauth" || !isError(thrown, "conflict")) throw thrown;
    await putDomain(importing, domain, { accountId, ...settings });
    notes.push("its tokens have been renewed here, and the newer ones are kept; --force replaces them");
    stored = undefined;
  }
  if (stored) {
    importing.credentials.set(accountId, stored);
    if (stored.type === "oauth") importing.logins.add(accountId);
    else importing.logins.delete(accountId);
  }
  if (clientKey !== null) await putClientKey(importing, domain, clientKey);
  return notes;
}

async function putDomain(importing: Importing, domain: string, input: DomainInput): Promise<void> {
  const { dryRun, credentials } = importing;
  const earlier = dryRun ? credentials.get(input.accountId) : undefined;
  // Any other credential of an earlier file would have replaced the stored login.
  const force = importing.force || (earlier !== undefined && earlier.type !== "oauth");
  await send(importing, domainPath(domain), DomainDetail, {
    method: "PUT",
    body: { ...input, credential: input.credential ?? earlier },
    query: { force: force ? "true" : undefined },
  });
}

async function putClientKey(importing: Importing, domain: string, key: string): Promise<void> {
  const { dryRun, clientKeys } = importing;
  const name = domainOfHost(domain) ?? domain;
  const taken = "it belongs to another domain or has been revoked";
  const failure = (reason: string) => new CommandError(`only the client key is not imported: ${reason}`);
  if (dryRun && (clientKeys.get(key) ?? name) !== name) throw failure(taken);
  try {
    const body = { name: "imported", key };
    await send(importing, `${domainPath(domain)}/client-keys`, NewClientKey, { method: "POST", body });
  } catch (thrown) {
    if (!(thrown instanceof CommandError)) throw thrown;
    // In a dry run a new domain is not stored.
    if (!dryRun || !isError(thrown, "not_found"))
      throw failure(isError(thrown, "conflict") ? taken : thrown.message);
  }
  clientKeys.set(key, name);
}

async function send(
  { api, dryRun }: Importing,
  path: string,
  schema: z.ZodType,
  options: CallOptions,
): Promise<void> {
  if (dryRun) await api.run(path, { ...options, query: { ...options.query, dryRun: "true" } });
  else await api.call(path, schema, options);
}

function isError(thrown: unknown, code: string): boolean {
  return thrown instanceof CommandError && thrown.code === code;
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
