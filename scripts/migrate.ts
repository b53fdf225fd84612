/**
 * `npm run migrate`: applies pending migrations to DATABASE_URL, and with `-- --writer NAME --reader NAME` grants what these roles need.
 * For operators, before `wrangler deploy`.
 */
import { parseArgs } from "node:util";
import { migrate } from "./local/database/migrate.ts";
import { withExplicitTls } from "./local/database/postgres-target.ts";
import { grantRoles, type Roles } from "./local/database/roles.ts";

const databaseUrl = process.env.DATABASE_URL;
if (!databaseUrl)
  fail("DATABASE_URL is not set. Give the connection string of the role that owns the tables.");
const roles = readRoles();
try {
  const applied = await migrate(databaseUrl);
  console.log(applied === 0 ? "The database is up to date." : `Applied ${applied} migration(s).`);
  await grantRoles({ connectionString: withExplicitTls(databaseUrl) }, roles);
  for (const [name, role] of Object.entries(roles)) console.log(`Granted ${role} what a ${name} needs.`);
} catch (error) {
  fail(`The migration failed: ${error instanceof Error ? error.message : String(error)}`);
}

function readRoles(): Roles {
  try {
    const options = { writer: { type: "string" }, reader: { type: "string" } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    fail(`${(error as Error).message}\nUsage: npm run migrate -- [--writer ROLE] [--reader ROLE]`);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
