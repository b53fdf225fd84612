/** What people wait for in the dashboard: API reads in front of 1,000,000 requests on PostgreSQL as Debian ships it. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLocalWorld, type LocalWorld } from "../../scripts/local/host.ts";
import { migrate } from "../../scripts/local/migrate.ts";
import { withClient } from "../database/client.ts";
import { startCluster } from "../../scripts/local/debian-postgres.ts";
import { ID_FUNCTION, makeMillion, REQUESTS } from "../database/million.ts";
import { startUpstream } from "../stage/driver.ts";
import { median } from "../statistics.ts";
import type { Line } from "../table.ts";
import { converse, stored } from "./conversation.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Asked once before, then this often. */
const TIMES = 21;
const TURNS = 100;

export async function reads(): Promise<Line[]> {
  const schema = migrationsHash();
  const directory = join(tmpdir(), `nexus-bench-postgres-${schema}`);
  // Kept from run to run, because a million rows take minutes to make. Memory as a small server has it.
  const cluster = await startCluster(directory, { shared_buffers: "512MB", max_wal_size: "4GB" });
  const dataDir = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const upstream = await startUpstream();
  let world: LocalWorld | undefined;
  try {
    const marker = join(directory, "filled");
    if (!existsSync(marker)) {
      await migrate(cluster.url);
      await withClient(cluster.url, async (db) => {
        await db.query(ID_FUNCTION);
        await makeMillion(db, Date.now());
      });
      writeFileSync(marker, "");
    }
    world = await createLocalWorld({
      dataDir,
      databaseUrl: cluster.url,
      variables: { CLAUDE_API_BASE_URL: `http://127.0.0.1:${upstream.port}` },
    });
    const { proxyUrl, databaseUrl, dashboardKey } = world;
    const lines: Line[] = [];
    const line = async (what: string, path: string, limitMs: number, limitBytes?: number) => {
      const { ms, bytes } = await asked(`${proxyUrl}${path}`, dashboardKey);
      if (Number.isNaN(ms)) return; // a route that does not exist yet
      lines.push({ what, unit: "ms p50", nexus: ms, goal: `≤ ${limitMs} ms`, isMet: ms <= limitMs });
      if (limitBytes !== undefined)
        lines.push({
          what,
          unit: "KB",
          nexus: bytes / 1000,
          goal: `≤ ${limitBytes / 1000} KB`,
          isMet: bytes <= limitBytes,
        });
    };
    const count = REQUESTS.toLocaleString("en");
    await line(`overview at ${count} requests`, "/api/overview", 50);
    await line("list of requests, newest", "/api/requests?limit=50", 20);
    await line("list of a domain's requests", "/api/requests?limit=50&domain=team-3.example", 20);
    await line("list of failed requests", "/api/requests?limit=50&status=4xx", 20);
    await line("list of conversations", "/api/conversations?limit=50", 20);
    const session = await converse(proxyUrl, { turns: TURNS, bytes: 4_000 });
    await stored(databaseUrl, session, TURNS);
    const id = await conversationOf(databaseUrl, session);
    if (id)
      await line(`first screen of a conversation of ${TURNS} turns`, `/api/conversations/${id}`, 30, 100_000);
    return lines;
  } finally {
    await world?.stop({ finish: false });
    upstream.child.disconnect();
    await cluster.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function asked(url: string, key: string): Promise<{ ms: number; bytes: number }> {
  const times: number[] = [];
  let bytes = 0;
  for (let time = 0; time <= TIMES; time++) {
    const started = performance.now();
    const response = await fetch(url, { headers: { "x-dashboard-key": key } });
    const body = await response.arrayBuffer();
    if (time > 0) times.push(performance.now() - started);
    if (response.status === 404) return { ms: NaN, bytes: NaN };
    if (!response.ok)
      throw new Error(`${url}: ${response.status} ${new TextDecoder().decode(body).slice(0, 200)}`);
    bytes = body.byteLength;
  }
  return { ms: median(times), bytes };
}

function conversationOf(databaseUrl: string, session: string): Promise<string | null> {
  return withClient(databaseUrl, async (db) => {
    const { rows } = await db.query<{ id: string | null }>(
      "SELECT conversation_id AS id FROM requests WHERE session_id = $1 LIMIT 1",
      [session],
    );
    return rows[0]?.id ?? null;
  });
}

/** Another schema is another database: the directory's name says which it is. */
function migrationsHash(): string {
  const directory = join(ROOT, "drizzle/migrations");
  const hash = createHash("sha256");
  for (const file of readdirSync(directory).sort())
    if (file.endsWith(".sql")) hash.update(readFileSync(join(directory, file)));
  return hash
    .update(readFileSync(join(ROOT, "bench/database/million.ts")))
    .digest("hex")
    .slice(0, 12);
}
