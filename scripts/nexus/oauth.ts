/** `nexus oauth login|status|refresh`: Claude logins as credentials of accounts, through `/api/accounts`. */
import type { Command } from "commander";
import { AccountList, AccountLogin, LoginStarted } from "../../workers/schemas/api/accounts.ts";
import { DomainDetail, DomainList } from "../../workers/schemas/api/domains.ts";
import type { OAuthStatus } from "../../workers/schemas/oauth.ts";
import { type Api, apiOf, domainPath } from "./api.ts";
import { CommandError } from "./command-error.ts";
import { columns, show } from "./output.ts";
import { askLine } from "./prompt.ts";

export function addOAuth(program: Command): void {
  const oauth = program.command("oauth").description("log accounts in to Claude and check their logins");
  oauth
    .command("login")
    .argument("<domain>", "the host name that clients use")
    .description(
      "log the domain's account in: open the address, authorize, paste the code (shows the terms of use first)",
    )
    .option(
      "--account <id>",
      "the account to log in (default: the domain's account, or the name of a new domain)",
    )
    .option("--replace", "replace the API key or passthrough of the account")
    .option("--code <code#state>", "complete the last login with this code instead of asking for it")
    .action(login);
  oauth
    .command("status")
    .argument("[domain]", "only the account of this domain (default: all accounts with a login)")
    .description("show the state of logins (exit code 1 when one needs attention)")
    .action(status);
  oauth
    .command("refresh")
    .argument("<domain>", "the host name that clients use")
    .description("renew the tokens of the domain's account now (exit code 1 when that fails)")
    .action(refresh);
}

interface LoginOptions {
  account?: string;
  replace?: boolean;
  code?: string;
}

async function login(domain: string, options: LoginOptions, command: Command): Promise<void> {
  const api = apiOf(command);
  const known = await findDomain(api, domain);
  const accountId = options.account ?? known?.accountId ?? domain.toLowerCase();
  if (known && known.accountId !== accountId)
    throw new CommandError(
      `${domain} belongs to the account ${known.accountId}. "nexus domains add ${domain} --account ${accountId}" changes that; then log in.`,
    );
  const { accounts } = await api.call("/api/accounts", AccountList);
  const account = accounts.find((one) => one.accountId === accountId);
  if (account && account.credentialType !== "oauth" && !options.replace)
    throw new CommandError(
      `The account ${accountId} has a credential of type ${account.credentialType}, used by ${account.domains.join(", ") || "no domain"}. --replace replaces it.`,
      { isUsage: true },
    );
  const path = `/api/accounts/${encodeURIComponent(accountId)}/oauth/login`;
  let code = options.code;
  if (code === undefined) {
    const begun = await api.call(path, LoginStarted, { method: "POST", body: {} });
    process.stderr.write(
      `${begun.terms}\n\nOpen this address, log in and authorize:\n\n  ${begun.url}\n\nThe page then shows a code. `,
    );
    code = await askLine("Paste it here: ");
  }
  const done = await api.call(`${path}/code`, AccountLogin, { method: "POST", body: { code } });
  if (!known)
    await api.call(domainPath(domain), DomainDetail, {
      method: "PUT",
      body: { accountId },
    });
  show(command, done, (status) => describe(status.accountId, status));
}

async function status(domain: string | undefined, _options: object, command: Command): Promise<void> {
  const api = apiOf(command);
  const only = domain === undefined ? null : (await getDomain(api, domain)).accountId;
  const { accounts } = await api.call("/api/accounts", AccountList);
  const logins = accounts.filter(
    (account) => account.login !== null && (only === null || account.accountId === only),
  );
  if (only !== null && logins.length === 0)
    throw new CommandError(
      `The account ${only} of ${domain} has no login. Create one with "nexus oauth login".`,
    );
  show(command, { accounts: logins }, () =>
    logins.length === 0
      ? ['No account has a login. Create one with "nexus oauth login <domain>".']
      : columns([
          ["ACCOUNT", "STATE", "EXPIRES", "RENEWED", "DOMAINS", "LAST ERROR"],
          ...logins.map(({ accountId, login, domains }) => [
            accountId,
            login?.state ?? "",
            login?.expiresAt ?? "-",
            `${login?.rotations ?? 0} times`,
            domains.join(",") || "-",
            reasonOf(login),
          ]),
        ]),
  );
  if (logins.some(({ login }) => needsAttention(login))) process.exitCode = 1;
}

async function refresh(domain: string, _options: object, command: Command): Promise<void> {
  const api = apiOf(command);
  const { accountId } = await getDomain(api, domain);
  const path = `/api/accounts/${encodeURIComponent(accountId)}/oauth/refresh`;
  const done = await api.call(path, AccountLogin, { method: "POST", body: {} });
  show(command, done, (status) => describe(status.accountId, status));
  if (done.failures > 0 || needsAttention(done)) process.exitCode = 1;
}

async function getDomain(api: Api, domain: string): Promise<DomainDetail> {
  return api.call(domainPath(domain), DomainDetail);
}

/** Null when it is not configured. */
async function findDomain(api: Api, domain: string): Promise<DomainDetail | null> {
  const { domains } = await api.call("/api/domains", DomainList);
  const isConfigured = domains.some((one) => one.domain === domain.toLowerCase() && one.configured);
  return isConfigured ? getDomain(api, domain) : null;
}

function describe(accountId: string, login: OAuthStatus): string[] {
  const rows = [
    ["account", accountId],
    ["state", login.state],
    ["token expires", login.expiresAt ?? "-"],
    ["renewed", `${login.rotations} times since the login`],
    ["next renewal", login.nextRefreshAt ?? "-"],
    ["scopes", login.scopes.join(" ") || "-"],
  ];
  if (reasonOf(login) !== "-") rows.push(["last error", reasonOf(login)]);
  return columns(rows);
}

function reasonOf(login: OAuthStatus | null): string {
  const { needsLogin, lastError } = login ?? {};
  if (needsLogin) return `${needsLogin.reason}, since ${needsLogin.since}`;
  return lastError ? `${lastError.message}, at ${lastError.at}` : "-";
}

function needsAttention(login: OAuthStatus | null): boolean {
  return (
    login !== null &&
    (login.state === "needs_login" || login.state === "unreadable" || login.state === "missing")
  );
}
