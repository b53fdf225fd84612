/**
 * `npx nexus <command>`: the operator's command line. Each command is a file in scripts/nexus/; all but `db` use only the API of
 * a running deployment or local stack. Exit codes: 0 success, 1 failure, 2 wrong arguments.
 */
import { Command, CommanderError, Option } from "commander";
import { DEFAULT_URL } from "./nexus/api.ts";
import { CommandError } from "./nexus/command-error.ts";
import { addAnalyses } from "./nexus/analyses.ts";
import { addRelink } from "./nexus/relink.ts";
import { addDomains } from "./nexus/domains.ts";
import { addKeys } from "./nexus/keys.ts";
import { addProject } from "./nexus/project.ts";
import { addReseal } from "./nexus/reseal.ts";
import { addOAuth } from "./nexus/oauth.ts";
import { addReprice } from "./nexus/reprice.ts";
import { addStatus } from "./nexus/status.ts";
import { addDb } from "./nexus/db.ts";
import { addDoctor } from "./nexus/doctor/doctor.ts";
import { addVersion } from "./nexus/version.ts";
import { addUsage } from "./nexus/usage.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

if (import.meta.main) {
  // `nexus … | head` closes the output early. That is not a failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  process.exitCode = await run(process.argv);
}

async function run(args: string[]): Promise<number> {
  try {
    await commandLine().parseAsync(args);
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    // Commander has already printed the error or the help.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!(thrown instanceof CommandError)) throw thrown;
    console.error(`nexus: ${thrown.message}`);
    return thrown.isUsage ? EXIT_USAGE : EXIT_FAILED;
  }
}

/** All commands with their arguments and options. */
export function commandLine(): Command {
  const program = new Command("nexus")
    .description("Operates a Claude Nexus deployment or the local stack through its API.")
    .addOption(new Option("--url <address>", "address of the Worker").env("NEXUS_URL").default(DEFAULT_URL))
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
The administrator's key is read from DASHBOARD_API_KEY; for the local stack, the generated key in its data directory
(DATA_DIR, default .data) is used. Exit codes: 0 success, 1 failure, 2 wrong arguments.`,
    )
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(see --help)")
    .exitOverride();
  addStatus(program);
  addVersion(program);
  addDoctor(program);
  addDb(program);
  addRelink(program);
  addDomains(program);
  addKeys(program);
  addOAuth(program);
  addUsage(program);
  addReprice(program);
  addProject(program);
  addReseal(program);
  addAnalyses(program);
  return program;
}
