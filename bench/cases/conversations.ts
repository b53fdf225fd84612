/** API requests for many and long conversations, on Debian's PostgreSQL. */
import { conversationId, LONG, THOUSANDS, TURNS } from "../database/conversations.ts";
import { withCachedDatabase } from "../database/cached-databases.ts";
import type { Line } from "../lib/table.ts";
import { measureLatency } from "./latency.ts";

const SCREEN_BYTES = 100_000;

export function conversations(): Promise<Line[]> {
  return withCachedDatabase(THOUSANDS, async ({ proxyUrl, dashboardKey }) => {
    const lines: Line[] = [];
    const headers = { "x-dashboard-key": dashboardKey };
    const line = async (what: string, ms: number, paths: string[], bytes?: number) => {
      const urls = paths.map((path) => proxyUrl + path);
      lines.push(...(await measureLatency(what, urls, { headers, ms, bytes })));
    };
    const some = Array.from({ length: 7 }, (_, n) => `/api/conversations/${conversationId(n * 250 + 1)}`);
    const long = `/api/conversations/${conversationId(0)}`;
    await line("list of 2,001 conversations", 20, ["/api/conversations"]);
    await line("list of a domain's conversations", 20, ["/api/conversations?domain=team-2.example"]);
    await line("list of conversations with errors", 20, ["/api/conversations?hasErrors=true"]);
    await line("list of conversations of a rare model", 20, ["/api/conversations?model=rare"]);
    await line("list of conversations that contain a word", 150, ["/api/conversations?search=w9000"]);
    const trees = some.map((one) => `${one}/tree`);
    await line(`tree of ${TURNS} requests`, 30, trees);
    await line(`tree of ${LONG} requests`, 30, [`${long}/tree`]);
    await line(`totals of a conversation of ${TURNS} requests`, 30, some, SCREEN_BYTES);
    const transcripts = some.map((one) => `${one}/messages`);
    await line(`transcript of ${TURNS} turns, first screen`, 30, transcripts, SCREEN_BYTES);
    await line(`transcript of ${LONG} turns, last screen`, 100, [`${long}/messages?cursor=${2 * LONG - 40}`]);
    const search = (...words: string[]) => words.map((q) => `/api/search?q=${encodeURIComponent(q)}`);
    await line("search, rare words", 150, search("w19000", "w18000", "w15000", "w12345"));
    await line("search, two words", 150, search("w100 w2000", "w50 w500", "w1000 w30"));
    await line("search, a phrase", 150, search('"w10 w20"', '"w5 w6"'));
    await line("search, a common word", 150, search("w10", "w25", "w40"));
    await line("search, the commonest word", 150, search("w0"));
    await line("search, the beginning of many words", 150, search("w1"));
    return lines;
  });
}
