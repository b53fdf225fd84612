/** `nexus doctor`: proves a deployment from outside and through its API. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Api, connect, type CommonOptions } from "../api.ts";
import { CommandError } from "../command-error.ts";
import { plain } from "../output.ts";
import { type Check, CHECKS } from "./checks.ts";
import { Context, Skipped, type Target } from "./context.ts";

export interface CheckResult {
  name: string;
  result: "ok" | "failed" | "skipped";
  /** What was found, or why nothing could be. */
  detail: string;
  /** What to do; null unless it failed. */
  advice: string | null;
}

interface Options extends CommonOptions {
  client?: string;
  clientKey?: string;
  apiKey?: string;
  model: string;
  plan: Target["plan"];
  wait: boolean;
  header: Record<string, string>;
}

/** Tries while a new host name becomes known. */
const WAIT_TRIES = 60;
const WAIT_INTERVAL_MS = 2_000;

export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .argument("[url]", "address of the Worker; default --url")
    .description("prove that a deployment works: a table of checks (exit code 1 when one fails)")
    .addOption(
      new Option("--client-key <key>", "a client key, for checks that send requests").env("NEXUS_CLIENT_KEY"),
    )
    .addOption(
      new Option("--api-key <key>", "Claude API key, if the domain is passthrough").env("NEXUS_UPSTREAM_KEY"),
    )
    .option("--client <url>", "address that clients use, if it is another one")
    .option("--model <id>", "model of the two requests", "claude-haiku-4-5")
    .addOption(
      new Option("--plan <plan>", "of Cloudflare and Neon").choices(["free", "paid"]).default("paid"),
    )
    .option("--header <name: value>", "sent with each request (may be repeated)", header, {})
    .option("--wait", "for a new deployment: give its addresses two minutes, and do not wait for cron", false)
    .addHelpText(
      "after",
      `
With a key of a client, two small requests are sent to Claude (less than half a cent with the default model). Without the administrator's key
(DASHBOARD_API_KEY) only what can be seen from outside is checked.`,
    )
    .action(async (address: string | undefined, _options: object, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { json } = options;
      const target = targetOf(address ?? options.url, options);
      const width = Math.max(...CHECKS.map(({ name }) => name.length));
      const results = await runChecks(target, CHECKS, ({ name, result, detail, advice }) => {
        if (json) return;
        console.log(plain(`${result.padEnd(7)}  ${name.padEnd(width)}  ${detail}`));
        if (advice !== null) console.log(`${" ".repeat(width + 11)}${advice}`);
      });
      const failed = results.filter(({ result }) => result === "failed").length;
      const skipped = results.filter(({ result }) => result === "skipped").length;
      console.log(
        json
          ? JSON.stringify({ url: target.url.origin, checks: results }, null, 2)
          : `${results.length} checks: ${failed} failed, ${skipped} skipped`,
      );
      if (failed > 0) process.exitCode = 1;
    });
}

function header(text: string, before: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([\w-]+):\s*(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Expected name: value.");
  return { ...before, [name]: value };
}

function targetOf(
  address: string,
  { client, clientKey, apiKey, model, plan, wait: isNew, header: headers }: Options,
): Target {
  const url = URL.parse(address);
  const clientUrl = URL.parse(client ?? address);
  if (!url || !clientUrl) throw new CommandError(`"${client ?? address}" is not a URL.`, { isUsage: true });
  return {
    url,
    headers,
    api: apiAt(address, headers),
    client: clientOf(clientUrl, model, clientKey, apiKey),
    plan,
    isNew,
  };
}

/** Null where there is no administrator's key. */
function apiAt(address: string, headers: Record<string, string>): Api | null {
  try {
    return connect(address, process.env, headers);
  } catch (thrown) {
    if (thrown instanceof CommandError && !thrown.isUsage) return null;
    throw thrown;
  }
}

function clientOf(url: URL, model: string, clientKey?: string, apiKey?: string): Target["client"] {
  const headers: Record<string, string> = {};
  // An empty variable is none.
  if (apiKey) headers["x-api-key"] = apiKey;
  if (clientKey) {
    if (apiKey) headers["x-nexus-key"] = clientKey;
    else headers["x-api-key"] = clientKey;
  }
  return Object.keys(headers).length === 0 ? null : { url, headers, model };
}

/** Runs the checks one after the other; once the address does not respond, the others are skipped. */
export async function runChecks(
  target: Target,
  checks: readonly Check[],
  report: (result: CheckResult) => void = () => {},
): Promise<CheckResult[]> {
  const context = new Context(target);
  const results: CheckResult[] = [];
  for (const check of checks) {
    const isUnreachable = results.some(({ name, result }) => name === "reachable" && result === "failed");
    const tries = target.isNew && check.settles ? WAIT_TRIES : 1;
    let result: CheckResult | null = null;
    await context.poll(tries, WAIT_INTERVAL_MS, async () => {
      result = isUnreachable ? skipped(check, "the Worker does not respond") : await runCheck(check, context);
      return result.result === "failed" ? null : result;
    });
    results.push(result!);
    report(result!);
  }
  return results;
}

const skipped = ({ name }: Check, detail: string): CheckResult => ({
  name,
  result: "skipped",
  detail,
  advice: null,
});

async function runCheck(check: Check, context: Context): Promise<CheckResult> {
  const { api, client } = context.target;
  if (check.needs !== "nothing" && !api)
    return skipped(check, "set DASHBOARD_API_KEY to the administrator's key");
  if (check.needs === "client" && !client)
    return skipped(check, "give a --client-key, or the --api-key of a passthrough domain");
  try {
    return { name: check.name, result: "ok", detail: await check.run(context), advice: null };
  } catch (thrown) {
    const { message, cause } = thrown as Error & { cause?: { code?: string } };
    if (thrown instanceof Skipped) return skipped(check, message);
    const detail = cause?.code === undefined ? message : `${message} (${cause.code})`;
    return { name: check.name, result: "failed", detail, advice: check.advice };
  }
}
