/** `nexus analyses list|show|create|retry|fail-stuck|check-config`: analyses of conversations by an AI. */
import { type Command, Option } from "commander";
import { AnalysisStatus } from "../../workers/schemas/analysis.ts";
import {
  AnalysisCreated,
  AnalysisList,
  AnalysisReader,
  AnalysisView,
  FailedStuck,
} from "../../workers/schemas/api/analyses.ts";
import { DomainList } from "../../workers/schemas/api/domains.ts";
import { Environment } from "../../workers/schemas/api/settings.ts";
import { type Api, apiOf } from "./api.ts";
import { CommandError } from "./command-error.ts";
import { whole } from "./option-values.ts";
import { columns, show } from "./output.ts";

const MAX_CUSTOM_PROMPT = 20_000;
const BRANCH = "main";

const pathOf = (conversation: string, branch: string) =>
  `/api/analyses/${encodeURIComponent(conversation)}/${encodeURIComponent(branch)}`;

export function addAnalyses(program: Command): void {
  const analyses = program
    .command("analyses")
    .description("list, show, request and repair analyses of conversations by an AI")
    .addHelpText(
      "after",
      `
In place of the scripts of the existing system:
  list          check-analysis-jobs, db/check-conversation-analyses
  show          check-analysis-content
  create, retry process-pending-analyses
  fail-stuck    reset-stuck-analysis-jobs, fail-exceeded-retry-jobs
  check-config  check-ai-worker-config`,
    );
  analyses
    .command("list")
    .description(
      "list current analyses, newest first (was: check-analysis-jobs, db/check-conversation-analyses)",
    )
    .addOption(new Option("--status <status>", "only this status").choices(AnalysisStatus.options))
    .option("--domain <name>", "only this domain")
    .option("--limit <number>", "at most so many", whole(1, 500), 50)
    .action(list);
  analyses
    .command("show")
    .argument("<conversation>", "the id of the conversation")
    .argument("[branch]", "name or key of the branch", BRANCH)
    .option("--version <number>", "an earlier version", whole(1, 100_000))
    .description("show an analysis with its result, cost and failed attempts (was: check-analysis-content)")
    .action(showOne);
  analyses
    .command("create")
    .argument("<conversation>", "the id of the conversation")
    .argument("[branch]", "name or key of the branch", BRANCH)
    .option("--prompt <text>", "instructions in place of the default ones")
    .option("--again", "make a new version of a completed analysis")
    .description("request an analysis (was: process-pending-analyses)")
    .action(create);
  analyses
    .command("retry")
    .argument("[conversation]", "the id of the conversation (default: all failed analyses)")
    .argument("[branch]", "name or key of the branch", BRANCH)
    .option("--domain <name>", "without a conversation: only this domain")
    .option("--limit <number>", "without a conversation: at most so many", whole(1, 500), 10)
    .description(
      "request failed analyses again, or end the wait of one for a budget or a quota (was: process-pending-analyses)",
    )
    .action(retry);
  analyses
    .command("fail-stuck")
    .option("--minutes <number>", "for how long they are overdue", whole(1, 10_080), 15)
    .description(
      "fail analyses that neither run nor start (was: reset-stuck-analysis-jobs, fail-exceeded-retry-jobs)",
    )
    .action(failStuck);
  analyses
    .command("check-config")
    .description(
      "say whether analyses can run, who reads the conversations, and what is set; exit code 1 if not (was: check-ai-worker-config)",
    )
    .action(checkConfig);
}

interface ListOptions {
  status?: string;
  domain?: string;
  limit: number;
}

async function list({ status, domain, limit }: ListOptions, command: Command): Promise<void> {
  const query = { status, domain, limit };
  const result = await apiOf(command).call("/api/analyses", AnalysisList, { query });
  show(command, result, ({ analyses }) =>
    analyses.length === 0
      ? ["No analyses."]
      : columns([
          ["CREATED", "STATUS", "TRIES", "COST", "DOMAIN", "CONVERSATION", "BRANCH", "TITLE"],
          ...analyses.map((one) => [
            one.createdAt.slice(0, 16).replace("T", " "),
            [one.status, one.waitsFor ? `waits for the ${one.waitsFor}` : one.error?.code]
              .filter(Boolean)
              .join(": "),
            String(one.attempts),
            money(one.costUsd),
            one.domain,
            one.conversationId,
            one.branchId,
            (one.title ?? "").slice(0, 60),
          ]),
        ]),
  );
}

async function showOne(
  conversation: string,
  branch: string,
  { version }: { version?: number },
  command: Command,
): Promise<void> {
  const query = { version };
  const view = await apiOf(command).call(pathOf(conversation, branch), AnalysisView, { query });
  show(command, view, describe);
}

function describe(view: AnalysisView): string[] {
  const { data, tokenUsage } = view;
  const rows = [
    ["status", view.status],
    ["version", `${view.version} of ${view.versions.length}`],
    ["branch", `${view.branchId} of ${view.conversationId} (${view.domain})`],
    ["model", `${view.model} (${view.provider})`],
    ["requested", `${view.createdAt} by ${view.requestedBy}`],
    ["ended", view.completedAt ?? "-"],
    ["tokens", tokenUsage ? `${tokenUsage.prompt} read, ${tokenUsage.completion} written` : "-"],
    ["cost", money(view.costUsd)],
    ...(view.unreportedCostUsd === null ? [] : [["not reported", `about ${money(view.unreportedCostUsd)}`]]),
    ...view.errors.map((error) => [`attempt ${error.attempt}`, `${error.code}: ${error.message}`]),
  ];
  if (view.nextAttemptAt)
    rows.push([
      "next attempt",
      view.nextAttemptAt + (view.waitsFor ? ` (waits for the ${view.waitsFor})` : ""),
    ]);
  if (view.note) rows.push(["note", view.note]);
  if (data)
    rows.push(
      ["summary", data.summary],
      ["intent", data.userIntent],
      ["sentiment", data.sentiment],
      ["effectiveness", data.conversationQuality.effectiveness],
      ...data.outcomes.map((outcome) => ["outcome", outcome]),
      ...data.actionItems.map((item) => ["action", item.description]),
      ...data.promptingTips.map((tip) => [`tip (${tip.category})`, `${tip.issue} ${tip.suggestion}`]),
    );
  else if (view.content !== null) rows.push(["response", view.content]);
  return columns(rows);
}

interface CreateOptions {
  prompt?: string;
  again?: boolean;
}

async function create(
  conversationId: string,
  branchId: string,
  { prompt: customPrompt, again }: CreateOptions,
  command: Command,
): Promise<void> {
  if (customPrompt !== undefined && customPrompt.length > MAX_CUSTOM_PROMPT)
    throw new CommandError(`--prompt takes at most ${MAX_CUSTOM_PROMPT} characters.`, { isUsage: true });
  const created = await apiOf(command).call(
    again ? `${pathOf(conversationId, branchId)}/regenerate` : "/api/analyses",
    AnalysisCreated,
    { method: "POST", body: again ? { customPrompt } : { conversationId, branchId, customPrompt } },
  );
  show(command, created, ({ message, status }) => [
    `${message} (${status}).`,
    status === "completed"
      ? `"nexus analyses show" prints it, "nexus analyses create --again" makes a new version.`
      : `"nexus analyses show" prints its state.`,
  ]);
}

interface RetryOptions {
  domain?: string;
  limit: number;
}

async function retry(
  conversation: string | undefined,
  branch: string,
  { domain, limit }: RetryOptions,
  command: Command,
): Promise<void> {
  const api = apiOf(command);
  const query = { status: "failed", domain, limit };
  const targets =
    conversation === undefined
      ? (await api.call("/api/analyses", AnalysisList, { query })).analyses
      : [{ conversationId: conversation, branchId: branch }];
  const done: { conversationId: string; branchId: string; isRequested: boolean; message: string }[] = [];
  for (const { conversationId, branchId } of targets) {
    const result = await retryOne(api, conversationId, branchId)
      .then((message) => ({ isRequested: true, message: `${message}.` }))
      .catch((thrown: unknown) => {
        if (!(thrown instanceof CommandError)) throw thrown;
        return { isRequested: false, message: `not requested: ${thrown.message}` };
      });
    done.push({ conversationId, branchId, ...result });
  }
  if (done.some(({ isRequested }) => !isRequested)) process.exitCode = 1;
  show(command, { analyses: done }, () =>
    done.length === 0
      ? ["No analysis has failed."]
      : done.map(({ conversationId, branchId, message }) => `${conversationId} ${branchId}: ${message}`),
  );
}

/** Requests an analysis again with the instructions of its failed version. Throws a CommandError where it neither failed nor waits. */
async function retryOne(api: Api, conversationId: string, branchId: string): Promise<string> {
  const view = await api.call(pathOf(conversationId, branchId), AnalysisView);
  const { status, waitsFor, customPrompt } = view;
  if (status !== "failed" && waitsFor !== "budget" && waitsFor !== "provider")
    throw new CommandError(
      status === "completed"
        ? `The analysis is completed. "nexus analyses create --again" makes a new version.`
        : `The analysis is ${status} and needs no retry: it starts or ends by itself.`,
    );
  const body = {
    conversationId,
    branchId,
    customPrompt: status === "failed" ? (customPrompt ?? undefined) : undefined,
  };
  return (await api.call("/api/analyses", AnalysisCreated, { method: "POST", body })).message;
}

async function failStuck({ minutes }: { minutes: number }, command: Command): Promise<void> {
  const options = { method: "POST", body: { minutes } } as const;
  const failed = await apiOf(command).call("/api/analyses/fail-stuck", FailedStuck, options);
  show(command, failed, ({ analysisIds }) => [
    analysisIds.length === 0
      ? "No analysis is stuck."
      : `${analysisIds.length} failed. "nexus analyses retry" requests them again.`,
  ]);
}

const STATES: Record<AnalysisReader["state"], string> = {
  ready: "analyses can run",
  not_configured: "no provider is configured",
  worker_off: "AI_WORKER_ENABLED is false: analyses wait",
  budget_spent: "the daily budget is spent: analyses wait until 00:00 UTC",
};

async function checkConfig(_options: object, command: Command): Promise<void> {
  const api = apiOf(command);
  const reader = await api.call("/api/analyses/reader", AnalysisReader);
  const { domains } = await api.call("/api/domains", DomainList);
  const { variables } = await api.call("/api/environment", Environment);
  const enabled = domains.filter(({ analysisEnabled }) => analysisEnabled).map(({ domain }) => domain);
  const settings = variables.filter(({ name }) => /^(?:AI|GEMINI)_/.test(name));
  if (reader.state !== "ready") process.exitCode = 1;
  show(command, { ...reader, domains: enabled, settings }, () =>
    columns([
      [
        "state",
        `${reader.state}: ${STATES[reader.state]}${reader.problem === null ? "" : `. ${reader.problem}`}`,
      ],
      ["read by", `${reader.model} (${reader.provider})`],
      [
        "budget",
        reader.dailyBudgetUsd === null
          ? `none; ${money(reader.spentTodayUsd)} spent today`
          : `${money(reader.spentTodayUsd)} of ${money(reader.dailyBudgetUsd)} spent today`,
      ],
      ["domains", enabled.join(", ") || "none: PUT /api/domains/<domain>/analysis turns analysis on"],
      ...settings.map(({ name, value, isSet, isDefault }) => [
        name,
        `${value ?? (isSet ? "(set)" : "(not set)")}${isDefault ? "" : " *"}`,
      ]),
      ["", "* not the default"],
    ]),
  );
}

const money = (usd: string | null) => (usd === null ? "-" : `$${usd}`);
