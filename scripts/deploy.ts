/**
 * `npm run deploy`: deploys the Worker and the dashboard, with what they need. It can be run again at any time: what is done is found and
 * kept. Exit codes: 0 success, 1 failure, 2 wrong arguments.
 */
import { Command, CommanderError, Option } from "commander";
import { deploy } from "./deploy/deploy.ts";
import { ENVIRONMENT_NAME } from "./deploy/environment.ts";
import type { DeployOptions } from "./deploy/steps.ts";
import { realTools } from "./deploy/tools.ts";

const program = new Command("npm run deploy --")
  .description("Deploys the Worker and the dashboard to Cloudflare, and migrates the database.")
  .option("--env <name>", "an environment of its own beside production, e.g. staging")
  .option("--dry-run", "build, and print what would be done; needs no network")
  .option(
    "--domain <host>",
    "host name of the Worker in a zone of the account (may be repeated)",
    collect,
    [],
  )
  .option("--tenant <host>", "configure this domain for clients afterwards")
  .addOption(new Option("--credential <type>", "of the tenant's account").choices(["passthrough", "api_key"]))
  .option("--key-file <file>", "file with the tenant's API key")
  .option("--client-key <name>", "create a client key of the tenant, for this person or program")
  .option("--skip-migrations", "leave the database as it is", false)
  .addHelpText(
    "after",
    `
Secrets are read from the environment, else asked for or generated: DATABASE_URL, CREDENTIAL_KEYS, DASHBOARD_API_KEY; optional ones
(SLACK_WEBHOOK_URL, GEMINI_API_KEY, …) are set where the environment has them. MIGRATIONS_DATABASE_URL: the role that owns the tables, if that
is another one. CLOUDFLARE_ACCOUNT_ID chooses the account, CLOUDFLARE_API_TOKEN replaces \`npx wrangler login\`.`,
  )
  .showHelpAfterError("(see --help)")
  .exitOverride();

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

interface Options {
  env?: string;
  dryRun?: boolean;
  domain: string[];
  tenant?: string;
  credential?: DeployOptions["credential"];
  keyFile?: string;
  clientKey?: string;
  skipMigrations: boolean;
}

/** What is wrong with the options; null: nothing. */
function problemOf({ env, tenant, credential, keyFile, clientKey }: Options): string | null {
  if (env !== undefined && !ENVIRONMENT_NAME.test(env))
    return "--env takes a name of lower-case letters, digits and hyphens, such as staging.";
  if (tenant === undefined && (credential ?? keyFile ?? clientKey) !== undefined)
    return "--credential, --key-file and --client-key need --tenant.";
  if ((credential === "api_key") !== (keyFile !== undefined)) return "--credential api_key needs --key-file.";
  return null;
}

try {
  const { env, dryRun, domain, tenant, credential, keyFile, clientKey, skipMigrations } = program
    .parse()
    .opts<Options>();
  const problem = problemOf(program.opts<Options>());
  if (problem !== null) program.error(problem);
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      console.error("\nInterrupted. Run the same command again: what is done is found and kept.");
      process.exit(1);
    });
  const options = { domains: domain, tenant, credential, keyFile, clientKey, skipMigrations };
  process.exitCode = await deploy(env, dryRun === true, options, realTools);
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) throw thrown;
  process.exitCode = thrown.exitCode === 0 ? 0 : 2;
}
