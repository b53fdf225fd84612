/**
 * The steps of a deployment, in their order. Each finds what is done already, so that a deployment that failed or was interrupted is run
 * again from the start.
 */
import { z } from "zod";
import { directUrl, postgresTarget } from "../local/database/postgres-target.ts";
import { newSecrets } from "../local/secrets.ts";
import type { Environment } from "./environment.ts";
import { type ToolResult, type Tools, type WranglerOptions, withSecretsFile } from "./tools.ts";

export interface DeployOptions {
  /** Host names of the Worker. */
  domains: string[];
  /** A domain to configure for clients, with the credential of its account. */
  tenant: string | undefined;
  credential: "passthrough" | "api_key" | undefined;
  /** Holds the API key of the credential. */
  keyFile: string | undefined;
  /** Creates a client key of the tenant with this name. */
  clientKey: string | undefined;
  skipMigrations: boolean;
}

/** What the steps have found. */
export interface Deployment extends DeployOptions {
  environment: Environment;
  tools: Tools;
  /** Of the Cloudflare account, for wrangler. */
  account: Record<string, string>;
  /** Secrets of this run, by name. */
  secrets: Record<string, string>;
  /** Whether the Worker exists. */
  isDeployed: boolean;
  dashboardUrl: string;
  workerUrl: string;
  /** Lines for the end. */
  notes: string[];
}

/** A failure that says what to do. */
export class DeployError extends Error {}

export interface Step {
  name: string;
  /** What it does, for `--dry-run`. */
  plan(deployment: Deployment): string[];
  run(deployment: Deployment): Promise<string>;
}

const REQUIRED = ["DATABASE_URL", "CREDENTIAL_KEYS", "DASHBOARD_API_KEY"] as const;
const OPTIONAL = [
  "DATABASE_READONLY_URL",
  "DASHBOARD_VIEWER_KEY",
  "SLACK_WEBHOOK_URL",
  "GEMINI_API_KEY",
  "MCP_GITHUB_TOKEN",
  "MCP_GITHUB_WEBHOOK_SECRET",
  "SPARK_API_KEY",
];

const SIGN_IN =
  "Sign in with `npx wrangler login`, or set CLOUDFLARE_API_TOKEN to a token that may edit Workers, KV, R2, Queues and Pages.";
/** A new Worker. Another failure must not be taken for it: its sealing key would be replaced. */
const WORKER_MISSING = /Worker "[\w-]{1,100}"(?: \(env: [\w-]{1,100}\))? not found\./;
/** What wrangler's errors mean, and what to do. */
const ADVICE: readonly [pattern: RegExp, advice: string][] = [
  [/not authenticated|Authentication error|code: 10000\b/i, SIGN_IN],
  [
    /paid plan|Workers Paid|upgrade your plan|code: 10084\b/i,
    "Durable Objects, Queues and their limits need the plan Workers Paid: change it under Workers & Pages → Plans in Cloudflare's dashboard.",
  ],
  [/enable R2|code: 10042\b/i, "Turn R2 on once under R2 Object Storage in Cloudflare's dashboard."],
  [
    /externally managed DNS|code: 100117\b/i,
    "The host name has a DNS record already: delete it under DNS → Records of its zone, and the deployment creates its own.",
  ],
  [
    /could not find zone|zone.{0,100}not found|code: 10082\b/i,
    "The zone of the host name must be in this Cloudflare account: add it under Domains, or choose another `--domain`.",
  ],
  [
    /project with this name already exists|code: 8000002\b/i,
    "The name of the Pages project is taken: change it in dashboard/wrangler.toml.",
  ],
  [/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|fetch failed/, "Cloudflare could not be reached: check the network."],
];

const adviceFor = (output: string) => ADVICE.find(([pattern]) => pattern.test(output))?.[1];

/** The last lines that say something, without wrangler's banner and its request for feedback. */
function excerpt(output: string): string {
  const lines = output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^[─⛅🪵]|wrangler \d|report (this|it)|Logs were written/iu.test(line));
  return lines.slice(-6).join("\n");
}

function failure(what: string, { output }: Pick<ToolResult, "output">): DeployError {
  const advice = adviceFor(output);
  return new DeployError(`${what}\n${excerpt(output)}${advice === undefined ? "" : `\n${advice}`}`);
}

const wrangler = (deployment: Deployment, args: readonly string[], options: WranglerOptions = {}) =>
  deployment.tools.wrangler(args, {
    ...options,
    environment: { ...deployment.account, ...options.environment },
  });

function parsed<S extends z.ZodType>(schema: S, text: string): z.output<S> | null {
  try {
    // wrangler may print a notice before.
    return schema.parse(JSON.parse(text.slice(Math.max(0, text.search(/^[[{]/m)))));
  } catch {
    return null;
  }
}

const WhoAmI = z.object({ accounts: z.array(z.object({ id: z.string(), name: z.string() })).default([]) });

const login: Step = {
  name: "Cloudflare account",
  plan: () => ["wrangler whoami --json"],
  async run(deployment) {
    const { CLOUDFLARE_ACCOUNT_ID: wanted } = deployment.tools.environment;
    const result = await wrangler(deployment, ["whoami", "--json"]);
    const who = result.code === 0 ? parsed(WhoAmI, result.stdout) : null;
    if (!who) throw new DeployError(`You are not signed in to Cloudflare. ${SIGN_IN}`);
    const account = wanted === undefined ? who.accounts : who.accounts.filter(({ id }) => id === wanted);
    if (account.length !== 1)
      throw new DeployError(
        `${wanted === undefined ? "You are a member of several accounts" : `CLOUDFLARE_ACCOUNT_ID is ${wanted}, which is none of your accounts`}. Set CLOUDFLARE_ACCOUNT_ID to one of:\n${who.accounts.map(({ id, name }) => `${id}  ${name}`).join("\n")}`,
      );
    deployment.account = { CLOUDFLARE_ACCOUNT_ID: account[0]!.id };
    return `${account[0]!.name} (${account[0]!.id})`;
  },
};

const build: Step = {
  name: "Build",
  plan: () => [],
  async run({ environment, tools }) {
    await tools.build().catch((thrown: unknown) => {
      throw new DeployError((thrown as Error).message);
    });
    const dry = await tools.wrangler(["deploy", "--dry-run", ...environment.configuration]);
    if (dry.code !== 0) throw failure("The Worker cannot be deployed as it is configured.", dry);
    return environment.worker;
  },
};

const secrets: Step = {
  name: "Secrets",
  plan: ({ environment }) => [
    `wrangler secret list --name ${environment.worker} --format json`,
    `ask for DATABASE_URL, generate CREDENTIAL_KEYS and DASHBOARD_API_KEY, where they are missing`,
  ],
  async run(deployment) {
    const { environment, tools } = deployment;
    const list = await wrangler(deployment, [
      "secret",
      "list",
      "--name",
      environment.worker,
      "--format",
      "json",
    ]);
    const stored = list.code === 0 ? parsed(z.array(z.object({ name: z.string() })), list.stdout) : null;
    if (!stored && !WORKER_MISSING.test(list.output))
      throw failure("The Worker's secrets cannot be listed.", list);
    deployment.isDeployed = stored !== null;
    const names = new Set(stored?.map(({ name }) => name));
    for (const name of REQUIRED) {
      const given = tools.environment[name]?.trim();
      if (names.has(name) && !given) continue;
      if (given) deployment.secrets[name] = given;
      else if (name === "DATABASE_URL")
        deployment.secrets[name] =
          (await tools.ask(
            "DATABASE_URL, the connection string of a role that writes (Neon: the pooled one): ",
          )) ?? missing(name, "the connection string of a role that writes");
      else {
        deployment.secrets[name] = newSecrets("k1")[name];
        tools.log(
          `  Generated ${name}. Keep it in a password manager; Cloudflare does not show it again:\n  ${deployment.secrets[name]}`,
        );
      }
    }
    for (const name of OPTIONAL) {
      const given = tools.environment[name]?.trim();
      if (given) deployment.secrets[name] = given;
    }
    const { DATABASE_URL: url } = deployment.secrets;
    if (url !== undefined) checkDatabaseUrl(url);
    const { DASHBOARD_API_KEY: key = "" } = deployment.secrets;
    if (key !== "" && key.length < 24)
      throw new DeployError(
        "DASHBOARD_API_KEY is shorter than 24 characters. Set a longer one, or none to have one generated.",
      );
    const set = Object.keys(deployment.secrets);
    return set.length === 0 ? "all are set" : `to be set: ${set.join(", ")}`;
  },
};

function missing(name: string, what: string): never {
  throw new DeployError(`${name} is not set, and nobody can be asked. Set it in the environment: ${what}.`);
}

function checkDatabaseUrl(url: string): void {
  try {
    postgresTarget(url);
  } catch (thrown) {
    throw new DeployError(`DATABASE_URL cannot be used: ${(thrown as Error).message}.`);
  }
}

const migrations: Step = {
  name: "Database",
  plan: ({ skipMigrations }) =>
    skipMigrations ? [] : ["npm run migrate, over the direct host of the database"],
  async run({ tools, secrets: found, skipMigrations }) {
    if (skipMigrations) return "skipped";
    const url =
      tools.environment.MIGRATIONS_DATABASE_URL?.trim() ??
      found.DATABASE_URL ??
      (await tools.ask("Connection string of the role that owns the tables: ")) ??
      missing(
        "MIGRATIONS_DATABASE_URL",
        "the connection string of the role that owns the tables, which Cloudflare does not give back; --skip-migrations leaves the database as it is",
      );
    checkDatabaseUrl(url);
    try {
      const applied = await tools.migrate(directUrl(url));
      return applied === 0 ? "up to date" : `${applied} migrations applied`;
    } catch (thrown) {
      throw new DeployError(
        `The migrations failed: ${(thrown as Error).message}\nThe one that failed is rolled back, and the deployed Worker is unchanged. Check that the role owns the tables and that the database is reachable from here.`,
      );
    }
  },
};

const Projects = z.array(z.looseObject({ "Project Name": z.string(), "Project Domains": z.string() }));

const pagesProject: Step = {
  name: "Dashboard project",
  plan: ({ environment }) => [
    "wrangler pages project list --json",
    `wrangler pages project create ${environment.pages} --production-branch main, if it is missing`,
  ],
  async run(deployment) {
    const { pages } = deployment.environment;
    const find = async () => {
      const list = await wrangler(deployment, ["pages", "project", "list", "--json"]);
      const projects = list.code === 0 ? parsed(Projects, list.stdout) : null;
      if (!projects) throw failure("The Pages projects cannot be listed.", list);
      return projects.find((one) => one["Project Name"] === pages);
    };
    let project = await find();
    const isNew = !project;
    if (!project) {
      const made = await wrangler(deployment, [
        "pages",
        "project",
        "create",
        pages,
        "--production-branch",
        "main",
      ]);
      if (made.code !== 0) throw failure(`The Pages project ${pages} cannot be created.`, made);
      project = await find();
    }
    const domains = project?.["Project Domains"].split(",").map((domain) => domain.trim()) ?? [];
    // An own domain stands after Cloudflare's.
    const domain = domains.findLast((one) => one !== "") ?? `${pages}.pages.dev`;
    deployment.dashboardUrl = `https://${domain}`;
    return `${deployment.dashboardUrl}${isNew ? ", created" : ""}`;
  },
};

const MISSING_QUEUE = /Queue "([\w-]{1,100})" does not exist/;
const MAX_QUEUES = 10;

const worker: Step = {
  name: "Worker",
  plan: (deployment) => [
    `wrangler ${deployArguments(deployment, deployment.isDeployed ? null : "<file>").join(" ")}`,
  ],
  async run(deployment) {
    const { secrets: found, isDeployed } = deployment;
    const deployed = await withSecretsFile(found, async (file) => {
      const hasSecrets = Object.keys(found).length > 0;
      if (isDeployed && hasSecrets) {
        const set = await wrangler(deployment, [
          "secret",
          "bulk",
          file,
          "--name",
          deployment.environment.worker,
        ]);
        if (set.code !== 0) throw failure("The secrets cannot be set.", set);
      }
      // Before the first deployment there is no Worker whose secrets could be set.
      const args = deployArguments(deployment, !isDeployed && hasSecrets ? file : null);
      for (let attempt = 0; ; attempt++) {
        const result = await wrangler(deployment, args, { isShown: true });
        const [, queue] = MISSING_QUEUE.exec(result.output) ?? [];
        if (result.code === 0 || queue === undefined || attempt >= MAX_QUEUES) return result;
        const made = await wrangler(deployment, ["queues", "create", queue]);
        if (made.code !== 0) throw failure(`The queue ${queue} cannot be created.`, made);
      }
    });
    if (deployed.code !== 0) throw failure("The Worker cannot be deployed.", deployed);
    const targets = deployed.entries.find(({ type }) => type === "deploy")?.targets ?? [];
    const [own] = deployment.domains;
    const url =
      own === undefined ? targets.find((target) => target.startsWith("https://")) : `https://${own}`;
    if (url === undefined)
      throw new DeployError(
        "The Worker is deployed, but has no address. Add one with `--domain`, or turn on its workers.dev address in Cloudflare's dashboard.",
      );
    deployment.workerUrl = url.replace(/\/+$/, "");
    return deployment.workerUrl;
  },
};

function deployArguments(
  { environment, domains, dashboardUrl }: Deployment,
  secretsFile: string | null,
): string[] {
  return [
    "deploy",
    ...environment.configuration,
    "--var",
    `DASHBOARD_URL:${dashboardUrl}`,
    ...domains.flatMap((domain) => ["--domain", domain]),
    ...(secretsFile === null ? [] : ["--secrets-file", secretsFile]),
  ];
}

const dashboard: Step = {
  name: "Dashboard",
  plan: () => ["wrangler pages deploy --branch main, in dashboard/"],
  async run(deployment) {
    const { environment } = deployment;
    const args = [
      "pages",
      "deploy",
      "--branch",
      "main",
      "--commit-dirty",
      "--project-name",
      environment.pages,
    ];
    const deployed = await wrangler(deployment, args, { cwd: environment.dashboard, isShown: true });
    if (deployed.code !== 0) throw failure("The dashboard cannot be deployed.", deployed);
    return deployment.dashboardUrl;
  },
};

const check: Step = {
  name: "Check",
  plan: () => ["nexus doctor <address of the Worker> --wait"],
  async run({ tools, workerUrl, tenant: client, secrets: found, notes }) {
    const { DASHBOARD_API_KEY: key } = found;
    try {
      const forClient = client === undefined ? [] : ["--client", `https://${client}`];
      const environment: Record<string, string> = key === undefined ? {} : { DASHBOARD_API_KEY: key };
      const checked = await tools.nexus(["doctor", workerUrl, "--wait", ...forClient], {
        environment,
        isShown: true,
      });
      notes.push(
        `With a client key, streaming is checked too: NEXUS_CLIENT_KEY=… npx nexus doctor ${workerUrl}`,
      );
      return checked.split("\n").at(-1)!;
    } catch {
      throw new DeployError(
        "Everything is deployed, and does not pass each check. Do what stands under those that failed.",
      );
    }
  },
};

const tenant: Step = {
  name: "Domain for clients",
  plan: ({ tenant: name, credential, clientKey }) =>
    name === undefined
      ? []
      : [
          `nexus domains add ${name}${credential === undefined ? "" : ` --credential ${credential}`}`,
          ...(clientKey === undefined ? [] : [`nexus keys create ${name} ${clientKey}`]),
        ],
  async run({ tools, tenant: name, credential, keyFile, clientKey, workerUrl, secrets: found, notes }) {
    if (name === undefined) return "none was asked for";
    const key =
      found.DASHBOARD_API_KEY ??
      (await tools.ask("DASHBOARD_API_KEY: ")) ??
      missing("DASHBOARD_API_KEY", "the administrator's key");
    const options = { environment: { DASHBOARD_API_KEY: key, NEXUS_URL: workerUrl } };
    try {
      const type = credential === undefined ? [] : ["--credential", credential];
      const file = keyFile === undefined ? [] : ["--key-file", keyFile];
      const stored = await tools.nexus(["domains", "add", name, ...type, ...file], options);
      if (clientKey === undefined) return stored.split("\n")[0]!;
      const made = await tools.nexus(["keys", "create", name, clientKey], options);
      notes.push(`Client key "${clientKey}" of ${name}, shown only once: ${made}`);
      return stored.split("\n")[0]!;
    } catch (thrown) {
      throw new DeployError(`${name} cannot be configured: ${(thrown as Error).message}`);
    }
  },
};

export const STEPS: readonly Step[] = [
  login,
  build,
  secrets,
  migrations,
  pagesProject,
  worker,
  dashboard,
  check,
  tenant,
];
