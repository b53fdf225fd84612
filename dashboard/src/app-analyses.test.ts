/** The tab Analysis in each of its states, the page of all analyses, and the forms, over hand-written responses. */
import { describe, expect, it } from "vitest";
import type {
  AnalysisList,
  AnalysisPlan,
  AnalysisReader,
  AnalysisTrends,
  AnalysisView,
} from "../../workers/schemas/api/analyses.ts";
import type { DomainDetail } from "../../workers/schemas/api/domains.ts";
import { openPage, stopClock, visit } from "../../test/support/dashboard-pages.ts";
import {
  apiError,
  IDS,
  recordedBody,
  type ReplayOptions,
  respondWith,
  VIEWER,
} from "../../test/support/replayed-api.ts";

const NOW = "2026-11-30T16:00:00.000Z";
const ago = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
const ID = IDS.compacted;
const ANALYSIS = `/api/analyses/${ID}/main`;
const TAB = `/conversations/${ID}?view=analysis`;

stopClock(NOW);

const plan = (more: Partial<AnalysisPlan> = {}): AnalysisPlan => ({
  ...recordedBody<AnalysisPlan>(`${ANALYSIS}/plan`),
  prompt: "Default instructions.\nSecond line.",
  inputTokens: 12_345,
  costUsd: "0.0242",
  dailyBudgetUsd: "5",
  spentTodayUsd: "0.01",
  ...more,
});
const RECORDED = recordedBody<AnalysisView>(ANALYSIS);
/** The recorded one, as the only version of its branch. */
const analysis = (more: Partial<AnalysisView> = {}): AnalysisView => ({
  ...RECORDED,
  version: 1,
  versions: RECORDED.versions.filter(({ version }) => version === 1),
  completedVersion: 1,
  customPrompt: null,
  requestedBy: "ann@team.example",
  createdAt: ago(9),
  updatedAt: ago(2),
  ...more,
});
const pending = { status: "pending", data: null, tokenUsage: null, costUsd: null, durationMs: null } as const;
const OFF = "Turn analysis off for this domain";
const NONE = apiError(404, "not_found", "There is no such analysis.");

interface State {
  plan?: Partial<AnalysisPlan>;
  analysis?: Partial<AnalysisView> | typeof NONE;
}

const overridesOf = ({ plan: planned, analysis: stored = {} }: State) => ({
  [`GET ${ANALYSIS}/plan`]: plan(planned),
  [`GET ${ANALYSIS}`]: stored === NONE ? NONE : analysis(stored as Partial<AnalysisView>),
});

async function open(state: State, options: ReplayOptions & { query?: string } = {}) {
  const { query = "", ...replay } = options;
  const overrides = { ...overridesOf(state), ...replay.overrides };
  return openPage(TAB + query, { ...replay, overrides });
}

describe("a branch without an analysis", () => {
  it("shows who would read it, the estimate and the editable instructions before one clicks", async () => {
    const { text, texts } = await open({ analysis: NONE });
    expect(texts("#analysis p")).toContain(
      "Google Gemini (gemini-3.8-flash) reads this branch: its messages, tool inputs and results, the long ones shortened. Secrets and personal data that are recognized are masked first.",
    );
    expect(texts(".analysis-estimate dd")).toEqual([
      "at most 12.3k tokens {12,345 tokens}",
      "about $0.0242 {$0.0242} {$0.0242}",
    ]);
    expect(texts("#analysis textarea")).toEqual(["Default instructions. Second line."]);
    expect(text).toContain(`action="/conversations/${ID}/analysis"`);
    expect(texts("#analysis button")).toEqual(["Analyze", OFF]);
  });

  it.each<[string, Partial<AnalysisPlan>, string, string[]]>([
    ["is not configured", { state: "not_configured", problem: "GEMINI_API_KEY is not set." }, "No provider is configured. GEMINI_API_KEY is not set.", []],
    ["is off", { state: "domain_off" }, "When it is on, Google Gemini (gemini-3.8-flash) receives the text", ["Turn on for this domain"]],
    ["waits for the worker", { state: "worker_off" }, "Analyses wait: AI_WORKER_ENABLED is false.", ["Analyze later", OFF]],
    ["is too dear", { state: "over_budget" }, "The cost exceeds the budget of a day. AI_DAILY_BUDGET_USD is $5.00", [OFF]],
    ["has no price", { state: "over_budget", costUsd: null }, "The cost is not known, so that the daily budget cannot cover it.", [OFF]],
    ["waits for the next day's budget", { state: "budget_spent", spentTodayUsd: "5.01" }, "Today's budget is spent: $5.01 {$5.01} of $5.00 {$5}", ["Analyze later", OFF]],
    ["costs more than is left of the budget", { state: "budget_spent", spentTodayUsd: "4.99" }, "What is left of today's budget does not cover it: $4.99 {$4.99} of $5.00 {$5} is spent. A new analysis waits until 00:00 UTC", ["Analyze later", OFF]],
    ["is paused by a budget of 0", { state: "budget_spent", dailyBudgetUsd: "0" }, "AI_DAILY_BUDGET_USD is 0: analyses are paused. A new analysis waits until it is raised.", ["Analyze later", OFF]],
  ])("says that analysis %s", async (_what, planned, words, buttons) => {
    const { texts } = await open({ plan: planned, analysis: NONE });
    expect(texts(".callout").join()).toContain(words);
    expect(texts("#analysis button")).toEqual(buttons);
  }); // prettier-ignore

  it("marks the variables that its provider lacks", async () => {
    const problem = "GEMINI_API_KEY is not set. Set it, or AI_PROVIDER=claude with AI_CLAUDE_ACCOUNT_ID.";
    const { texts } = await open({ plan: { state: "not_configured", problem }, analysis: NONE });
    expect(texts(".callout").join()).toContain(`No provider is configured. ${problem}`);
    expect(texts(".callout code")).toEqual(["GEMINI_API_KEY", "AI_PROVIDER=claude", "AI_CLAUDE_ACCOUNT_ID"]);
  });

  it.each(["ready", "domain_off", "not_configured"] as const)(
    "gives viewers no form when it is %s",
    async (state) => {
      const { text } = await open({ plan: { state }, analysis: NONE }, { caller: VIEWER });
      expect(text).not.toMatch(/action="[^"]*analysis"/);
    },
  );

  it("says what is unknown of the estimate", async () => {
    const { texts } = await open({ plan: { inputTokens: null, costUsd: null }, analysis: NONE });
    expect(texts(".analysis-estimate dd")).toEqual(["unknown: no recorded usage", "unknown: no price known"]);
  });
});

describe("an analysis", () => {
  it.each<[string, State, string[]]>([
    ["is queued", { analysis: { ...pending, nextAttemptAt: ago(1) } }, ["It starts when the ones before it have ended. This page reloads every ten seconds."]],
    [
      "waits for the next attempt",
      { analysis: { ...pending, nextAttemptAt: ago(-30), errors: [{ at: ago(3), attempt: 1, code: "rate_limited", message: "Slow down." }] } },
      ["The next attempt starts in 30 m {2026-11-30 22:00:00 GMT+5:30} . This page reloads every ten seconds."],
    ],
    ["waits for a slot", { analysis: { ...pending, waitsFor: "slot", nextAttemptAt: ago(-0.2) } }, ["It starts when the ones before it have ended. This page reloads every ten seconds."]],
    ["waits for the budget", { plan: { state: "budget_spent", spentTodayUsd: "5" }, analysis: { ...pending, waitsFor: "budget", nextAttemptAt: ago(-30) } }, ["Today's budget is spent: $5.00 {$5} of $5.00 {$5} . It starts in 30 m {2026-11-30 22:00:00 GMT+5:30} . This page reloads every ten seconds."]],
    ["waits for the worker", { plan: { state: "worker_off" }, analysis: pending }, ["Waits: AI_WORKER_ENABLED is false. This page reloads every ten seconds."]],
    [
      "is running",
      { analysis: { ...pending, status: "processing", attempts: 2 } },
      ["Attempt 2 started 2 m ago {2026-11-30 21:28:00 GMT+5:30} . Long conversations take a few minutes. This page reloads every ten seconds."],
    ],
  ])("that %s says so, is live, and reloads without a script", async (_what, state, words) => {
    const { text, texts } = await open(state);
    expect(texts("#analysis p").slice(0, 1)).toEqual(words);
    expect(text).toContain('<noscript><meta http-equiv="refresh" content="10"/></noscript>');
    expect(text).toContain('id="analysis" data-live="analysis"');
    expect(text).not.toContain("<textarea");
  }); // prettier-ignore

  it.each([["budget", 1], ["provider", 1], ["slot", 0]] as const)("that waits for %s can be tried now by administrators: %i", async (waitsFor, count) => {
    const waiting = { analysis: { ...pending, waitsFor, nextAttemptAt: ago(-30) } };
    expect((await open(waiting)).texts("#analysis button")).toEqual(["Try now"].slice(0, count));
    expect((await open(waiting, { caller: VIEWER })).texts("#analysis button")).toEqual([]);
  }); // prettier-ignore

  it.each([
    ["failed", "has no result. This is version 1 of 10 m ago"],
    ["processing", "has no result yet. This is version 1 of 10 m ago"],
  ] as const)("whose new version is %s shows the result of the last completed one", async (status, words) => {
    const stored = (url: URL) =>
      url.searchParams.has("version")
        ? analysis({ version: 1, createdAt: ago(10) })
        : analysis({ ...pending, status, version: 2, completedVersion: 1 });
    const { texts } = await open({}, { overrides: { [`GET ${ANALYSIS}`]: stored } });
    expect(texts(".analysis-result h2")).toContain("Prompting tips 2");
    expect(texts("#analysis .note").join()).toContain(words);
  });

  it.each([
    [null, "about $0.0200 {$0.02} that the provider did not report apart from proxied requests"],
    [{ prompt: 1, completion: 1, thinking: 0, total: 2 }, "$0.0100 {$0.01} and about $0.0200 {$0.02} that the provider did not report apart from proxied requests"],
  ])("says what attempts without reported usage (%j) may have cost", async (tokenUsage, words) => {
    const { texts } = await open({ analysis: { tokenUsage, costUsd: "0.01", unreportedCostUsd: "0.02" } });
    expect(texts(".analysis-overview .definition-item")).toContain(`Cost ${words}`);
  }); // prettier-ignore

  it("that is done has its result, tokens and cost, and tips that lead to their messages", async () => {
    const { text, texts } = await open({});
    expect(text).not.toContain("http-equiv");
    expect(texts(".analysis-overview .definition-item")).toEqual([
      "Read by Google Gemini (gemini-3.8-flash)",
      "Requested 9 m ago {2026-11-30 21:21:00 GMT+5:30} by ann@team.example",
      "Tokens 1,200 {1,200} in, 750 {750} out (450 thinking)",
      "Cost $0.0037 {$0.0037125} apart from proxied requests",
      expect.stringMatching(/^Duration \d/) as string,
    ]);
    expect(texts(".analysis-result h2")).toEqual([
      "Summary",
      "Prompting tips 2",
      "Action items 3",
      "Technical details",
      "Quality",
      "Interaction",
    ]);
    expect(texts(".tip-messages")).toEqual(["Message #1", "Messages #1 #3"]);
    expect(text).toContain(`href="/conversations/${ID}#message-1"`);
    expect(texts(".analysis-side .definition-item")).toContainEqual(
      expect.stringMatching(/^Prompt clarity \d(\.\d)? of 10$/),
    );
    expect(texts("#analysis button")).toEqual(["Analyze again", OFF]);
  });

  it("leads to a late message of a tip on the page of the transcript that has it", async () => {
    const { data } = analysis();
    const tips = [{ ...data!.promptingTips[0]!, messages: [57] }];
    const { text } = await open({ analysis: { data: { ...data!, promptingTips: tips } } });
    expect(text).toContain(`href="/conversations/${ID}?cursor=55#message-57"`);
  });

  it("that is not structured is shown as the text it is, with a note", async () => {
    const { texts } = await open({
      analysis: {
        data: null,
        content: '{"summary": "<b>x',
        note: "The response does not have the expected form.",
      },
    });
    expect(texts("#analysis pre")).toEqual(['{"summary": "<b>x']);
    expect(texts("#analysis .note")).toEqual(["The response does not have the expected form."]);
    expect(texts(".analysis-result")).toEqual([]);
  });

  // The codes of workers/analysis and workers/domain/analysis.
  it.each([
    ["blocked", "The provider refused this conversation."],
    ["domain_off", "Analysis was turned off."],
    ["interrupted", "The attempt was interrupted."],
    ["invalid_response", "The provider's response could not be read."],
    ["invalid_result", "The response did not have the expected form."],
    ["key_rejected", "The provider rejected the key."],
    ["model_gone", "The model is gone."],
    ["no_branch", "The branch is part of another one."],
    ["no_output_config", "The model does not take the form of the result."],
    ["no_transcript", "No messages are recorded."],
    ["not_called", "The transcript took too long to prepare."],
    ["not_prepared", "The transcript could not be read."],
    ["over_budget", "The daily budget does not cover it."],
    ["stuck", "It neither ran nor started."],
    ["not_configured", "No key is configured."],
    ["provider_error", "The provider failed."],
    ["quota_day", "The provider's daily quota is used up."],
    ["rate_limited", "The provider limits the rate."],
    ["rejected", "The provider rejected the request."],
    ["response_cut", "The response reached its limit of tokens."],
    ["response_too_large", "The response is too large."],
    ["timeout", "The provider took too long."],
    ["too_long", "The conversation is too long for the model."],
    ["unexpected_end", "The response ended unexpectedly."],
    ["unreachable", "The provider is not reachable."],
    ["code_of_later", "Code of later."],
  ])("that failed with %s says why, what to do, and can be tried again", async (code, headline) => {
    const error = { at: ago(2), attempt: 1, code, message: "Do <this>." };
    const { texts } = await open({ analysis: { ...pending, status: "failed", error, errors: [error] } });
    expect(texts(".callout")).toEqual([`${headline} Do <this>.`]);
    expect(texts("#analysis button")).toEqual(["Try again", OFF]);
    expect(texts(".attempts")).toEqual([]);
  });

  it("keeps the history of its failed attempts", async () => {
    const errors = [1, 2].map((attempt) => ({
      at: ago(9 - attempt),
      attempt,
      code: "provider_error",
      message: "Down.",
    }));
    const { texts } = await open({ analysis: { ...pending, status: "failed", error: errors[1]!, errors } });
    expect(texts(".attempts li")).toEqual([
      "Attempt 1, 8 m ago {2026-11-30 21:22:00 GMT+5:30} The provider failed. Down.",
      "Attempt 2, 7 m ago {2026-11-30 21:23:00 GMT+5:30} The provider failed. Down.",
    ]);
  });

  const versions = [2, 1].map((version) => ({
    version,
    status: "completed" as const,
    createdAt: ago(version),
    model: "m",
    costUsd: "0.01",
  }));
  const both = (url: URL) => analysis(url.searchParams.get("version") === "1" ? { version: 1, versions, customPrompt: "Be brief." } : { version: 2, versions }); // prettier-ignore

  it("has its earlier versions", async () => {
    const { text, texts } = await open({}, { query: "&version=1", overrides: { [`GET ${ANALYSIS}`]: both } });
    expect(texts(".versions li")).toEqual([
      "Version 2 Completed 2 m ago {2026-11-30 21:28:00 GMT+5:30} $0.0100 {$0.01}",
      "Version 1 Completed 1 m ago {2026-11-30 21:29:00 GMT+5:30} $0.0100 {$0.01}",
    ]);
    expect(texts(".analysis-overview h2")).toEqual(["Completed main version 1 of 2, show the current one"]);
    expect(texts(".inline-form option")).toEqual(["Version 2"]);
    expect(text).not.toContain("Analyze again");
  });

  it("can be compared with another version", async () => {
    const { texts } = await open(
      {},
      { query: "&version=2&against=1", overrides: { [`GET ${ANALYSIS}`]: both } },
    );
    expect(texts(".version-comparison h3")).toEqual(["Made by", "Instructions"]);
    expect(texts(".version-comparison .note")[0]).toContain("The same in both: Summary, What you wanted");
    expect(texts(".analysis-result")).toEqual([]);
  });

  it("is shown whole where the other version has no structured result", async () => {
    const stored = (url: URL) =>
      analysis(url.searchParams.get("version") === "1" ? { data: null, content: "x" } : { versions });
    const { texts } = await open(
      {},
      { query: "&version=2&against=1", overrides: { [`GET ${ANALYSIS}`]: stored } },
    );
    expect(texts(".analysis-result")).toHaveLength(1);
  });

  it("of any length and of hostile texts keeps the page small and its markup whole", async () => {
    const hostile = "<script>alert(1)</script> \u202e ".repeat(5_000);
    const { data } = analysis();
    const many = Array.from({ length: 300 }, () => "<img src=x onerror=alert(1)>");
    const { text } = await open({
      analysis: {
        data: { ...data!, summary: hostile, keyTopics: many, outcomes: many },
        note: hostile.slice(0, 500),
        customPrompt: hostile.slice(0, 20_000),
      },
    });
    expect(text).not.toMatch(/<script>alert|<img src=x/);
    expect(text).toContain("250 more are not shown.");
    expect(text.length).toBeLessThan(100_000);
  });

  it("that cannot be read shows the problem", async () => {
    const down = apiError(503, "unavailable", "Not now.");
    for (const overrides of [{ [`GET ${ANALYSIS}`]: down }, { [`GET ${ANALYSIS}/plan`]: down }]) {
      const { response, text } = await open({}, { overrides });
      expect(response.status).toBe(200);
      expect(text).toContain("Could not load the analysis.");
    }
  });
});

describe("the form", () => {
  const post = async (
    fields: Record<string, string>,
    response: unknown,
    stored: State["analysis"] = NONE,
  ) => {
    const { api, post: send } = visit({
      overrides: {
        ...overridesOf({ analysis: stored }),
        "POST /api/analyses": response,
        [`POST ${ANALYSIS}/regenerate`]: response,
      },
    });
    const defaults = { branch: "main", action: "create", defaultPrompt: "Default.\nTwo." };
    const sent = await send(TAB, `/conversations/${ID}/analysis`, { ...defaults, ...fields });
    return { ...sent, sent: api.sent, requested: api.requested.filter((each) => each.startsWith("POST")) };
  };
  const created = respondWith(201, { message: "", analysisId: "x", status: "pending" });

  it("requests an analysis with the default instructions, however the browser sends its line breaks", async () => {
    const { status, location, sent } = await post({ customPrompt: "Default.\r\nTwo." }, created);
    expect([status, location]).toEqual([303, TAB]);
    expect(sent).toEqual([{ conversationId: ID, branchId: "main", customPrompt: "" }]);
  });

  it("requests a new version with other instructions", async () => {
    const { sent, requested } = await post(
      { action: "regenerate", customPrompt: "Only tests." },
      created,
      {},
    );
    expect(sent).toEqual([{ customPrompt: "Only tests." }]);
    expect(requested).toEqual([`POST ${ANALYSIS}/regenerate`]);
  });

  it("keeps what was typed when the API rejects it", async () => {
    const limited = apiError(429, "rate_limited", "Too many calls. Try again in 30 s.");
    const { status, text } = await post({ customPrompt: "Only <tests>." }, limited);
    expect(status).toBe(400);
    expect(text).toContain("Too many calls. Try again in 30 s.");
    expect(text).toContain("Only &lt;tests&gt;.</textarea>");
  });
});

describe("a domain", () => {
  const DOMAIN = "checkout.claude.example";
  const PATH = `/api/domains/${DOMAIN}`;
  const settings = (more: Partial<DomainDetail>) => ({
    [`GET ${PATH}`]: { ...recordedBody<DomainDetail>(PATH), ...more },
  });

  it.each<[string, Partial<DomainDetail>, string, string[]]>([
    ["off", { analysisEnabled: false }, "Off. No conversation of this domain is sent to an analysis provider.", ["Turn analysis on"]],
    ["on", { analysisEnabled: true }, "On. Administrators can have conversations of this domain analyzed. Google Gemini (gemini-3.8-flash) receives the text", ["Save", "Turn analysis off"]],
    ["automatic", { analysisEnabled: true, analysisAutomatic: { idleMinutes: 60, moreThanTurns: 1 } }, "Conversations with more than 1 turn are analyzed without a request once they are idle for 60 minutes", ["Save", "Turn analysis off"]],
  ])("with analysis %s says what is sent to whom", async (_what, more, words, buttons) => {
    const { texts } = await openPage(`/domains/${DOMAIN}`, { overrides: settings(more) });
    expect(texts("#analysis p").join(" ")).toContain(words);
    expect(texts("#analysis button")).toEqual(buttons);
  }); // prettier-ignore

  it.each<[Record<string, string>, object, string]>([
    [{ analysisEnabled: "true", next: TAB }, { analysisEnabled: true }, TAB],
    [{ analysisEnabled: "false", next: "//evil.example" }, { analysisEnabled: false }, `/domains/${DOMAIN}?saved=1`],
    [{ mode: "request", idleMinutes: "5" }, { analysisAutomatic: null }, `/domains/${DOMAIN}?saved=1`],
    [{ mode: "automatic", idleMinutes: " 30", moreThanTurns: "4" }, { analysisAutomatic: { idleMinutes: 30, moreThanTurns: 4 } }, `/domains/${DOMAIN}?saved=1`],
    [{ mode: "automatic", idleMinutes: "1e3", moreThanTurns: "4" }, { analysisAutomatic: { idleMinutes: null, moreThanTurns: 4 } }, `/domains/${DOMAIN}?saved=1`],
  ])("is changed by %j", async (fields, body, location) => {
    const { api, post } = visit({ overrides: { ...settings({ analysisEnabled: true }), [`PUT ${PATH}/analysis`]: {} } });
    const sent = await post(`/domains/${DOMAIN}`, `/domains/${DOMAIN}/analysis`, fields);
    expect([sent.status, sent.location]).toEqual([303, location]);
    expect(api.sent).toEqual([body]);
  }); // prettier-ignore
});

describe("the page of analyses", () => {
  const LIST = "GET /api/analyses";
  const list = recordedBody<AnalysisList>("/api/analyses?limit=50");
  const trends = recordedBody<AnalysisTrends>("/api/analyses/trends");

  it("has figures, trends and a row for each analysis that leads to its tab", async () => {
    const finished = {
      ...list.analyses[0]!,
      title: "Fix it",
      summary: "Fixed.",
      sentiment: "positive",
      effectiveness: "highly effective",
      createdAt: ago(60),
    } as const;
    const running = {
      status: "processing",
      summary: null,
      sentiment: null,
      effectiveness: null,
      tipCategories: [],
      tokenUsage: null,
      costUsd: null,
    } as const;
    const { text, texts } = await openPage("/analyses", {
      overrides: {
        "GET /api/analyses/trends": { ...trends, statuses: { pending: 1, processing: 1, completed: 10, failed: 2 }, effectiveness: { "highly effective": 3, effective: 3, "needs improvement": 4 }, promptClarity: 6.44, contextCompleteness: null, costUsd: "1.5", unreportedCostUsd: "0.25", promptTokens: 30_000, completionTokens: 1_000, unpricedCount: 1, tips: [{ category: "context", count: 5 }] },
        [LIST]: { analyses: [finished, { ...finished, ...running }], nextCursor: "next" },
      }, // prettier-ignore
    });
    expect(texts(".stat-card")).toEqual([
      "Analyses 14 {14} 2 open 2 failed",
      "Effective 60% {6 of 10 rated conversations}",
      "Prompt clarity 6.4 of 10 {Average of the structured results, from 0 to 10}",
      "Context given – {Average of the structured results, from 0 to 10}",
      "Cost of analyses $1.50 {$1.5} 31k tokens + about $0.2500 unreported {Estimated cost of attempts whose usage the provider did not report} + 1 unpriced",
    ]);
    expect(texts(".ranking tbody tr")).toEqual(["Context | 5 | 50%"]);
    expect(texts("table.analyses tbody tr")).toEqual([
      "Fix it Fixed. | Completed | Positive | Highly effective | 2 {context, specificity} | checkout.claude.example | $0.0037 {$0.0037125} | 1 h ago {2026-11-30 20:30:00 GMT+5:30}",
      "Fix it | Running | – | – | – | checkout.claude.example | – | 1 h ago {2026-11-30 20:30:00 GMT+5:30}",
    ]);
    expect(text).toContain(`href="${TAB}"`);
    expect(text).toContain('href="/analyses?cursor=next"');
    expect(text).toContain('id="live-analyses" data-live="analysis"');
  });

  it("passes its filters on, and says which do not apply", async () => {
    const { api, texts } = await openPage("/analyses?domain=a.b&status=failed&range=7d&model=x", {
      overrides: {
        [LIST]: { analyses: [], nextCursor: null } satisfies AnalysisList,
        "GET /api/analyses/trends": trends,
      },
    });
    expect(api.requested).toContain(
      `${LIST}?domain=a.b&from=2026-11-23T16%3A00%3A00.000Z&status=failed&limit=50`,
    );
    expect(texts(".empty-title")).toEqual(["No analyses match these filters."]);
    expect(texts(".note").join()).toContain("these filters do not apply here");
  });

  it.each<[AnalysisReader["state"], string]>([
    ["ready", "No analyses in this period."],
    ["not_configured", "No provider is configured."],
  ])("says what to do when there are none and the provider is %s", async (state, title) => {
    const reader = recordedBody<AnalysisReader>("/api/analyses/reader");
    const { texts } = await openPage("/analyses", {
      variant: "empty",
      overrides: { "GET /api/analyses/reader": { ...reader, state } },
    });
    expect(texts(".empty-title")).toEqual([title]);
    expect(texts(".stat-card")).toEqual([]);
  });

  it("shows the list when the trends cannot be read, and the other way round", async () => {
    const down = apiError(503, "unavailable", "Not now.");
    const one = await openPage("/analyses", { overrides: { "GET /api/analyses/trends": down } });
    expect(one.text).toContain("Could not load the trends.");
    expect(one.texts("table.analyses tbody tr").length).toBeGreaterThan(0);
    const other = await openPage("/analyses", { overrides: { [LIST]: down } });
    expect(other.text).toContain("Could not load analyses.");
    expect(other.texts(".stat-card")).toHaveLength(5);
  });
});

describe("beside the transcript", () => {
  it.each<[Partial<AnalysisPlan>, string]>([
    [{ current: null, state: "ready" }, "Analysis Not analyzed yet. Analyze this branch"],
    [{ current: null, state: "domain_off" }, "Analysis Analysis is off for this domain. Details"],
    [{ current: { version: 1, status: "processing" } }, "Analysis Running Show progress"],
    [{ current: { version: 2, status: "completed" } }, "Analysis Completed version 2 Read the analysis"],
    [{ current: { version: 1, status: "failed" } }, "Analysis Failed Show the reason"],
  ])("is its state: %j", async (planned, words) => {
    const { texts } = await openPage(`/conversations/${ID}`, { overrides: overridesOf({ plan: planned }) });
    expect(texts(".analysis-panel")).toEqual([words]);
  });
});
