/** API reads of the dashboard with 1,000,000 requests, on Debian's PostgreSQL. */
import { withCachedDatabase } from "../database/cached-databases.ts";
import { MILLION, REQUESTS } from "../database/million.ts";
import type { Line } from "../lib/table.ts";
import { measureLatency } from "./latency.ts";
import { sendConversation, conversationOf, untilStored } from "./conversation.ts";

const TURNS = 100;
const SCREEN_BYTES = 100_000;

export function reads(): Promise<Line[]> {
  return withCachedDatabase(MILLION, async ({ proxyUrl, databaseUrl, dashboardKey }) => {
    const lines: Line[] = [];
    const line = async (what: string, path: string, ms: number, bytes?: number) => {
      const headers = { "x-dashboard-key": dashboardKey };
      lines.push(...(await measureLatency(what, [proxyUrl + path], { headers, ms, bytes })));
    };
    const count = REQUESTS.toLocaleString("en");
    await line(`overview at ${count} requests`, "/api/overview", 50);
    await line("list of requests, newest", "/api/requests?limit=50", 20);
    await line("list of a domain's requests", "/api/requests?limit=50&domain=team-3.example", 20);
    await line("list of failed requests", "/api/requests?limit=50&status=4xx", 20);
    await line("list of conversations, newest", "/api/conversations?limit=50", 20);
    const session = await sendConversation(proxyUrl, { turns: TURNS, bytes: 4_000 });
    await untilStored(databaseUrl, session, TURNS);
    const path = `/api/conversations/${await conversationOf(databaseUrl, session)}`;
    const screen = `first screen of a conversation of ${TURNS} turns`;
    await line(`${screen}: totals`, path, 30, SCREEN_BYTES);
    await line(`${screen}: messages`, `${path}/messages`, 30, SCREEN_BYTES);
    return lines;
  });
}
