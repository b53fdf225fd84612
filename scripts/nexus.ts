/**
 * `npx nexus <command>`: the operator's command line. Each command is a file in scripts/nexus/; all of them speak to the
 * API of a running deployment (or local world) and to nothing else. Exit codes: 0 done, 1 failed, 2 called wrongly.
 */
import { Command, CommanderError, Option } from "commander";
import { DEFAULT_URL } from "./nexus/api.ts";
import { CommandError } from "./nexus/command-error.ts";
import { addRelink } from "./nexus/relink.ts";
import { addDomains } from "./nexus/domains.ts";
import { addKeys } from "./nexus/keys.ts";
import { addOAuth } from "./nexus/oauth.ts";
import { addReprice } from "./nexus/reprice.ts";
import { addStatus } from "./nexus/status.ts";
import { addUsage } from "./nexus/usage.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

// `nexus … | head` closes our output early, which is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await run(process.argv);

async function run(args: string[]): Promise<number> {
  try {
    await commandLine().parseAsync(args);
    return Number(process.exitCode ?? 0);
  } catch (thrown) {
    // Commander has already printed its complaint, or the help that was asked for.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!(thrown instanceof CommandError)) throw thrown;
    console.error(`nexus: ${thrown.message}`);
    return thrown.isUsage ? EXIT_USAGE : EXIT_FAILED;
  }
}

function commandLine(): Command {
  const program = new Command("nexus")
    .description("Operates a Claude Nexus deployment, or the local world, through its API.")
    .addOption(
      new Option("--url <address>", "where the Worker answers").env("NEXUS_URL").default(DEFAULT_URL),
    )
    .option("--json", "print the answer as JSON")
    .addHelpText(
      "after",
      `
The administrator's key is read from DASHBOARD_API_KEY; for a local world the generated one in its data directory
(DATA_DIR, default .data) is used. Exit codes: 0 done, 1 failed, 2 called wrongly.`,
    )
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError("(--help explains)")
    .exitOverride();
  addStatus(program);
  addRelink(program);
  addDomains(program);
  addKeys(program);
  addOAuth(program);
  addUsage(program);
  addReprice(program);
  return program;
}
