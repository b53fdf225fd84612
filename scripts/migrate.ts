/** `npm run migrate`: applies pending migrations to DATABASE_URL. For operators, before `wrangler deploy`. */
import { migrate } from "./local/database/migrate.ts";

const databaseUrl = process.env.DATABASE_URL;
if (!databaseUrl) {
  console.error("DATABASE_URL is not set. Give the connection string of the role that owns the tables.");
  process.exit(1);
}
try {
  const applied = await migrate(databaseUrl);
  console.log(applied === 0 ? "The database is up to date." : `Applied ${applied} migration(s).`);
} catch (error) {
  console.error(`The migration failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
