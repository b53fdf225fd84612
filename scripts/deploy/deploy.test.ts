/** Deployments against a scripted Cloudflare: fresh, again, refused, and killed at every call. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { deploy } from "./deploy.ts";
import { directUrl } from "../local/database/postgres-target.ts";
import { derive, environmentOf } from "./environment.ts";
import type { DeployOptions } from "./steps.ts";
import { realTools, ROOT, type ToolResult, type Tools } from "./tools.ts";

const POOLED = "postgresql://owner:pw@ep-cool-1-pooler.eu.aws.neon.tech/nexus?sslmode=require";
const DIRECT = POOLED.replace("-pooler", "");
const NO_OPTIONS: DeployOptions = {
  domains: [],
  tenant: undefined,
  credential: undefined,
  keyFile: undefined,
  clientKey: undefined,
  skipMigrations: false,
};
const result = (stdout: string, code = 0, entries: ToolResult["entries"] = []): ToolResult => ({
  code,
  stdout,
  output: stdout,
  entries,
});

/** What an account holds, and wrangler as it responds to it (wrangler 4.156.2). */
class FakeCloudflare {
  accounts = [{ id: "a1", name: "Team" }];
  isSignedIn = true;
  secrets: Record<string, string> | null = null;
  queues = new Set(["nexus-exchanges", "nexus-exchanges-dead"]);
  projects: string[] = [];
  pagesDeployments = 0;
  vars: string[] = [];
  domains: string[] = [];
  /** Responses in place of the usual one, by the beginning of a command. */
  refuses: Record<string, string> = {};
  calls: string[] = [];
  secretsFiles: { path: string; mode: number }[] = [];

  wrangler(args: readonly string[]): ToolResult {
    const command = args.join(" ");
    this.calls.push(command.replace(/\S*secrets\.json/, "FILE"));
    const refused = Object.entries(this.refuses).find(([start]) => command.startsWith(start));
    if (refused) return result(refused[1], 1);
    const option = (name: string) => args[args.indexOf(name) + 1]!;
    switch (args[0]) {
      case "whoami":
        return this.isSignedIn
          ? result(`\n ⛅️ wrangler\n${JSON.stringify({ loggedIn: true, accounts: this.accounts }, null, 2)}`)
          : result(JSON.stringify({ loggedIn: false }), 1);
      case "secret":
        if (this.secrets === null)
          return result(
            `Worker "nexus" not found.\n\nIf this is a new Worker, run \`wrangler deploy\` first to create it.`,
            1,
          );
        if (args[1] === "list")
          return result(
            JSON.stringify(Object.keys(this.secrets).map((name) => ({ name, type: "secret_text" }))),
          );
        Object.assign(this.secrets, this.#read(args[2]!));
        return result("");
      case "queues":
        this.queues.add(args[2]!);
        return result("");
      case "pages":
        return this.#pages(args);
      case "deploy": {
        if (args.includes("--dry-run")) return result("");
        const given = args.includes("--secrets-file") ? this.#read(option("--secrets-file")) : {};
        for (const name of ["DATABASE_URL", "CREDENTIAL_KEYS"])
          if (!((this.secrets ?? {})[name] ?? given[name]))
            return result(`The following required secrets have not been set: ${name}`, 1);
        for (const queue of ["nexus-exchanges", "nexus-exchanges-dead"])
          if (!this.queues.has(queue))
            return result(
              `Queue "${queue}" does not exist. To create it, run: wrangler queues create ${queue}`,
              1,
            );
        this.secrets = { ...this.secrets, ...given };
        this.vars = args.filter((_, at) => args[at - 1] === "--var");
        this.domains = args.filter((_, at) => args[at - 1] === "--domain");
        return result("Deployed", 0, [{ type: "deploy", targets: ["https://nexus.team.workers.dev"] }]);
      }
      default:
        throw new Error(`unexpected: wrangler ${command}`);
    }
  }

  #pages(args: readonly string[]): ToolResult {
    if (args[1] === "functions") return result("");
    if (args[1] === "deploy") {
      this.pagesDeployments++;
      return result("");
    }
    if (args[2] === "create") {
      if (this.projects.includes(args[3]!))
        return result("A project with this name already exists [code: 8000002]", 1);
      this.projects.push(args[3]!);
    }
    return result(
      JSON.stringify(
        this.projects.map((name) => ({
          "Project Name": name,
          "Project Domains": `${name}-x1.pages.dev`,
          "Git Provider": "No",
        })),
      ),
    );
  }

  #read(path: string): Record<string, string> {
    this.secretsFiles.push({ path, mode: statSync(path).mode & 0o777 });
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  }
}

interface World {
  cloudflare: FakeCloudflare;
  lines: string[];
  migrated: string[];
  nexus: string[];
  /** Whether the doctor finds nothing, and the keys it was given. */
  isWell: boolean;
  doctorKeys: (string | undefined)[];
  environment: Record<string, string>;
  migrate: () => number;
  /** Ends the run as a kill does: before this call. */
  killAt: number;
}
const world = (): World => ({
  cloudflare: new FakeCloudflare(),
  lines: [],
  migrated: [],
  nexus: [],
  isWell: true,
  doctorKeys: [],
  environment: { DATABASE_URL: POOLED },
  migrate: () => 31,
  killAt: Infinity,
});

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function run(of: World, options: Partial<DeployOptions> = {}, isDry = false): Promise<number> {
  let call = 0;
  const next = () => {
    if (call++ === of.killAt) throw new Error("killed");
  };
  const tools: Tools = {
    wrangler: async (args) => {
      next();
      return of.cloudflare.wrangler(args);
    },
    nexus: async (args, { environment }) => {
      next();
      of.nexus.push(args.join(" "));
      if (args[0] !== "doctor")
        return args[0] === "keys" ? "cnp_live_1" : "claude.example.com uses the account a.";
      of.doctorKeys.push(environment?.DASHBOARD_API_KEY);
      if (!of.isWell) throw new Error("failed   clock");
      return "ok  reachable  …\n21 checks: 0 failed, 6 skipped";
    },
    build: async () => next(),
    migrate: async (url) => {
      next();
      of.migrated.push(url);
      return of.migrate();
    },
    ask: async () => null,
    log: (line) => void of.lines.push(line),
    environment: of.environment,
  };
  return deploy(undefined, isDry, { ...NO_OPTIONS, ...options }, tools);
}

const secretDirectories = () => readdirSync(tmpdir()).filter((name) => name.startsWith("nexus-secrets-"));

it("deploys into an empty account, generates keys, and leaves no secret behind", async () => {
  const before = secretDirectories();
  const fresh = world();
  expect(
    await run(fresh, {
      domains: ["claude.example.com"],
      tenant: "claude.example.com",
      credential: "passthrough",
      clientKey: "laptop",
    }),
  ).toBe(0);
  const { cloudflare } = fresh;
  expect(Object.keys(cloudflare.secrets!)).toEqual(["DATABASE_URL", "CREDENTIAL_KEYS", "DASHBOARD_API_KEY"]);
  const { CREDENTIAL_KEYS: sealing = "", DASHBOARD_API_KEY: key = "" } = cloudflare.secrets!;
  expect(Buffer.from(sealing.replace(/^k1:/, ""), "base64")).toHaveLength(32);
  expect(key.length).toBeGreaterThanOrEqual(24);
  const text = fresh.lines.join("\n");
  expect([text.includes(sealing), text.includes(key), text.includes("pw@")]).toEqual([true, true, false]);
  expect(fresh.migrated).toEqual([DIRECT]);
  expect(cloudflare.vars).toEqual(["DASHBOARD_URL:https://nexus-dashboard-x1.pages.dev"]);
  expect([cloudflare.domains, cloudflare.projects, cloudflare.pagesDeployments]).toEqual([
    ["claude.example.com"],
    ["nexus-dashboard"],
    1,
  ]);
  expect(fresh.nexus).toEqual([
    "doctor https://claude.example.com --wait --client https://claude.example.com",
    "domains add claude.example.com --credential passthrough",
    "keys create claude.example.com laptop",
  ]);
  expect(fresh.doctorKeys).toEqual([key]);
  expect(text).toContain("8/9 Check: 21 checks: 0 failed, 6 skipped");
  expect(fresh.lines.slice(-5)).toEqual([
    "With a client key, streaming is checked too: NEXUS_CLIENT_KEY=… npx nexus doctor https://claude.example.com",
    'Client key "laptop" of claude.example.com, shown only once: cnp_live_1',
    "Worker     https://claude.example.com",
    "Dashboard  https://nexus-dashboard-x1.pages.dev",
    "Next: ANTHROPIC_BASE_URL=https://claude.example.com ANTHROPIC_AUTH_TOKEN=<client key> claude",
  ]);
  const [file] = cloudflare.secretsFiles;
  expect([file!.mode, file!.path.startsWith(ROOT)]).toEqual([0o600, false]);
  expect(secretDirectories()).toEqual(before);
});

it("changes nothing in a second run but the code", async () => {
  const again = world();
  await run(again);
  const { secrets, projects } = again.cloudflare;
  const stored = { ...secrets };
  Object.assign(again, { environment: { MIGRATIONS_DATABASE_URL: DIRECT }, migrate: () => 0, lines: [] });
  again.cloudflare.calls = [];
  expect(await run(again)).toBe(0);
  expect([again.cloudflare.secrets, again.cloudflare.projects]).toEqual([stored, projects]);
  expect(again.cloudflare.calls.filter((call) => /FILE|create/.test(call))).toEqual([]);
  expect(again.lines.join("\n")).toContain("Database: up to date");
  // Cloudflare does not give the key back: only what is seen from outside is checked.
  expect(again.doctorKeys.at(-1)).toBeUndefined();
});

it("sets a secret that a deployed Worker lacks, or that the environment replaces", async () => {
  const later = world();
  await run(later);
  later.environment = { DATABASE_URL: POOLED.replace("pw", "other"), GEMINI_API_KEY: "g" };
  delete later.cloudflare.secrets!.DASHBOARD_API_KEY;
  later.cloudflare.calls = [];
  expect(await run(later)).toBe(0);
  expect(later.cloudflare.calls).toContain("secret bulk FILE --name nexus");
  expect(later.cloudflare.secrets).toMatchObject({
    DATABASE_URL: expect.stringContaining("other") as string,
    GEMINI_API_KEY: "g",
    DASHBOARD_API_KEY: expect.stringMatching(/^nexus_/) as string,
  });
});

describe("stops with what to do", () => {
  it.each<[string, (of: World) => void, RegExp]>([
    ["without a login", ({ cloudflare }) => void (cloudflare.isSignedIn = false), /1\/9 Cloudflare account failed.+npx wrangler login/s],
    ["with several accounts", ({ cloudflare }) => void cloudflare.accounts.push({ id: "a2", name: "Other" }), /Set CLOUDFLARE_ACCOUNT_ID to one of:\na1 {2}Team\na2 {2}Other/],
    ["with a foreign account", ({ environment }) => void (environment.CLOUDFLARE_ACCOUNT_ID = "a9"), /a9, which is none of your accounts/],
    ["without the paid plan", ({ cloudflare }) => void (cloudflare.refuses["deploy --var"] = "To use Durable Objects with this you need the Workers Paid plan. [code: 10084]"), /6\/9 Worker failed.+Workers & Pages → Plans/s],
    ["without R2", ({ cloudflare }) => void (cloudflare.refuses["deploy --var"] = "Please enable R2 through the Cloudflare Dashboard. [code: 10042]"), /Turn R2 on once/],
    ["with a name that is taken", ({ cloudflare }) => void (cloudflare.refuses["pages project create"] = "A project with this name already exists. [code: 8000002]"), /5\/9 Dashboard project failed.+dashboard\/wrangler\.toml/s],
    ["with a host name that has a record", ({ cloudflare }) => void (cloudflare.refuses["deploy --var"] = 'Hostname "x" already has externally managed DNS records [code: 100117]'), /delete it under DNS → Records/],
    ["with code that does not build", ({ cloudflare }) => void (cloudflare.refuses["deploy --dry-run"] = "✘ [ERROR] Build failed"), /2\/9 Build failed.+Build failed/s],
    ["without a database", ({ environment }) => void delete environment.DATABASE_URL, /DATABASE_URL is not set, and nobody can be asked/],
    ["with a database that is none", ({ environment }) => void (environment.DATABASE_URL = "mysql://x"), /DATABASE_URL cannot be used: it must look like postgresql/],
    ["with a short key", ({ environment }) => void (environment.DASHBOARD_API_KEY = "short"), /shorter than 24 characters/],
    ["when something else is not found", ({ cloudflare }) => void (cloudflare.refuses["secret list"] = "A request to the Cloudflare API failed: 404 Not Found"), /3\/9 Secrets failed\. The Worker's secrets cannot be listed/],
    ["when secrets cannot be listed", ({ cloudflare }) => void (cloudflare.refuses["secret list"] = "fetch failed"), /Cloudflare could not be reached/],
  ])("%s, and deploys nothing", async (_what, change, words) => {
    const of = world();
    change(of);
    expect(await run(of)).toBe(1);
    const text = of.lines.join("\n");
    expect(text).toMatch(words);
    expect(of.lines.at(-1)).toBe("Then run the same command again: what is done is found and kept.");
    expect(text).not.toContain("pw@");
    expect(of.cloudflare.pagesDeployments).toBe(0);
  }); // prettier-ignore

  it("when a migration fails: the Worker is not touched", async () => {
    const of = world();
    of.migrate = () => {
      throw new Error("permission denied for schema public");
    };
    expect(await run(of)).toBe(1);
    expect(of.lines.join("\n")).toMatch(
      /4\/9 Database failed\. The migrations failed: permission denied for schema public/,
    );
    expect(of.cloudflare.secrets).toBeNull();
  });
});

it("fails when the doctor does, after everything is deployed and before clients are let in", async () => {
  const of = world();
  of.isWell = false;
  expect(await run(of, { tenant: "claude.example.com" })).toBe(1);
  expect(of.lines.join("\n")).toMatch(/8\/9 Check failed\. Everything is deployed/);
  expect([of.cloudflare.pagesDeployments, of.nexus]).toEqual([
    1,
    ["doctor https://nexus.team.workers.dev --wait --client https://claude.example.com"],
  ]);
});

it("creates queues that wrangler does not", async () => {
  const of = world();
  of.cloudflare.queues.clear();
  expect(await run(of)).toBe(0);
  expect(of.cloudflare.calls.filter((call) => call.startsWith("queues"))).toEqual([
    "queues create nexus-exchanges",
    "queues create nexus-exchanges-dead",
  ]);
});

it("ends as an undisturbed deployment, wherever it was killed before", async () => {
  const options = { tenant: "claude.example.com", credential: "passthrough" } as const;
  const shape = ({ cloudflare, nexus }: World) => ({
    secrets: Object.keys(cloudflare.secrets ?? {}),
    projects: cloudflare.projects,
    vars: cloudflare.vars,
    tenants: new Set(nexus),
  });
  const undisturbed = world();
  await run(undisturbed, options);
  const before = secretDirectories();
  for (let killAt = 0; ; killAt++) {
    const of = world();
    of.killAt = killAt;
    const ended = await run(of, options).catch((thrown: unknown) => (thrown as Error).message);
    if (ended === 0) {
      expect(killAt).toBeGreaterThan(8);
      break;
    }
    // A migration that is killed has failed for this program.
    expect(["killed", 1]).toContain(ended);
    // Keys that were set cannot be read back: they were shown before.
    const { DASHBOARD_API_KEY: key } = of.cloudflare.secrets ?? {};
    if (key !== undefined) expect(of.lines.join("\n")).toContain(key);
    of.killAt = Infinity;
    if (key !== undefined) of.environment.DASHBOARD_API_KEY = key;
    expect(await run(of, options)).toBe(0);
    expect(shape(of), `killed at call ${killAt}`).toEqual(shape(undisturbed));
    if (key !== undefined) expect(of.cloudflare.secrets!.DASHBOARD_API_KEY).toBe(key);
  }
  expect(secretDirectories()).toEqual(before);
});

it("only builds with --dry-run, and says what it would do", async () => {
  const of = world();
  of.environment = {};
  expect(await run(of, { tenant: "claude.example.com" }, true)).toBe(0);
  expect(of.cloudflare.calls.every((call) => /--dry-run|functions build/.test(call))).toBe(true);
  expect(of.lines.join("\n")).toMatch(
    /3\/9 Secrets: wrangler secret list --name nexus.+6\/9 Worker: wrangler deploy --var DASHBOARD_URL:.+nexus domains add claude\.example\.com/s,
  );
});

describe("an environment of its own", () => {
  it("has its own name for everything", () => {
    const toml = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
    const names = (text: string) => [...text.matchAll(/"(nexus[\w-]*)"/g)].map(([, name]) => name!);
    const staging = derive(
      `${toml}\n[[routes]]\npattern = "claude.example.com"\ncustom_domain = true\n`,
      "staging",
    );
    expect(names(staging)).toEqual(names(toml).map((name) => name.replace("nexus", "nexus-staging")));
    expect(names(toml).length).toBeGreaterThan(8);
    expect(staging).not.toContain("claude.example.com");
    // The consumer tells queues apart by the end of their names.
    expect(names(staging)).toContain("nexus-staging-analyses-dead");
  });

  it("has its files beside the originals, which stay", () => {
    const root = mkdtempSync(join(tmpdir(), "nexus-environment-"));
    directories.push(root);
    writeFileSync(join(root, "wrangler.toml"), 'name = "nexus"\n');
    const made = () => environmentOf("staging", root);
    expect(() => made()).toThrow("ENOENT");
    writeFileSync(join(root, "wrangler.toml"), 'name = "nexus"\n');
    expect(environmentOf(undefined, root)).toMatchObject({ worker: "nexus", configuration: [] });
  });

  it.each([
    [POOLED, DIRECT],
    [DIRECT, DIRECT],
    ["postgres://u:a-pooler.b@host:5432/x", "postgres://u:a-pooler.b@host:5432/x"],
  ])("migrates %s over %s", (given, direct) => {
    expect(directUrl(given)).toBe(direct);
  });
});

it("wrangler is a program whose report is read and whose questions nobody answers", async () => {
  const directory = mkdtempSync(join(tmpdir(), "nexus-wrangler-test-"));
  directories.push(directory);
  const program = join(directory, "wrangler.js");
  writeFileSync(
    program,
    `const fs = require("node:fs");
     fs.writeFileSync(process.env.WRANGLER_OUTPUT_FILE_PATH, '{"type":"deploy","targets":["https://w"]}\\n');
     console.log(process.argv.slice(2).join(" "), process.env.CLOUDFLARE_ACCOUNT_ID);
     console.error("warned");
     process.stdin.on("end", () => process.exit(3)).resume();`,
  );
  process.env.NEXUS_WRANGLER = program;
  try {
    const ended = await realTools.wrangler(["deploy", "-x"], {
      environment: { CLOUDFLARE_ACCOUNT_ID: "a1" },
    });
    expect(ended).toEqual({
      code: 3,
      stdout: "deploy -x a1\n",
      output: expect.stringContaining("warned") as string,
      entries: [{ type: "deploy", targets: ["https://w"] }],
    });
  } finally {
    delete process.env.NEXUS_WRANGLER;
  }
});
