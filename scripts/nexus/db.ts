/** `nexus db status|migrate|check`: the schema of a database. The only commands that connect to it themselves. */
import type { Command } from "commander";
import type { Client } from "pg";
import { missingRights } from "../../workers/store/db/rights.ts";
import { withClient } from "../local/database/client.ts";
import { migrate, migrationClient, migrationState } from "../local/database/migrate.ts";
import { grantRoles, type Roles } from "../local/database/roles.ts";
import { schemaDifferences } from "../local/database/schema-check.ts";
import { CommandError } from "./command-error.ts";
import { show } from "./output.ts";

export function addDb(program: Command): void {
  const db = program
    .command("db")
    .description("migrate and check the database of DATABASE_URL, as the owner of its tables");
  db.command("status")
    .description("show applied and pending migrations (exit code 1 when some are pending)")
    .action(async (_options: object, command: Command) => {
      const { applied, pending, unknown } = await connected((client) => migrationState(client));
      const result = {
        applied: applied.map(({ tag }) => tag),
        pending: pending.map(({ tag }) => tag),
        unknown,
      };
      show(command, result, () => [
        `${applied.length} applied${applied.length === 0 ? "" : `, the newest is ${result.applied.at(-1)}`}`,
        ...result.pending.map((tag) => `pending: ${tag}`),
        ...(unknown === 0 ? [] : [`${unknown} of another version`]),
      ]);
      if (pending.length > 0) process.exitCode = 1;
    });
  withRoles(db.command("migrate"))
    .description("apply pending migrations, while the database is in use; with roles, grant what they need")
    .action(async (roles: Roles, command: Command) => {
      const applied = await failing(migrate(databaseUrl(), { log: (line) => console.error(line) }));
      await failing(grantRoles(migrationClient(databaseUrl()), roles));
      show(command, { applied, ...roles }, () => [
        applied === 0 ? "The database is up to date." : `Applied ${applied} migration(s).`,
        ...Object.entries(roles).map(([name, role]) => `Granted ${role} what a ${name} needs.`),
      ]);
    });
  withRoles(db.command("check"))
    .description("compare schema and rights with what this version needs (exit code 1 when they differ)")
    .action(async (roles: Roles, command: Command) => {
      const problems = await connected((client) => problemsOf(client, roles));
      show(command, { problems }, () =>
        problems.length === 0 ? ["The database is as it should be."] : problems,
      );
      if (problems.length > 0) process.exitCode = 1;
    });
}

const withRoles = (command: Command) =>
  command
    .option("--writer <role>", "role of DATABASE_URL of the Worker")
    .option("--reader <role>", "role of DATABASE_READONLY_URL");

async function problemsOf(client: Client, { writer, reader }: Roles): Promise<string[]> {
  const { pending, unknown } = await migrationState(client);
  const problems = pending.map(({ tag }) => `pending: ${tag}`);
  if (unknown > 0) problems.push(`${unknown} migrations are of another version`);
  if (pending.length === 0) problems.push(...(await schemaDifferences(client)));
  for (const [name, role] of [
    ["writer", writer],
    ["reader", reader],
  ] as const) {
    if (role === undefined) continue;
    const { rows } = await client.query<{ missing: string }>(missingRights(name, role));
    problems.push(...rows.map(({ missing }) => `${role} lacks ${missing}`));
  }
  return problems;
}

function databaseUrl(): string {
  const url = process.env.DATABASE_URL?.trim();
  if (url) return url;
  throw new CommandError(
    "DATABASE_URL is not set. Give the connection string of the role that owns the tables.",
  );
}

const connected = <T>(use: (client: Client) => Promise<T>) =>
  failing(withClient(migrationClient(databaseUrl()), use));

/** Any failure is one of the connection or of a statement. */
const failing = <T>(work: Promise<T>): Promise<T> =>
  work.catch((thrown: Error) => {
    throw new CommandError(`the database: ${thrown.message}`);
  });
