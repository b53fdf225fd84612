/** What the pages of sums say, by hand-written texts: overview, usage, an account's windows, errors. */
import { describe, expect, it } from "vitest";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import type { FilterOptions } from "../../workers/schemas/api/filter-options.ts";
import type { RequestList } from "../../workers/schemas/api/requests.ts";
import type { Errors } from "../../workers/schemas/api/failures.ts";
import type { WindowDetail, WindowList, WindowView } from "../../workers/schemas/api/windows.ts";
import { openPage, stopClock } from "../../test/support/dashboard-pages.ts";
import { recordedBody } from "../../test/support/replayed-api.ts";

const NOW = "2026-11-30T12:40:00.000Z";
const ago = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();

stopClock(NOW);

async function visit(path: string, overrides: Record<string, unknown>) {
  return (await openPage(path, { overrides, allowsUnknown: true })).texts;
}

type Totals = Overview["previous"];
const totals = (change: Partial<Totals>): Totals => ({
  requests: 0,
  errors: 0,
  inputTokens: 0,
  outputTokens: 0,
  totalTokens: 0,
  cacheReadInputTokens: 0,
  cacheCreationInputTokens: 0,
  thinkingTokens: 0,
  toolCallCount: 0,
  cacheHitShare: null,
  costUsd: "0",
  unpricedCount: 0,
  ...change,
});
const DAY = { requests: 1_284, errors: 5, inputTokens: 12_345, outputTokens: 31_420, cacheReadInputTokens: 999_950, cacheCreationInputTokens: 500, cacheHitShare: 0.9134, costUsd: "41.205", unpricedCount: 2 }; // prettier-ignore
const PREVIOUS = { requests: 1_146, errors: 1, cacheHitShare: 0.8921, costUsd: "42.5" };

/** Three hours, the second without requests; seven domains. */
const overview: Overview = {
  ...recordedBody<Overview>("/api/overview"),
  totals: {
    ...recordedBody<Overview>("/api/overview").totals,
    ...totals(DAY),
    firstByteP50Ms: 912.4,
  },
  previous: totals(PREVIOUS),
  bucketMs: 3_600_000,
  series: [
    totals({ requests: 1, inputTokens: 10, outputTokens: 30, costUsd: "0.00618" }),
    totals({}),
    totals({ requests: 1_283, cacheReadInputTokens: 60, cacheCreationInputTokens: 100, costUsd: null }),
  ].map((hour, n) => ({ ...hour, time: `2026-11-30T${10 + n}:00:00.000Z`, firstByteP50Ms: null })),
  domains: [600, 200, 100, 50, 30, 15, 4, 1].map((inputTokens, n) => ({
    domain: `d${n + 1}.example`,
    ...totals({ requests: n + 1, inputTokens, costUsd: n === 1 ? null : `0.${n}` }),
  })),
  accounts: [{ accountId: "acc_one", ...totals({ requests: 1, inputTokens: 5 }) }],
  models: [
    { model: "claude-haiku-4-5-20251001", ...totals({ requests: 3, outputTokens: 1, cacheHitShare: 0.5 }) },
    { model: "", ...totals({ requests: 1, outputTokens: 3, costUsd: null }) },
  ],
  requestTypes: [{ requestType: "query_evaluation", ...totals({ requests: 2, inputTokens: 7 }) }],
  inFlight: {
    count: 3,
    newest: [
      {
        requestId: "one",
        accountId: null,
        model: "claude-opus-5-5",
        domain: "a.example",
        startedAt: ago(0.2),
      },
    ],
  },
};

describe("the overview", () => {
  it("compares the period with the previous one, exact values on hover", async () => {
    const page = await visit("/", { "GET /api/overview": overview });
    const compared = "{Compared with the previous period}";
    expect(page("#live-stats .stat-card")).toEqual([
      `Requests 1,284 {1,284} +12% ${compared}`,
      `Cost $41.21 {$41.205} −3% ${compared} + 2 unpriced requests {They have no price and are not included in the cost.}`,
      `Cache hit rate 91% {999,950 prompt tokens read from the cache} +2.1 pp ${compared}`,
      `Error rate 0.4% {5 of 1,284 requests} +0.3 pp ${compared}`,
      "Time to first byte 912 ms {Median time to the upstream's response headers}",
    ]);
  });

  it("draws the values of each bucket in the viewer's zone; a gap has no cost, an unknown price is not $0", async () => {
    const page = await visit("/", { "GET /api/overview": overview });
    expect(page("#live-chart h2")).toEqual(["Tokens per hour 1.04M total"]);
    expect(page("#live-chart .axis-y span")).toEqual(["200", "150", "100", "50", "0"]);
    expect(page("#live-chart .axis-x span")).toEqual(["15:30", "16:30", "17:30"]);
    expect(page("#live-chart .bar")).toEqual([
      "2026-11-30 15:30:00 GMT+5:30 1 request, $0.0062 Input tokens: 10 Output tokens: 30",
      "2026-11-30 16:30:00 GMT+5:30 0 requests, –",
      "2026-11-30 17:30:00 GMT+5:30 1,283 requests, unpriced Cache read: 60 Cache write: 100",
    ]);
    expect(page("#live-chart .chart-table tr")).toEqual([
      "Start | Requests | Input tokens | Cache read | Cache write | Output tokens | Cost",
      "2026-11-30 15:30:00 GMT+5:30 | 1 | 10 | 0 | 0 | 30 | $0.0062",
      "2026-11-30 16:30:00 GMT+5:30 | 0 | 0 | 0 | 0 | 0 | –",
      "2026-11-30 17:30:00 GMT+5:30 | 1,283 | 0 | 60 | 100 | 0 | unpriced",
    ]);
  });

  it("lists the six most expensive names with their share of the cost, and the others together", async () => {
    const page = await visit("/", { "GET /api/overview": overview });
    expect(page("#live-top-lists li")).toEqual([
      "d8.example 1 {1 token, 8 requests} 26% $0.7000",
      "d7.example 4 {4 tokens, 7 requests} 22% $0.6000",
      "d6.example 15 {15 tokens, 6 requests} 19% $0.5000",
      "d5.example 30 {30 tokens, 5 requests} 15% $0.4000",
      "d4.example 50 {50 tokens, 4 requests} 11% $0.3000",
      "d3.example 100 {100 tokens, 3 requests} 7.4% $0.2000",
      "(none) 3 {3 tokens, 1 request} – unpriced",
      "haiku-4-5 1 {1 token, 3 requests} – $0.00",
    ]);
    expect(page("#live-top-lists .card-foot")).toEqual(["and 2 more (800 tokens)"]);
  });

  it("shows what is in progress and what ended last", async () => {
    const [row] = recordedBody<RequestList>("/api/requests?limit=8").requests;
    const page = await visit("/", {
      "GET /api/overview": overview,
      "GET /api/requests": {
        requests: [
          { ...row!, timestamp: ago(5), durationMs: 4_230, costUsd: "0.25", domain: "a.example" },
          {
            ...row!,
            timestamp: ago(1_500),
            responseStatus: 529,
            failed: true,
            error: "Overloaded",
            errorType: "overloaded_error",
            model: null,
            requestType: "quota",
            durationMs: null,
            costUsd: null,
          },
        ],
        nextCursor: null,
      },
    });
    expect(page(".now h2")).toEqual(["Latest requests 3 in progress All requests"]);
    expect(page(".now li")).toEqual([
      "opus-5-5 {claude-opus-5-5} a.example started 12 s ago {2026-11-30 18:09:48 GMT+5:30}",
      "5 m ago {2026-11-30 18:05:00 GMT+5:30} 200 {Completed.} opus-5-5 {claude-opus-5-5} a.example 4.2 s $0.2500 {$0.25}",
      "1 d ago {2026-11-29 17:10:00 GMT+5:30} 529 overloaded {Overloaded} quota {quota} 127.0.0.1 – unpriced {no price known}",
    ]);
  });

  it("offers the recorded domains, accounts, models and periods as filters", async () => {
    const page = await visit("/", {
      "GET /api/overview": overview,
      "GET /api/choices": {
        ...recordedBody<FilterOptions>("/api/choices"),
        domains: ["a.example"],
        accounts: ["acc_one", "acc_two"],
        models: ["claude-haiku-4-5-20251001"],
      },
    });
    expect(page("select option")).toEqual(
      ["All domains", "a.example", "All accounts", "acc_one", "acc_two", "All models", "haiku-4-5"].concat([
        "Last hour",
        "Last 24 hours",
        "Last 7 days",
        "Last 30 days",
      ]),
    );
  });
});

/** Cost of each of the three hours: eight domains, and all others. */
const costByDomain: Overview["costByDomain"] = [
  ...["0.9", "0.8", "0.7", "0.6", "0.5", "0.4", "0.3"].map((costUsd, n) => ({
    domain: `d${n}.example`,
    hours: ["0", costUsd, n === 0 ? "1.005" : "0"],
  })),
  { domain: null, hours: ["0", null, "0"] },
].map(({ domain, hours }) => ({
  domain,
  costUsd: hours[1]!,
  unpricedCount: 0,
  series: hours,
}));

describe("usage", () => {
  it("has a row for each domain, account, model and type, the most expensive first; what has no name is no link", async () => {
    const page = await visit("/usage", { "GET /api/overview": overview });
    const head =
      "Requests | Input tokens | Cache read | Cache write | Output tokens | Cache hit rate | Cost | Share of cost";
    const unpriced = "unpriced {no price known}";
    expect(page("table.usage a")).not.toContain("(none)");
    const rows = page("table.usage tr");
    expect(rows.slice(0, 3)).toEqual([
      `Domain | ${head}`,
      "d8.example | 8 | 1 {1} | 0 {0} | 0 {0} | 0 {0} | – | $0.7000 {$0.7} | 26%",
      "d7.example | 7 | 4 {4} | 0 {0} | 0 {0} | 0 {0} | – | $0.6000 {$0.6} | 22%",
    ]);
    expect(rows.slice(9)).toEqual([
      `Account | ${head}`,
      "acc_one | 1 | 5 {5} | 0 {0} | 0 {0} | 0 {0} | – | $0.00 {$0} | –",
      `Model | ${head}`,
      `(none) | 1 | 0 {0} | 0 {0} | 0 {0} | 3 {3} | – | ${unpriced} | –`,
      "claude-haiku-4-5-20251001 | 3 | 0 {0} | 0 {0} | 0 {0} | 1 {1} | 50% | $0.00 {$0} | –",
      `Type | ${head}`,
      "query_evaluation | 2 | 7 {7} | 0 {0} | 0 {0} | 0 {0} | – | $0.00 {$0} | –",
    ]);
  });

  it("marks sums that leave requests without a price out, and shows a model that served parts of requests only", async () => {
    const part = { ...overview.models[0]!, model: "claude-opus-9", requests: 0, inputTokens: 9, costUsd: "1.5", unpricedCount: 2 }; // prettier-ignore
    const totals = { ...overview.totals, requests: 0, inputTokens: 9 };
    const page = await visit("/usage", { "GET /api/overview": { ...overview, totals, models: [part] } });
    expect(page("table.usage tr").join("\n")).toContain("| $1.50 {$1.5} + {2 requests unpriced} |");
  });

  it("draws the cost per hour of each domain, exact in table and hover", async () => {
    const page = await visit("/usage", { "GET /api/overview": { ...overview, costByDomain } });
    expect(page("main h2")).toContain("Cost per hour by domain $41.21+ total");
    const small = "d1.example: $0.8000 d2.example: $0.7000 d3.example: $0.6000 d4.example: $0.5000";
    expect(page("figure.chart .bar").slice(-2)).toEqual([
      `2026-11-30 16:30:00 GMT+5:30 d0.example: $0.9000 ${small} d5.example: $0.4000 d6.example: $0.3000`,
      "2026-11-30 17:30:00 GMT+5:30 d0.example: $1.01",
    ]);
    expect(page("figure.chart tr").slice(-2)).toEqual([
      "2026-11-30 16:30:00 GMT+5:30 | $0.9000 | $0.8000 | $0.7000 | $0.6000 | $0.5000 | $0.4000 | $0.3000 | unpriced",
      "2026-11-30 17:30:00 GMT+5:30 | $1.01 | $0.00 | $0.00 | $0.00 | $0.00 | $0.00 | $0.00 | $0.00",
    ]);
  });

  it("requests hours and days of the viewer's zone, and takes local times of the address as its own", async () => {
    const path = "/usage?from=2026-11-29T00:00&to=2026-11-30T00:00";
    const { api } = await openPage(path, { overrides: { "GET /api/overview": overview } });
    expect(api.requested).toContain(
      "GET /api/overview?from=2026-11-28T18%3A30%3A00.000Z&to=2026-11-29T18%3A30%3A00.000Z&timeZone=Asia%2FKolkata&seriesBy=domain",
    );
  });
});

const unified = { window: "5h", utilization: 0.68, status: "allowed", resetsAt: ago(-130), surpassedThreshold: null, isBinding: true, hasEnded: false, perHour: 0.1, fullAt: null, reportedAt: ago(1), fields: {}, history: [] }; // prettier-ignore
/** Fullest second. */
const windows: WindowView[] = recordedBody<WindowList>("/api/windows")
  .windows.slice(0, 3)
  .map((window, n) => ({
    ...window,
    accountId: ["acc_key", "acc_busy", "acc_calm"][n]!,
    totals: { ...window.totals, requests: [0, 1, 12][n]!, outputTokens: 31_420, costUsd: null },
    percentageUsed: n === 2 ? 40 : null,
    unified: [
      [],
      [
        { ...unified, utilization: 0.97, status: "allowed_warning", fullAt: ago(-14) },
        { ...unified, window: "7d_opus", utilization: 1.02, resetsAt: ago(-2_880) },
      ],
      [unified, { ...unified, window: "7d", hasEnded: true, resetsAt: ago(5) }],
    ][n]!,
  }));

it("usage windows show what is used, when it resets and the forecast, the fullest account first", async () => {
  const page = await visit("/usage", { "GET /api/windows": { windows } });
  expect(page(".window-list .window-account")).toEqual([
    "acc_busy Last 5 h: 1 request, 31.4k output tokens, unpriced",
    "acc_calm Last 5 h: 12 requests, 31.4k output tokens, unpriced",
    "acc_key Last 5 h: 0 requests, 31.4k output tokens, $0.00",
  ]);
  // The first sentence of each is the text alternative of its bar.
  expect(page(".window-rows li")).toEqual([
    "5 h 97% used. At this pace, full in 14 m. 97% resets in 2 h 10 m At this pace, full in 14 m.",
    "7 d opus 102% used. Limit reached. 102% resets in 2 d Limit reached.",
    "5 h 68% used. At this pace, 90% when it resets. 68% resets in 2 h 10 m",
    "7 d 0% used 0% reset 5 m ago",
    "Custom limit 40% used 40% rolling 5 h",
  ]);
  expect(page(".window-none")).toEqual(["No usage windows reported. API keys have none."]);
});

it("usage windows of one account list its sessions, domains, models and rate limits", async () => {
  const recorded = recordedBody<WindowDetail>("/api/windows/acc_checkout?historyHours=24");
  const row = { ...recorded.sessions[0]!, requests: 36, outputTokens: 31_420, costUsd: "0.0829988" };
  const [limit] = recorded.classic;
  const page = await visit("/usage?accountId=acc_checkout", {
    "GET /api/windows/acc_checkout": {
      ...recorded,
      windowStart: ago(300),
      // The window from 10:20Z to 15:20Z, of which nothing was reported for 55 minutes.
      usageFrom: ago(140),
      reportedAt: ago(1),
      unified: [{ ...unified, reportedAt: ago(55), resetsAt: ago(-160) }],
      sessions: [
        { ...row, sessionId: "7c34705d-032e-49cf-a883-eab1b5e71be7", shareOfCost: 0.8 },
        { ...row, sessionId: null, requests: 0, outputTokens: 0, costUsd: null, shareOfCost: 0.2 },
      ],
      domains: [{ ...row, domain: "a.example", shareOfCost: 1 }],
      models: [{ ...row, model: "claude-haiku-4-5-20251001", costUsd: null, shareOfCost: 0 }],
      classic: [
          { ...limit!, kind: "input-tokens", limit: 2_000_000, remaining: 500_000, utilization: 0.75, resetsAt: ago(-1), reportedAt: ago(1) },
        ], // prettier-ignore
    } satisfies WindowDetail,
  });
  expect(page("#live-account h2")).toEqual(["Usage windows of acc_checkout"]);
  expect(page("#live-account .window-rows .stale")).toEqual([
    "5 h 68% used. At this pace, 95% when it resets. 68% resets in 2 h 40 m At this pace, 95% when it resets. Reported 55 m ago {2026-11-30 17:15:00 GMT+5:30}",
  ]);
  expect(page("#live-window-usage h2").map((title) => title.split(" {")[0])).toEqual([
    expect.stringContaining("Sessions since 15:50"),
    "Domains since 15:50",
    "Models since 15:50",
  ]);
  expect(page("#live-window-usage th")).toContain("Share of cost");
  expect(page("#live-window-usage tbody tr")).toEqual([
    "b5e71be7 {7c34705d-032e-49cf-a883-eab1b5e71be7} | 36 | 31.4k {31,420} | $0.0830 {$0.0829988} | 80%",
    "No session | 0 | 0 {0} | $0.00 {$0} | 20%",
    "a.example {a.example} | 36 | 31.4k {31,420} | $0.0830 {$0.0829988} | 100%",
    "haiku-4-5 {claude-haiku-4-5-20251001} | 36 | 31.4k {31,420} | unpriced {no price known} | –",
  ]);
  expect(page("main tr")).toContain(
    "input tokens | 2,000,000 | 500,000 | 75% | in 1 m {2026-11-30 18:11:00 GMT+5:30}",
  );
});

it("errors show their share of all requests: over time, by error, domain and model", async () => {
  const recorded = recordedBody<Errors>("/api/errors");
  const [kind] = recorded.types;
  const kindOf = (status: number, errorType: string, count: number) => ({
    ...kind!,
    status,
    errorType,
    count,
    latest: { ...kind!.latest, timestamp: ago(status === 529 ? 30 : 180) },
  });
  const page = await visit("/errors", {
    "GET /api/overview": overview,
    "GET /api/errors": {
      ...recorded,
      total: 5,
      requests: 1_284,
      series: [
        { time: "2026-11-30T11:00:00.000Z", count: 0 },
        { time: "2026-11-30T12:00:00.000Z", count: 5 },
      ],
      types: [kindOf(529, "overloaded_error", 4), kindOf(404, "not_found_error", 1)],
      domains: [
        { domain: "d8.example", count: 4 },
        { domain: "gone.example", count: 1 },
      ],
      models: [{ model: "claude-haiku-4-5-20251001", count: 1 }],
    } satisfies Errors,
  });
  expect(page("#live-error-chart h2")).toEqual(["Errors per hour 5 of 1,284 requests, 0.4%"]);
  expect(page("#live-error-chart .bar")).toEqual([
    "2026-11-30 16:30:00 GMT+5:30",
    "2026-11-30 17:30:00 GMT+5:30 Errors: 5",
  ]);
  expect(page(".pair tbody tr")).toEqual([
    "529 overloaded_error | 4 | 30 m ago {2026-11-30 17:40:00 GMT+5:30} | 80%",
    "404 not_found_error | 1 | 3 h ago {2026-11-30 15:10:00 GMT+5:30} | 20%",
    "d8.example | 4 | 50% {8 requests}",
    "gone.example | 1 | – {0 requests}",
    "haiku-4-5 | 1 | 33% {3 requests}",
  ]);
});
