/**
 * Makes test/fixtures/versions/<version>/, what a version leaves: its data directory after some recorded exchanges, and its rows as SQL.
 * Run once for each released version, with its code: `npm run record:version`. Later versions open both
 * (test/e2e/versions.test.ts).
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { constants, zstdCompressSync } from "node:zlib";
import { withClient } from "../scripts/local/database/client.ts";
import { FAKE_GEMINI_KEY, startFakeGemini } from "../scripts/local/fake-gemini.ts";
import { VERSION } from "../workers/runtime/constants.ts";
import type { AnalysisView } from "../workers/schemas/api/analyses.ts";
import type { ConversationList } from "../workers/schemas/api/conversations.ts";
import type { RequestDetail } from "../workers/schemas/api/requests.ts";
import { apiJson } from "./support/api-calls.ts";
import { startClaudeStack, temporaryDirectory } from "./support/local-stack.ts";
import { loadRecordings, replay } from "./support/recordings.ts";
import {
  clientHeaders,
  dumpOf,
  packed,
  VERSION_DOMAINS,
  VERSION_SECRETS,
  type VersionState,
} from "./support/version-fixture.ts";

/** Repeats `check` until it returns something truthy. */
async function waitUntil<T>(check: () => Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const found = await check();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const directory = join(import.meta.dirname, "fixtures/versions", `v${VERSION}`);
const dataDir = await temporaryDirectory();
writeFileSync(join(dataDir, "secrets.json"), JSON.stringify(VERSION_SECRETS));
const gemini = await startFakeGemini();
const stack = await startClaudeStack({
  dataDir,
  variables: { GEMINI_API_KEY: FAKE_GEMINI_KEY, GEMINI_API_URL: gemini.url },
});
const recordings = loadRecordings();
const state: VersionState = {
  keys: {},
  ids: {},
  conversations: [],
  costs: {},
  analysis: { conversationId: "", summary: "", costUsd: null },
};
for (const { domain, credential, files } of VERSION_DOMAINS) {
  const body = { accountId: `acc_${domain.split(".")[0]}`, credential, analysisEnabled: true };
  await apiJson(stack, `/api/domains/${domain}`, { method: "PUT", body });
  const { key } = await apiJson<{ key: string }>(stack, `/api/domains/${domain}/client-keys`, {
    method: "POST",
    body: { name: "laptop" },
  });
  const chosen = files.flatMap(({ file, from = 0, to = Infinity }) =>
    recordings.filter((one) => one.file === file && one.seq >= from && one.seq < to),
  );
  const headers = { host: domain, ...clientHeaders(key, credential) };
  state.keys[domain] = key;
  const { differences, ids } = await replay(chosen, { proxyUrl: stack.proxyUrl, headers }, stack.claude);
  if (differences.length > 0) throw new Error(differences.join("\n"));
  for (const { key: recording, requestId } of ids) state.ids[recording] = requestId!;
}
const sent = Object.keys(state.ids).length;
await waitUntil(async () => {
  const { pagination } = await apiJson<{ pagination: { total: number } }>(
    stack,
    "/api/requests?limit=1&offset=0",
  );
  return pagination.total === sent;
});
const { conversations } = await apiJson<ConversationList>(stack, "/api/conversations");
state.conversations = conversations.map(
  ({ conversationId, messageCount, branchCount, totalTokens, title }) => ({
    conversationId,
    messageCount,
    branchCount,
    totalTokens,
    title,
  }),
);
for (const [recording, id] of Object.entries(state.ids))
  state.costs[recording] = (await apiJson<RequestDetail>(stack, `/api/requests/${id}`)).costUsd;
const { conversationId } = conversations[0]!;
await apiJson(stack, "/api/analyses", { method: "POST", body: { conversationId } });
const analysis = await waitUntil(async () => {
  const view = await apiJson<AnalysisView>(stack, `/api/analyses/${conversationId}/main`);
  return view.status === "completed" ? view : undefined;
});
state.analysis = { conversationId, summary: analysis.data!.summary, costUsd: analysis.costUsd };
await stack.runCron("* * * * *");
const sql = await withClient(stack.databaseUrl, dumpOf);
await stack.stop({ finish: true });
await gemini.stop();

mkdirSync(directory, { recursive: true });
const files = globSync("**/*", { cwd: dataDir, withFileTypes: true })
  .filter(({ name }) => !/^(?:lock|postmaster\.pid|workerd\.pid)$/.test(name))
  .map((entry) => {
    const path = relative(dataDir, join(entry.parentPath, entry.name));
    // Postgres needs its empty directories.
    return { path, bytes: entry.isFile() ? readFileSync(join(dataDir, path)) : null };
  });
// The template databases repeat each other some megabytes apart.
const params = { [constants.ZSTD_c_compressionLevel]: 19, [constants.ZSTD_c_windowLog]: 27 };
writeFileSync(join(directory, "data.zst"), zstdCompressSync(packed(files), { params }));
writeFileSync(join(directory, "state.json"), `${JSON.stringify(state, null, 2)}\n`);
writeFileSync(join(directory, "rows.sql.zst"), zstdCompressSync(Buffer.from(sql), { params }));
rmSync(dataDir, { recursive: true });
console.log(`${sent} exchanges, ${files.length} files`);
process.exit(0);
