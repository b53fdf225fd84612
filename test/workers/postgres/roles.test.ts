/**
 * The Worker with the roles that `npm run migrate` grants, on a real PostgreSQL: everything works as the writer and the reader, and neither
 * role can do more.
 */
import { createExecutionContext, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, inject, it } from "vitest";
import { loadConfig } from "../../../workers/runtime/config.ts";
import { handleScheduled } from "../../../workers/scheduled/cron.ts";
import { signIn } from "../../../workers/api/auth/sign-in.ts";
import type { Diagnosis } from "../../../workers/schemas/api/upkeep.ts";
import type { Status } from "../../../workers/schemas/api/status.ts";
import { withWriter } from "../../../workers/store/db/db.ts";
import { makeExchange } from "../../support/exchanges.ts";
import { ADMINISTRATOR_KEY, apiJson, call } from "../../support/worker-api.ts";
import { deliver, journal, messageOf } from "../../support/worker-ingest.ts";

const roles = inject("postgres")?.roles;
const DAY_MS = 86_400_000;

/** The environment with these roles; unused without a PostgreSQL. */
const asRoles = (writer = roles?.writer, reader = roles?.reader) => ({
  DATABASE_URL: writer ?? "",
  DATABASE_READONLY_URL: reader ?? "",
});
const run = (url: string, statement: string) =>
  withWriter(loadConfig({ ...env, ...asRoles(url) }), (db) => db.$client.query(statement));

const missingRights = async (bindings: object) =>
  (
    await apiJson<Diagnosis>("/api/admin/diagnose", {
      method: "POST",
      body: { nonce: crypto.randomUUID() },
      bindings: { ...bindings },
    })
  ).database.missingRights ?? [];

describe.skipIf(!roles)("the roles of the Worker", () => {
  it("store, read, administer and maintain", async () => {
    const bindings = asRoles();
    const exchange = makeExchange({ startedAt: Date.now() - 60_000 });
    await journal(exchange);
    expect(await deliver([messageOf(exchange)], { bindings })).toEqual({ acks: [0], retries: {} });
    const change = (method: string, path: string, body: object) => apiJson(path, { method, body, bindings });
    const credential = { type: "api_key", api_key: "sk-ant-api03-x" };
    const slack = { webhook_url: "https://hooks.slack.com/services/T0/B0/x" };
    await change("PUT", "/api/domains/team.example", { accountId: "acc_1", credential, slack });
    await change("POST", "/api/domains/team.example/client-keys", { name: "ann" });
    await change("PUT", "/api/windows/acc_1", { tokenLimit: 5 });
    await change("POST", "/api/relink", { domain: exchange.request.metadata.domain });
    await change("POST", "/api/admin/reprice", {});
    await change("POST", "/api/admin/project", {});
    await change("POST", "/api/admin/reseal", {});
    const signedIn = await signIn(
      { ...env, ...bindings },
      { key: ADMINISTRATOR_KEY, address: "192.0.2.1" },
      Date.now(),
    );
    expect(signedIn.result).toBe("signed_in");
    for (const cron of ["* * * * *", "41 * * * *", "17 3 * * *"])
      await handleScheduled(
        createScheduledController({ cron, scheduledTime: new Date(Date.now() + 90 * DAY_MS) }),
        { ...env, ...bindings },
        createExecutionContext(),
      );
    for (const path of [
      "/api/requests",
      `/api/requests/${exchange.id}`,
      `/api/requests/${exchange.id}/body`,
      "/api/conversations",
      "/api/overview",
      "/api/errors",
      "/api/search?q=hello",
      "/api/stats",
      "/api/domains",
      "/api/accounts",
      "/api/windows",
      "/api/audit",
      "/api/quality/linking",
    ])
      expect((await call(path, { bindings })).status, path).toBe(200);
    await change("DELETE", "/api/domains/team.example", {});
    const { partitions, versions } = await apiJson<Status>("/api/status", { bindings });
    expect(versions.migrations).toBeGreaterThan(0);
    expect(partitions?.rowsInDefault).toBe(0);
    expect(await missingRights(bindings)).toEqual([]);
    const swapped = await missingRights(asRoles(roles?.reader, roles?.writer));
    expect(swapped).toContain("writer: INSERT on requests");
    expect(swapped).toContain("writer: EXECUTE on ensure_partitions");
    expect(swapped.filter((one) => /reader|audit_log$|DELETE on audit/.test(one))).toEqual([
      "writer: INSERT on audit_log",
    ]);
    expect(Date.parse(partitions!.until)).toBeGreaterThan(Date.now() + 5 * 28 * DAY_MS);
  });

  const FORBIDDEN_TO_BOTH = [
    "CREATE TABLE mine (id int)",
    "ALTER TABLE requests ADD COLUMN mine int",
    "DROP TABLE sessions",
    "TRUNCATE sessions",
    "DROP TABLE requests_default",
    "UPDATE audit_log SET actor = 'nobody'",
    "DELETE FROM audit_log",
    "DELETE FROM drizzle.__drizzle_migrations",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE mine",
    "CREATE SCHEMA mine",
  ];
  it.each([
    ...FORBIDDEN_TO_BOTH.map((statement) => ["writer", statement] as const),
    ...[
      ...FORBIDDEN_TO_BOTH,
      "INSERT INTO audit_log (actor, role, action, target) VALUES ('a', 'b', 'c', 'd')",
      "INSERT INTO domains (name) VALUES ('mine.example')",
      "UPDATE accounts SET credential_type = 'passthrough'",
      "DELETE FROM sessions",
      "SELECT * FROM domains FOR UPDATE",
      "SELECT ensure_partitions(now(), 1)",
    ].map((statement) => ["reader", statement] as const),
  ])("the %s may not: %s", async (role, statement) => {
    await expect(run(roles![role], statement)).rejects.toMatchObject({ code: "42501" });
  });

  it("make partitions with the objects of the owner, whatever the caller's search path holds", async () => {
    await run(roles!.owner, "CREATE SCHEMA evil AUTHORIZATION CURRENT_USER");
    await run(roles!.owner, `GRANT USAGE ON SCHEMA evil TO ${new URL(roles!.writer).username}`);
    await run(
      roles!.owner,
      "CREATE FUNCTION evil.date_trunc(text, timestamp) RETURNS timestamp LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$",
    );
    const made = await withWriter(loadConfig({ ...env, ...asRoles() }), async (db) => {
      await db.$client.query("SELECT 1");
      return db.transaction(async (tx) => {
        await tx.execute("SET LOCAL search_path = evil, pg_catalog, public");
        return tx.execute("SELECT ensure_partitions('2040-01-01', 1) AS made");
      });
    });
    expect(made.rows).toEqual([{ made: 2 }]);
  });
});
