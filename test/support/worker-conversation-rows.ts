/** Inserts rows of conversations as ingest and linking leave them, for tests of their readers. */
import { env } from "cloudflare:workers";
import { domains, requests } from "../../drizzle/schema.ts";
import { newExchangeId } from "../../workers/domain/exchange-id.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import { withWriter } from "../../workers/store/db/db.ts";

export type RowOptions = Partial<Omit<typeof requests.$inferInsert, "startedAt" | "conversationId">> & {
  /** Epoch milliseconds. */
  startedAt: number;
  conversationId: string | null;
};

/** Inserts one row of `requests` in the domain "team.example", which opens its branch by default, and returns its id. */
export async function insertRow({ startedAt, conversationId, ...columns }: RowOptions): Promise<string> {
  const id = columns.id ?? newExchangeId(startedAt, crypto.getRandomValues(new Uint8Array(10)));
  const name = "team.example";
  const {
    inputTokens = 10,
    cacheReadInputTokens = 0,
    cacheCreationInputTokens = 0,
    outputTokens = 5,
  } = columns;
  const tokens = [inputTokens, cacheReadInputTokens, cacheCreationInputTokens, outputTokens].reduce<number>(
    (sum, count) => sum + (count ?? 0),
    0,
  );
  await withWriter(loadConfig(env), async (db) => {
    const upsert = db.insert(domains).values({ name });
    const [domain] = await upsert.onConflictDoUpdate({ target: domains.name, set: { name } }).returning();
    await db.insert(requests).values({
      id,
      startedAt: new Date(startedAt),
      domainId: domain!.id,
      accountId: "acc_1",
      credentialType: "api_key",
      method: "POST",
      path: "/v1/messages",
      query: "",
      endpoint: "messages",
      requestType: "inference",
      model: "claude-opus-5-5",
      stream: true,
      status: 200,
      outcome: columns.status === null ? "client_gone" : "complete",
      inputTokens: 10,
      outputTokens: 5,
      cacheReadInputTokens: 0,
      cacheCreationInputTokens: 0,
      contextTokens: columns.inputTokens === null ? null : tokens,
      durationMs: 1_000,
      bodyKind: "none",
      bodyBytes: 0,
      responseBytes: 0,
      messageCount: 1,
      ...(conversationId === null
        ? { linkKind: "aux" }
        : { conversationId, branchId: "main", branchKey: id, linkKind: "turn" }),
      linkedBy: "ids",
      linkConfidence: "certain",
      ...columns,
    });
  });
  return id;
}
