/** `nexus usage`: rate limits and usage per account, now or by day, once or repeatedly. */
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { formatMoneySum } from "../../workers/domain/pricing/format-money.ts";
import { DailyUsage } from "../../workers/schemas/api/compat.ts";
import { WindowList } from "../../workers/schemas/api/windows.ts";
import { type Api, apiOf, type CommonOptions } from "./api.ts";
import { whole } from "./option-values.ts";
import { columns, show } from "./output.ts";

interface UsageOptions {
  account?: string;
  daily?: boolean;
  days: number;
  watch?: boolean;
  interval: number;
}

const CLEAR_SCREEN = "\u001b[2J\u001b[H";

export function addUsage(program: Command): void {
  program
    .command("usage")
    .description("show usage of the last five hours and the rate limits that Claude reports, per account")
    .option("--account <id>", "only this account")
    .option("--daily", "usage by day (UTC), domain and model")
    .option("--days <number>", "with --daily: number of days, including today", whole(1, 400), 7)
    .option("--watch", "repeat until Ctrl-C")
    .option("--interval <seconds>", "with --watch: seconds between updates", whole(1, 3_600), 5)
    .addHelpText(
      "after",
      `
Tokens are input + output; "cached" are tokens read from the prompt cache. A cost with + excludes unpriced requests.
Percentages are the last ones that Claude reported; * marks the binding window.`,
    )
    .action(async (options: UsageOptions, command: Command) => {
      const api = apiOf(command);
      for (;;) {
        await showUsage(api, options, command);
        if (!options.watch) return;
        await pause(options.interval * 1_000);
      }
    });
}

async function showUsage(api: Api, options: UsageOptions, command: Command): Promise<void> {
  const windows = await readWindows(api, options.account);
  const usage = options.daily ? await readDays(api, windows, options) : { windows };
  const { json } = command.optsWithGlobals<CommonOptions>();
  if (options.watch && !json && process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
  show(command, usage, (shown) => ("usage" in shown ? dayLines(shown) : windowLines(shown)));
}

async function readWindows(api: Api, account: string | undefined): Promise<WindowList["windows"]> {
  const { windows } = await api.call("/api/windows", WindowList, { query: { limit: 200 } });
  return account === undefined ? windows : windows.filter(({ accountId }) => accountId === account);
}

async function readDays(
  api: Api,
  windows: WindowList["windows"],
  { account, days }: UsageOptions,
): Promise<DailyUsage> {
  const accounts = account === undefined ? windows.map(({ accountId }) => accountId) : [account];
  const responses = await Promise.all(
    accounts.map((accountId) =>
      api.call("/api/token-usage/daily", DailyUsage, { query: { accountId, days } }),
    ),
  );
  const rows = responses.flatMap(({ usage }) => usage);
  return { usage: rows.sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0)) };
}

function windowLines({ windows }: WindowList): string[] {
  if (windows.length === 0) return ["No account was used in the last eight days."];
  const rows = windows.map(({ accountId, totals, unified, tokenLimit, percentageUsed }) => [
    accountId,
    String(totals.requests),
    number(totals.totalTokens),
    number(totals.cacheReadInputTokens),
    formatMoneySum(totals),
    tokenLimit === null ? "-" : `${round(percentageUsed ?? 0)} % of ${number(tokenLimit)}`,
    unified.map(limitText).filter(Boolean).join(", ") || "-",
  ]);
  return columns([["account", "requests", "tokens", "cached", "cost", "limit", "windows"], ...rows]);
}

function limitText(limit: WindowList["windows"][number]["unified"][number]): string {
  if (limit.utilization === null || limit.hasEnded) return "";
  const full = limit.fullAt === null ? "" : `, full ${clock(limit.fullAt)}`;
  const reset = limit.resetsAt === null ? "" : `, reset ${clock(limit.resetsAt)}`;
  return `${limit.window}${limit.isBinding ? "*" : ""} ${round(limit.utilization * 100)} %${full}${reset}`;
}

function dayLines({ usage }: DailyUsage): string[] {
  if (usage.length === 0) return ["No usage in these days."];
  const rows = usage.map((row) => [
    row.date,
    row.accountId,
    row.domain,
    String(row.totalRequests),
    number(row.totalTokens),
    number(row.cacheReadInputTokens),
    formatMoneySum(row),
    row.model ?? "",
  ]);
  return columns([["day", "account", "domain", "requests", "tokens", "cached", "cost", "model"], ...rows]);
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function round(percentage: number): number {
  return Math.round(percentage * 10) / 10;
}

/** In the local time zone, with the date unless it is today. */
function clock(time: string): string {
  const date = new Date(time);
  const hours = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return date.toDateString() === new Date().toDateString()
    ? hours
    : `${date.toLocaleDateString("en-GB", { day: "2-digit", month: "short" })} ${hours}`;
}
