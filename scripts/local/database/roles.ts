/**
 * Grants the privileges of the two roles that the Worker uses, for `npm run migrate`; the tables belong to the role that runs it. Idempotent;
 * tables of later migrations are included.
 */
import { type ClientConfig, escapeIdentifier } from "pg";
import { withClient } from "./client.ts";

export interface Roles {
  /** Of DATABASE_URL: reads and writes rows; makes partitions by a function of the owner. */
  writer?: string | undefined;
  /** Of DATABASE_READONLY_URL: reads. */
  reader?: string | undefined;
}

/** Rejects when a role does not exist, or the connection's role does not own the tables. */
export async function grantRoles(config: string | ClientConfig, { writer, reader }: Roles): Promise<void> {
  const statements = [
    ...(writer === undefined ? [] : forWriter(escapeIdentifier(writer))),
    ...(reader === undefined ? [] : forReader(escapeIdentifier(reader))),
  ];
  await withClient(config, async (client) => {
    await client.query("BEGIN");
    for (const statement of statements) await client.query(statement);
    await client.query("COMMIT");
  });
}

const forReader = (role: string) => [
  `GRANT USAGE ON SCHEMA public, drizzle TO ${role}`,
  `GRANT SELECT ON ALL TABLES IN SCHEMA public, drizzle TO ${role}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${role}`,
];

const forWriter = (role: string) => [
  ...forReader(role),
  `GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT, UPDATE, DELETE ON TABLES TO ${role}`,
  `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
  `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO ${role}`,
  // Entries of the audit log are never changed.
  `REVOKE UPDATE, DELETE ON audit_log FROM ${role}`,
  `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO ${role}`,
];
