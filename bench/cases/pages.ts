/** Time to the first byte of dashboard pages with a session: out of workerd, through the service binding. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDemo } from "../../scripts/local/demo/demo.ts";
import { signIn } from "../../scripts/lib/sign-in.ts";
import type { LocalStack } from "../../scripts/local/local-stack.ts";
import { withClient } from "../../scripts/local/database/client.ts";
import { withCachedDatabase } from "../database/cached-databases.ts";
import { MILLION, REQUESTS } from "../database/million.ts";
import type { Line } from "../lib/table.ts";
import { measureLatency } from "./latency.ts";
import { sendConversation, conversationOf, untilStored } from "./conversation.ts";

const GOAL_MS = { demo: 60, million: 120 };
const TURNS = 100;

/** With the demo's traffic, in the embedded PostgreSQL. */
export async function pagesOfDemo(): Promise<Line[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "nexus-bench-"));
  const demo = await startDemo({ stack: { dataDir }, live: false, print: () => {} });
  try {
    await demo.played;
    const { conversation, request } = await withClient(demo.stack.databaseUrl, async (db) => {
      const { rows } = await db.query<{ conversation: string; request: string }>(
        "SELECT id AS conversation, latest_request_id AS request FROM conversations ORDER BY requests DESC LIMIT 1",
      );
      return rows[0] ?? { conversation: "", request: "" };
    });
    return await pages(demo.stack, "demo", { conversation, request });
  } finally {
    await demo.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** With 1,000,000 requests. */
export function pagesOfMillion(): Promise<Line[]> {
  return withCachedDatabase(MILLION, async (stack) => {
    const { proxyUrl, databaseUrl } = stack;
    const session = await sendConversation(proxyUrl, { turns: TURNS, bytes: 4_000 });
    await untilStored(databaseUrl, session, TURNS);
    const conversation = await conversationOf(databaseUrl, session);
    const request = await withClient(databaseUrl, async (db) => {
      const sql = "SELECT latest_request_id AS id FROM conversations WHERE id = $1";
      return (await db.query<{ id: string }>(sql, [conversation])).rows[0]?.id ?? "";
    });
    return pages(stack, "million", { conversation, request });
  });
}

async function pages(
  { dashboardUrl, dashboardKey }: LocalStack,
  data: keyof typeof GOAL_MS,
  { conversation, request }: { conversation: string; request: string },
): Promise<Line[]> {
  const headers = { cookie: await signIn(dashboardUrl, dashboardKey), accept: "text/html" };
  const html = async (path: string) => (await fetch(dashboardUrl + path, { headers })).text();
  // Pages linked by the navigation, then pages of one conversation, request, domain and account.
  const listed = links(await html("/"), "/").filter((path) => /^\/[a-z-]*$/.test(path));
  const domain = links(await html("/domains"), "/domains/")[0];
  const account = links(await html("/usage"), "/usage?").find((path) => path.includes("accountId="));
  const single = [
    `/conversations/${conversation}`,
    `/conversations/${conversation}?view=tree`,
    `/requests/${request}`,
    `/requests/${request}?tab=raw`,
    ...[domain, account].filter((path) => path !== undefined),
  ];
  const size = data === "demo" ? "the demo's traffic" : `${REQUESTS.toLocaleString("en")} requests`;
  const lines: Line[] = [];
  for (const path of [...new Set([...listed, ...single])]) {
    const name = path.replace(conversation, ":id").replace(request, ":id");
    const what = `page ${name.replace(/=[^&]{20,}/, "=…")}, ${size}, first byte`;
    const goal = { headers, ms: GOAL_MS[data], until: "headers" } as const;
    lines.push(...(await measureLatency(what, [dashboardUrl + path], goal)));
  }
  return lines;
}

/** Addresses on a page that begin with `prefix`, in order. */
function links(html: string, prefix: string): string[] {
  const found = [...html.matchAll(/href="([^"]*)"/g)].map(([, address]) =>
    (address ?? "").replaceAll("&amp;", "&"),
  );
  return [...new Set(found.filter((address) => address.startsWith(prefix)))];
}
