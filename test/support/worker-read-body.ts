/**
 * Reads one recorded body as ingest does, in a process of its own with a limited heap (test/integration/memory-limit.test.ts). Arguments:
 * the part, the file with the body, its metadata, options of reading. Prints what was read, and the memory that it took.
 */
import { readFileSync } from "node:fs";
import { PREFIX_CACHE_BYTES } from "../../workers/runtime/constants.ts";
import { PrefixCache } from "../../workers/domain/content/prefix-cache.ts";
import { exchangeRow } from "../../workers/ingest/rows/exchange-row.ts";
import { makeExchange } from "./exchanges.ts";

const [part, file = "", metadata = "{}", options = "{}"] = process.argv.slice(2);
const body = new Uint8Array(readFileSync(file));
const { id, request, response } = makeExchange({
  [`${part}Body`]: body,
  [`${part}Metadata`]: JSON.parse(metadata) as object,
});
const before = process.memoryUsage.rss();
const cache = new PrefixCache(PREFIX_CACHE_BYTES);
const row = exchangeRow(
  { id, request: null, response: null },
  { request, response },
  { cache, ...(JSON.parse(options) as object) },
);
const { columns, body: stored } = row!.request!;
const usedMB = (process.resourceUsage().maxRSS * 1_024 - before) / 1_048_576;
console.log(
  JSON.stringify({
    usedMB,
    unread: columns.unread ?? row!.response!.unread,
    model: columns.model,
    isMasked: columns.bodyMasked,
    kind: columns.bodyKind,
    isKept: part === "request" ? stored !== null : row!.response!.body?.length === body.length,
    outcome: row!.response!.columns.outcome,
    outputTokens: row!.response!.columns.usage?.["output_tokens"],
  }),
);
