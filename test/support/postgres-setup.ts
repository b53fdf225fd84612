/**
 * Two empty, migrated databases on a real PostgreSQL and a bridge to them, for tests with several sessions. The server is the one of
 * TEST_DATABASE_URL, or Debian's, started for this run; without either, `postgres` is null and the tests are skipped. Runs in Node, once
 * per run.
 */
import { rm } from "node:fs/promises";
import type { TestProject } from "vitest/node";
import { withClient } from "../../scripts/local/database/client.ts";
import { findPostgres, startCluster } from "../../scripts/local/database/debian-postgres.ts";
import { migrate } from "../../scripts/local/database/migrate.ts";
import { grantRoles } from "../../scripts/local/database/roles.ts";
import { startNeonBridge } from "../../scripts/local/database/neon-bridge.ts";
import { temporaryDirectory } from "./local-stack.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Two databases, and the bridge to them; null on a machine without PostgreSQL. */
    postgres: {
      databaseUrls: [string, string];
      neonBridge: string;
      /** A third database by role: the owner of its tables, and those that `npm run migrate` grants privileges. */
      roles: { owner: string; writer: string; reader: string };
    } | null;
    /** First seed of generated conversations: LINKING_SEED, or always the same. */
    firstSeed: number;
    /** Generated sets of conversations that are stored at once, a multiple of two. */
    setsAtOnce: number;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const each of closers.splice(0).reverse()) await each();
  };
  project.provide("firstSeed", Number(process.env.LINKING_SEED ?? 20_261_123));
  project.provide("setsAtOnce", process.env.SOAK ? 100 : 20);
  project.provide("postgres", null);
  try {
    const serverUrl = process.env.TEST_DATABASE_URL ?? (findPostgres() ? await ownServer(closers) : null);
    if (serverUrl === null) return close;
    const first = `nexus_test_${process.pid}_${Date.now()}`;
    const second = `${first}_b`;
    const databaseUrls: [string, string] = [await made(serverUrl, first, closers), ""];
    await migrate(databaseUrls[0]);
    databaseUrls[1] = await made(serverUrl, second, closers, first);
    // Before their database, which is dropped first: it holds their privileges.
    const asWriter = await madeRole(serverUrl, `${first}_writer`, closers);
    const asReader = await madeRole(serverUrl, `${first}_reader`, closers);
    const owner = await made(serverUrl, `${first}_c`, closers, first);
    await grantRoles(owner, { writer: asWriter.username, reader: asReader.username });
    const [writer, reader] = [asWriter, asReader].map((role) => Object.assign(new URL(owner), role).href);
    const bridge = await startNeonBridge({ databaseUrls });
    closers.push(() => bridge.close());
    const roles = { owner, writer: writer ?? "", reader: reader ?? "" };
    project.provide("postgres", { databaseUrls, neonBridge: bridge.address, roles });
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}

async function ownServer(closers: (() => Promise<unknown>)[]): Promise<string> {
  const directory = await temporaryDirectory();
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const cluster = await startCluster(directory, { fsync: "off", synchronous_commit: "off" });
  closers.push(() => cluster.stop());
  return cluster.url;
}

/** Creates a database from a template, dropped at the end; returns its connection string. */
async function made(
  serverUrl: string,
  name: string,
  closers: (() => Promise<unknown>)[],
  template = "template1",
): Promise<string> {
  await statement(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  closers.push(() => statement(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Creates a role that may sign in, dropped at the end. */
async function madeRole(serverUrl: string, username: string, closers: (() => Promise<unknown>)[]) {
  const password = "invented";
  await statement(serverUrl, `CREATE ROLE ${username} LOGIN PASSWORD '${password}'`);
  closers.push(() => statement(serverUrl, `DROP ROLE ${username}`));
  return { username, password };
}

const statement = (url: string, text: string) => withClient(url, (client) => client.query(text));
