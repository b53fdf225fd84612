/** `nexus domains list|add|remove`: the domains that are served, and the credential of each. */
import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { DomainDetail, type DomainInput, DomainList } from "../../workers/schemas/api/domains.ts";
import { apiOf, domainPath } from "./api.ts";
import { CommandError } from "./command-error.ts";
import { addDomainFiles } from "./domain-files.ts";
import { columns, show } from "./output.ts";
import { askLine } from "./prompt.ts";

export function addDomains(program: Command): void {
  const domains = program
    .command("domains")
    .description("list, configure, import and export the domains that clients use");
  domains
    .command("list")
    .description("list all configured or seen domains with their requests of the last seven days")
    .action(list);
  domains
    .command("add")
    .argument("<domain>", "the host name that clients use, without port")
    .description("configure or change a domain; options that are not given keep their value")
    .option(
      "--account <id>",
      "the account whose credential it uses (default: the current one, else the domain)",
    )
    .addOption(
      new Option("--credential <type>", "set the credential of the account").choices([
        "api_key",
        "passthrough",
      ]),
    )
    .option("--key-file <file>", "file with the API key (default: ask, or read standard input)")
    .option("--endpoints <paths...>", "allow only these paths, e.g. /v1/messages /v1/messages/*")
    .addHelpText("after", "\nFor a Claude login, see `nexus oauth login`.")
    .action(add);
  domains
    .command("remove")
    .argument("<domain>", "the host name that clients use")
    .description("stop serving a domain and revoke its keys; its history is kept")
    .action(async (domain: string, _options: object, command: Command) => {
      await apiOf(command).run(domainPath(domain), { method: "DELETE" });
      show(command, { domain, removed: true }, () => [`${domain} is no longer served. Its history is kept.`]);
    });
  addDomainFiles(domains);
}

async function list(_options: object, command: Command): Promise<void> {
  const result = await apiOf(command).call("/api/domains", DomainList);
  show(command, result, ({ domains }) =>
    domains.length === 0
      ? ['No domains yet. Add one with "nexus domains add <domain>".']
      : columns([
          ["DOMAIN", "ACCOUNT", "CREDENTIAL", "REQUESTS 7 D"],
          ...domains.map((one) => [
            one.domain,
            one.accountId ?? "-",
            one.configured ? (one.credentialType ?? "-") : "not configured",
            String(one.requestCount),
          ]),
        ]),
  );
}

interface AddOptions {
  account?: string;
  credential?: "api_key" | "passthrough";
  keyFile?: string;
  endpoints?: string[];
}

async function add(domain: string, options: AddOptions, command: Command): Promise<void> {
  const api = apiOf(command);
  if (options.keyFile !== undefined && options.credential !== "api_key")
    throw new CommandError("--key-file needs --credential api_key.", { isUsage: true });
  const { domains } = await api.call("/api/domains", DomainList);
  const known = domains.find((one) => one.domain === domain.toLowerCase() && one.configured);
  const body: DomainInput = { accountId: options.account ?? known?.accountId ?? domain.toLowerCase() };
  if (options.credential === "passthrough") body.credential = { type: "passthrough" };
  if (options.credential === "api_key")
    body.credential = { type: "api_key", api_key: await apiKey(options.keyFile) };
  if (options.endpoints) body.endpoints = options.endpoints;
  const stored = await api.call(domainPath(domain), DomainDetail, { method: "PUT", body });
  show(command, stored, ({ accountId, credential, clientKeys }) => [
    `${stored.domain} uses the account ${accountId} (${credential.type}, ${credential.state}).`,
    ...(clientKeys.some((key) => key.revokedAt === null)
      ? []
      : [`It has no client key yet. Create one with "nexus keys create ${stored.domain}".`]),
  ]);
}

/** Not an argument: arguments appear in the shell's history and in the process list. */
async function apiKey(file: string | undefined): Promise<string> {
  if (file === undefined) return askLine("API key: ");
  try {
    return readFileSync(file, "utf8").trim();
  } catch (thrown) {
    throw new CommandError(`${file} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? "error"}).`);
  }
}
