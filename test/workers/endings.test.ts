/** Whatever its ending, an exchange has failed or not by one rule, and every count of a day with all endings says the same. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HOUR_MS as HOUR, MINUTE_MS as MINUTE } from "../../workers/runtime/constants.ts";
import { usageCsv } from "../../dashboard/src/pages/usage/csv.ts";
import { parseUsd } from "../../workers/domain/pricing/usd.ts";
import { loadConfig } from "../../workers/runtime/config.ts";
import type { AlertEvent, AlertTarget } from "../../workers/schemas/alert.ts";
import type {
  DailyUsage,
  DashboardStats,
  DomainTokens,
  HourlyTokens,
  Stats,
} from "../../workers/schemas/api/compat.ts";
import type {
  ConversationDetail,
  ConversationList,
  ConversationTree,
} from "../../workers/schemas/api/conversations.ts";
import type { Errors } from "../../workers/schemas/api/failures.ts";
import type { LiveEvent } from "../../workers/schemas/api/live.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import type { RequestList, RequestRow } from "../../workers/schemas/api/requests.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { withWriter } from "../../workers/store/db/db.ts";
import { recountFailed } from "../../workers/store/usage/rollups.ts";
import { ENDINGS } from "../support/endings.ts";
import { messageRequest } from "../support/exchanges.ts";
import { apiJson } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { storeEndings } from "../support/worker-endings.ts";
import { deliver, journal, messageOf, resetStorage, storedRow } from "../support/worker-ingest.ts";

describe("an exchange that ends as", () => {
  beforeEach(resetStorage);

  it.each(Object.entries(ENDINGS))("%s", async (_, ending) => {
    const [exchange] = await storeEndings([[ending, {}]]);
    const { failed, outcome, status, errorType, costPico } = await storedRow(exchange!.id);
    const cost = costPico === null ? "unpriced" : costPico === 0n ? "free" : "priced";
    expect({ failed, outcome, status, errorType, cost }).toEqual(ending.row);
    const { error } = await apiJson<{ error: string | null }>(`/api/requests/${exchange!.id}`);
    const isStatusAll =
      errorType === null && (!failed || (status ?? 0) >= 400) && outcome !== "upstream_failed";
    expect(error).toEqual(
      isStatusAll ? null : expect.stringMatching(errorType ? /./ : /(broke off|interrupted)/),
    );
    expect(
      ((await apiJson<Errors>("/api/errors?from=2026-01-01")).types[0]?.latest.message ?? null) !== null,
    ).toBe(failed && error !== null);
    const errors = Number(ending.row.failed);
    expect(
      await queryRows("SELECT sum(errors)::int AS errors, outcome FROM rollups GROUP BY outcome"),
    ).toEqual([{ errors, outcome }]);
  });
});

/** By hand, from the table: of all endings, and of those of Messages, which belong to conversations. */
const PER_ROUND = {
  requests: 55,
  failed: 32,
  unpriced: 18,
  messages: 42,
  failedMessages: 26,
  own: 4,
  upstream: 5,
};
/** Three rounds of all endings, the last within the hour of alerts. Each round has a domain, a model and a session of its own. */
const ROUNDS = [
  { domain: "a.example", hoursAgo: 22, model: "claude-opus-5-5" },
  { domain: "b.example", hoursAgo: 9, model: "claude-haiku-4-5" },
  { domain: "a.example", hoursAgo: 0.8, model: "claude-sonnet-5" },
];
const day = (count: number) => count * ROUNDS.length;

describe("every count of a day with all endings agrees:", () => {
  const now = Date.now();
  const from = Math.floor((now - 24 * HOUR) / (5 * MINUTE)) * 5 * MINUTE;
  const period = `from=${encodeURIComponent(new Date(from).toISOString())}&to=${encodeURIComponent(new Date(now).toISOString())}`;
  const sum = <T>(list: readonly T[], value: (one: T) => number) =>
    list.reduce((total, one) => total + value(one), 0);
  const alerts: AlertEvent[] = [];
  const live: RequestRow[] = [];

  beforeAll(async () => {
    await resetStorage();
    const bindings = {
      ALERT_OUTBOX: {
        getByName: () => ({
          raise: (_: AlertTarget, events: AlertEvent[]) => Promise.resolve(void alerts.push(...events)),
        }),
      },
      LIVE_FEED: {
        getByName: () => ({
          publish: (events: LiveEvent[]) =>
            Promise.resolve(
              void live.push(...events.flatMap((one) => (one.event === "exchange.stored" ? [one.data] : []))),
            ),
        }),
      },
    } as unknown as Partial<Env>;
    for (const domain of ["a.example", "b.example"]) {
      const slack = { webhook_url: "https://hooks.slack.com/services/endings/ok" };
      const credential = { type: "api_key", api_key: "k" };
      await apiJson(`/api/domains/${domain}`, {
        method: "PUT",
        body: { accountId: "acc_1", credential, slack },
      });
    }
    for (const [round, { domain, hoursAgo, model }] of ROUNDS.entries())
      await storeEndings(
        Object.values(ENDINGS).map((ending, n) => [
          ending,
          {
            domain,
            startedAt: now - hoursAgo * HOUR + n * 20_000,
            ...(ending.requestBody === undefined && {
              requestBody: messageRequest(`Round ${round}`, { model }),
            }),
            requestMetadata: {
              ...ending.requestMetadata,
              headers: { "x-claude-code-session-id": `0c1d4f5e-6a7b-4c8d-9e0f-00000000000${round}` },
            },
          },
        ]),
        bindings,
      );
  });

  it("rows and rollups", async () => {
    const [rows] = await queryRows<Record<string, unknown>>(
      "SELECT count(*)::int AS requests, count(*) FILTER (WHERE failed)::int AS failed, count(*) FILTER (WHERE failed IS NULL)::int AS unknown FROM requests",
    );
    expect(rows).toEqual({ requests: day(PER_ROUND.requests), failed: day(PER_ROUND.failed), unknown: 0 });
    const [rollups] = await queryRows(
      "SELECT sum(requests)::int AS requests, sum(errors)::int AS errors, sum(unpriced_count)::int AS unpriced FROM rollups",
    );
    expect(rollups).toEqual({
      requests: day(PER_ROUND.requests),
      errors: day(PER_ROUND.failed),
      unpriced: day(PER_ROUND.unpriced),
    });
  });

  it("overview, its series and lists, and the CSV of each", async () => {
    const overview = await apiJson<Overview>(`/api/overview?${period}`);
    const { totals, series, domains, accounts, models, requestTypes } = overview;
    expect(totals).toMatchObject({
      requests: day(PER_ROUND.requests),
      errors: day(PER_ROUND.failed),
      unpricedCount: day(PER_ROUND.unpriced),
    });
    for (const part of [series, domains, accounts, requestTypes])
      expect(sum<{ errors: number }>(part, ({ errors }) => errors)).toBe(day(PER_ROUND.failed));
    // A request counts for each of its models: an advisor's, and the one that served.
    const failedShares = await countShares("failed");
    expect(sum(models, ({ errors }) => errors)).toBe(day(PER_ROUND.failed) + failedShares);
    for (const part of [series, domains, accounts, requestTypes])
      expect(sum<{ unpricedCount: number }>(part, (one) => one.unpricedCount)).toBe(day(PER_ROUND.unpriced));
    expect(domains.map(({ domain, errors }) => [domain, errors])).toEqual([
      ["a.example", 2 * PER_ROUND.failed],
      ["b.example", PER_ROUND.failed],
    ]);
    for (const by of [null, "domain", "account", "model", "type"] as const) {
      const [head, ...lines] = usageCsv(overview, by).trim().split(/\r?\n/);
      const column = head!.split(",").indexOf("errors");
      const isModel = by === "model";
      expect(sum(lines, (line) => Number(line.split(",")[column]))).toBe(
        day(PER_ROUND.failed) + (isModel ? failedShares : 0),
      );
      const unpriced = lines.map((line) => Number(line.split(",").at(-1)));
      // An exchange counts under each of its models: an advisor, and in two rounds the one that served two of them.
      const shared = isModel ? day(1) + 2 * 2 : 0;
      expect(sum(unpriced, (count) => count)).toBe(day(PER_ROUND.unpriced) + shared);
    }
  });

  it("errors, by whatever they are counted", async () => {
    const { total, requests, refusedBy, ...parts } = await apiJson<Errors>(`/api/errors?${period}`);
    expect([total, requests]).toEqual([day(PER_ROUND.failed), day(PER_ROUND.requests)]);
    for (const part of [parts.types, parts.statuses, parts.domains, parts.accounts, parts.series])
      expect(sum<{ count: number }>(part, ({ count }) => count)).toBe(total);
    expect(sum(parts.models, ({ count }) => count)).toBe(total + (await countShares("failed")));
    expect(refusedBy).toEqual({ upstream: day(PER_ROUND.upstream), nexus: day(PER_ROUND.own) });
  });

  it("request list, live feed and latest failures", async () => {
    const list = (query: string) =>
      apiJson<RequestList>(`/api/requests?${period}&offset=0&limit=500${query}`);
    const all = await list("");
    const [failed, others] = [await list("&failed=true"), await list("&failed=false")];
    expect([all, failed, others].map(({ pagination }) => pagination.total)).toEqual([
      day(PER_ROUND.requests),
      day(PER_ROUND.failed),
      day(PER_ROUND.requests - PER_ROUND.failed),
    ]);
    expect(failed.requests.every((row) => row.failed)).toBe(true);
    expect(others.requests.some((row) => row.failed)).toBe(false);
    expect(sum(live, (row) => Number(row.failed))).toBe(day(PER_ROUND.failed));
    const { lastErrors } = await apiJson<Status>("/api/status");
    const newest = failed.requests.slice(0, 20).map(({ requestId }) => requestId);
    expect(lastErrors!.map(({ requestId }) => requestId)).toEqual(newest);
  });

  it("compatibility endpoints", async () => {
    const stats = await apiJson<Stats>(
      `/api/stats?since=${encodeURIComponent(new Date(from).toISOString())}`,
    );
    expect(stats).toMatchObject({
      totalRequests: day(PER_ROUND.requests),
      errorCount: day(PER_ROUND.failed),
      unpricedCount: day(PER_ROUND.unpriced),
    });
    const tokens = Object.values(await apiJson<Record<string, DomainTokens>>("/token-stats"));
    expect(sum(tokens, ({ requestCount }) => requestCount)).toBe(day(PER_ROUND.requests));
    expect(sum(tokens, ({ unpricedCount }) => unpricedCount)).toBe(day(PER_ROUND.unpriced));
    expect(await apiJson<DashboardStats>("/api/dashboard/stats")).toMatchObject({
      totalRequests: day(PER_ROUND.requests),
      unpricedCount: day(PER_ROUND.unpriced),
    });
  });

  it("conversations, their branches, requests and trees", async () => {
    const { conversations } = await apiJson<ConversationList>("/api/conversations?limit=500");
    expect(sum(conversations, ({ messageCount }) => messageCount)).toBe(day(PER_ROUND.messages));
    expect(sum(conversations, ({ errorCount }) => errorCount)).toBe(day(PER_ROUND.failedMessages));
    for (const { conversationId, errorCount } of conversations) {
      const detail = await apiJson<ConversationDetail>(`/api/conversations/${conversationId}?limit=500`);
      const tree = await apiJson<ConversationTree>(`/api/conversations/${conversationId}/tree`);
      expect(sum(detail.branches, (branch) => branch.errorCount)).toBe(errorCount);
      expect(sum(detail.requests, ({ failed }) => Number(failed))).toBe(errorCount);
      expect(sum(tree.nodes, ({ failed }) => Number(failed))).toBe(errorCount);
    }
    const { conversations: marked } = await apiJson<ConversationList>(
      "/api/conversations?limit=500&hasErrors=true",
    );
    expect(sum(marked, ({ errorCount }) => errorCount)).toBe(day(PER_ROUND.failedMessages));
  });

  it("tokens and cost", async () => {
    const list = await apiJson<RequestList>(`/api/requests?${period}&limit=500`);
    const expected = { requests: list.requests.length, ...totalsOf(list.requests) };
    // Each round: an advisor's 100 input tokens, at $5 per million.
    expect(expected.inputTokens).toBeGreaterThan(300);
    const overview = await apiJson<Overview>(`/api/overview?${period}`);
    expect({ requests: overview.totals.requests, ...totalsOf([overview.totals]) }).toEqual(expected);
    const { series, domains, accounts, models, requestTypes } = overview;
    const shares = await countShares("true");
    expect(shares).toBeGreaterThan(day(2));
    for (const part of [series, domains, accounts, models, requestTypes])
      expect({ requests: sum<{ requests: number }>(part, (one) => one.requests), ...totalsOf(part) }).toEqual(
        {
          ...expected,
          // A request counts for each of its models: an advisor's, and the one that served.
          requests: expected.requests + (part === models ? shares : 0),
        },
      );
    // 3 × (100×5 + 20×25) = 3000µ
    expect(models.find(({ model }) => model === "claude-opus-4-7")).toMatchObject({
      requests: 3,
      inputTokens: 300,
      outputTokens: 60,
      costUsd: "0.003",
    });
    expect(models.find(({ model }) => model === "claude-unheard-of")).toMatchObject({
      requests: 3,
      inputTokens: 300,
      outputTokens: 60,
      costUsd: null,
      unpricedCount: 3,
    });
    // 3 × (12×0.80 + 3×4) = 64.8µ, requested of others
    expect(models.find(({ model }) => model === "claude-haiku-3-5")).toMatchObject({
      requests: 3,
      inputTokens: 36,
      costUsd: "0.0000648",
      unpricedCount: 0,
    });
    const perDomain = await Promise.all(
      ["a.example", "b.example"].map((domain) =>
        apiJson<Overview>(`/api/overview?${period}&domain=${domain}`),
      ),
    );
    expect(totalsOf(perDomain.map(({ totals }) => totals))).toEqual(totalsOf(list.requests));
    const perModel = await Promise.all(
      models.map(({ model }) => apiJson<Overview>(`/api/overview?${period}&model=${model}`)),
    );
    // A filter without a value is none, so requests without a model cannot be asked for.
    for (const [n, { model, ...own }] of models.entries()) {
      const { totals, series: points, domains: names } = perModel[n]!;
      if (model === "") continue;
      expect(totals).toMatchObject(own);
      for (const part of [points, names])
        expect([totalsOf(part), sum<{ unpricedCount: number }>(part, (one) => one.unpricedCount)]).toEqual([
          totalsOf([own]),
          own.unpricedCount,
        ]);
    }
    const daily = await apiJson<DailyUsage>("/api/token-usage/daily?accountId=acc_1&days=3&aggregate=false");
    const ofUnheard = daily.usage.filter(({ model }) => model === "claude-unheard-of");
    expect(ofUnheard.every(({ costUsd }) => costUsd === null)).toBe(true);
    expect(sum(ofUnheard, ({ unpricedCount }) => unpricedCount)).toBe(3);

    const stats = await apiJson<Stats>(
      `/api/stats?since=${encodeURIComponent(new Date(from).toISOString())}`,
    );
    expect(totalsOf([prefixed(stats)])).toEqual(totalsOf(list.requests));
    const tokens = Object.values(await apiJson<Record<string, DomainTokens>>("/token-stats"));
    expect(totalsOf(tokens)).toEqual(totalsOf(list.requests));
    const hours = await apiJson<HourlyTokens>("/api/usage/tokens/hourly?days=3");
    expect(totalsOf(Object.values(hours.data).flat())).toEqual(totalsOf(list.requests));
    const { conversations } = await apiJson<ConversationList>("/api/conversations?limit=500");
    const linked = list.requests.filter(({ conversationId }) => conversationId !== null);
    expect(totalsOf(conversations)).toEqual(totalsOf(linked));
    expect(sum(conversations, ({ unpricedCount }) => unpricedCount)).toBe(
      linked.filter(({ costUsd }) => costUsd === null).length,
    );
    for (const { conversationId, unpricedCount } of conversations) {
      const { branches } = await apiJson<ConversationDetail>(`/api/conversations/${conversationId}`);
      expect(sum(branches, (branch) => branch.unpricedCount)).toBe(unpricedCount);
    }
    for (const [by, sums] of [
      ["domain", domains],
      ["model", models],
    ] as const) {
      const [head, ...lines] = usageCsv(overview, by).trim().split(/\r?\n/);
      const column = head!.split(",").indexOf("cost_usd");
      const cost = lines.map((line) => line.split(",")[column]!);
      expect(cost).toEqual(sums.map(({ costUsd }) => costUsd ?? ""));
    }
  });

  it("alerts of the last hour", () => {
    expect(alerts.filter(({ kind }) => kind === "error")).toHaveLength(PER_ROUND.failed);
  });
});

interface Priced {
  inputTokens: number | null;
  outputTokens: number | null;
  cacheReadInputTokens: number | null;
  cacheCreationInputTokens: number | null;
  costUsd: string | null;
}

/** How many models other than the requested ones these requests used. */
async function countShares(where: string): Promise<number> {
  const [row] = await queryRows<{ n: number }>(
    `SELECT coalesce(sum(jsonb_array_length(model_shares)), 0)::int AS n FROM requests WHERE ${where}`,
  );
  return row!.n;
}

/** The sums of their tokens, and of their costs in pico-dollars. */
function totalsOf(list: readonly Priced[]) {
  const sum = (field: Exclude<keyof Priced, "costUsd">) =>
    list.reduce((total, one) => total + (one[field] ?? 0), 0);
  return {
    inputTokens: sum("inputTokens"),
    outputTokens: sum("outputTokens"),
    cacheReadInputTokens: sum("cacheReadInputTokens"),
    cacheCreationInputTokens: sum("cacheCreationInputTokens"),
    pico: list.reduce((total, { costUsd }) => total + parseUsd(costUsd ?? "0"), 0n),
  };
}

const prefixed = (stats: Stats): Priced => ({
  inputTokens: stats.totalInputTokens,
  outputTokens: stats.totalOutputTokens,
  cacheReadInputTokens: stats.totalCacheReadTokens,
  cacheCreationInputTokens: stats.totalCacheCreationTokens,
  costUsd: stats.costUsd,
});

describe("rows that the previous Worker stored, which counted by status and knew no early ends", () => {
  /** What their rows do not tell: the ends of unrecorded responses, and early ends without a missing final usage. */
  const UNKNOWN: Readonly<Record<string, boolean>> = {
    "an unrecorded stream that broke off": false,
    "an unrecorded client that left": true,
    "a stream without message_stop": false,
    "an empty JSON body": false,
    "JSON cut in the middle": false,
    "an empty count of tokens": false,
    "a list of models cut in the middle": false,
    "a completion without a stop reason": false,
    "a redirect": false,
    "a message without content": false,
    "a page in place of a message": false,
    "other JSON in place of a message": false,
    "a list of skills cut in the middle": false,
  };
  const byStatus = "(status IS NULL OR status >= 400)";

  it("are judged by what they know, with their rollups and conversations, once", async () => {
    await resetStorage();
    const made = await storeEndings(Object.values(ENDINGS).map((ending) => [ending, {}]));
    const names = new Map(made.map(({ id }, n) => [id, Object.keys(ENDINGS)[n]!]));
    const unknown = made.filter(({ id }) => names.get(id)! in UNKNOWN).map(({ id }) => id);
    await queryRows("UPDATE requests SET usage_partial = false WHERE id = ANY ($1)", [unknown]);
    await queryRows("UPDATE requests SET failed = NULL");
    await queryRows(
      "UPDATE requests SET outcome = 'complete', error_type = NULL, error_message = NULL WHERE error_type IN ('stream_ended_early', 'unexpected_response')",
    );
    await queryRows(`UPDATE conversations c SET errors =
      (SELECT count(*) FROM requests WHERE conversation_id = c.id AND ${byStatus})`);
    await queryRows("DELETE FROM rollups");
    await queryRows(`INSERT INTO rollups SELECT date_bin('5 minutes', started_at, '2000-01-01Z'), domain_id, account_id, coalesce(model, ''),
        request_type, outcome, count(*), count(*) FILTER (WHERE ${byStatus}), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '{}', '{}'
      FROM requests GROUP BY 1, 2, 3, 4, 5, 6`);

    for (let n = 0; n < 2; n++) {
      await withWriter(loadConfig(env), recountFailed);
      const rows = await queryRows<{ id: string; failed: boolean; error_type: string | null }>(
        "SELECT id, failed, error_type FROM requests",
      );
      expect(Object.fromEntries(rows.map(({ id, failed }) => [names.get(id), failed]))).toEqual(
        Object.fromEntries(
          Object.entries(ENDINGS).map(([name, { row }]) => [name, UNKNOWN[name] ?? row.failed]),
        ),
      );
      const early = rows.flatMap(({ id, error_type }) =>
        error_type === "stream_ended_early" ? [names.get(id)] : [],
      );
      expect(early.sort()).toEqual([
        "a stream that ended within a block",
        "a stream without message_delta",
        "an empty stream",
      ]);
      const counted = `SELECT outcome, count(*) FILTER (WHERE failed)::int AS errors FROM requests GROUP BY 1 ORDER BY 1`;
      expect(
        await queryRows("SELECT outcome, sum(errors)::int AS errors FROM rollups GROUP BY 1 ORDER BY 1"),
      ).toEqual(await queryRows(counted));
      expect(await queryRows("SELECT id, errors FROM conversations ORDER BY id")).toEqual(
        await queryRows(`SELECT conversation_id AS id, count(*) FILTER (WHERE failed)::int AS errors FROM requests
          WHERE conversation_id IS NOT NULL GROUP BY 1 ORDER BY 1`),
      );
    }
  });

  it("are counted right when their response comes before they are counted again", async () => {
    await resetStorage();
    const [exchange] = await storeEndings([[ENDINGS["an interruption before the response"]!, {}]]);
    await queryRows("UPDATE requests SET failed = NULL");
    await journal(exchange!, ["response"]);
    await deliver([messageOf(exchange!)]);
    await withWriter(loadConfig(env), recountFailed);
    expect(await storedRow(exchange!.id)).toMatchObject({ outcome: "complete", failed: false });
    expect(await queryRows("SELECT errors::int, requests::int FROM rollups")).toEqual([
      { errors: 0, requests: 1 },
    ]);
  });
});
