/** Cron leaves Postgres alone while there is nothing to do there, so that a database that suspends when idle can. */
import {
  createExecutionContext,
  createScheduledController,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  CRON_SCHEDULE_NAME,
  DATABASE_USE_REPORT_MS,
  HOUR_MS,
  MINUTE_MS,
} from "../../workers/runtime/constants.ts";
import { handleScheduled } from "../../workers/scheduled/cron.ts";
import { apiJson, testEnv } from "../support/worker-api.ts";
import { queryRows } from "../support/worker-database.ts";
import { resetStorage } from "../support/worker-ingest.ts";
import { storeConversation, user } from "../support/worker-linked-conversation.ts";

const EVENING = Date.UTC(2030, 0, 1, 18);
const EVERY_MINUTE = "* * * * *";
const EVERY_HOUR = "41 * * * *";
const bindings = {
  DEBUG_SQL: "true",
  GEMINI_API_KEY: "test-gemini-key",
  AI_DAILY_BUDGET_USD: "1",
  ANALYSES: { sendBatch: () => Promise.resolve() },
};
const schedule = () => env.CRON_SCHEDULE.getByName(CRON_SCHEDULE_NAME);

let statements = 0;

beforeEach(async () => {
  await resetStorage();
  await runInDurableObject(schedule(), (_, { storage }) => storage.deleteAll());
  statements = 0;
  vi.spyOn(console, "info").mockImplementation((line: string) => {
    if (line.includes('"message":"statement"')) statements++;
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Runs cron as of `at`. Returns how many statements it sent. */
async function cron(at: number, expression = EVERY_MINUTE, more: object = {}): Promise<number> {
  vi.useFakeTimers({ now: at, toFake: ["Date"] });
  const before = statements;
  const ctx = createExecutionContext();
  const controller = createScheduledController({ cron: expression, scheduledTime: new Date(at) });
  await handleScheduled(controller, testEnv({ ...bindings, ...more }), ctx);
  await waitOnExecutionContext(ctx);
  return statements - before;
}

it("sends statements after a use, and then none for a day", async () => {
  expect(await cron(EVENING)).toBeGreaterThan(0);
  await schedule().used(EVENING + MINUTE_MS);
  expect(await cron(EVENING + MINUTE_MS)).toBeGreaterThan(0);
  const quiet = EVENING + 2 * MINUTE_MS + 2 * DATABASE_USE_REPORT_MS;
  await cron(quiet);
  let sent = 0;
  for (let at = quiet + MINUTE_MS; at < quiet + 24 * HOUR_MS; at += 10 * MINUTE_MS) sent += await cron(at);
  for (let at = quiet + HOUR_MS; at < quiet + 24 * HOUR_MS; at += HOUR_MS) sent += await cron(at, EVERY_HOUR);
  expect(sent).toBe(0);
});

it("compares KV with Postgres in an hour in which the database was used", async () => {
  await cron(EVENING);
  await schedule().used(EVENING + 2 * HOUR_MS);
  expect(await cron(EVENING + 2 * HOUR_MS + MINUTE_MS, EVERY_HOUR)).toBeGreaterThan(0);
  expect(await cron(EVENING + 4 * HOUR_MS, EVERY_HOUR)).toBe(0);
});

it("looks again after other settings, and while the schedule is not reachable", async () => {
  const quiet = EVENING + 10 * MINUTE_MS;
  await cron(EVENING);
  await cron(quiet);
  expect(await cron(quiet + MINUTE_MS)).toBe(0);
  expect(await cron(quiet + 2 * MINUTE_MS, EVERY_MINUTE, { AI_DAILY_BUDGET_USD: "2" })).toBeGreaterThan(0);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const CRON_SCHEDULE = { getByName: () => ({ isDue: () => Promise.reject(new Error("no object")) }) };
  expect(await cron(quiet + 3 * MINUTE_MS, EVERY_MINUTE, { CRON_SCHEDULE })).toBeGreaterThan(0);
});

it("looks each minute while the database does not answer", async () => {
  await cron(EVENING);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const down = { NEON_BRIDGE: "127.0.0.1:1" };
  await cron(EVENING + 10 * MINUTE_MS, EVERY_MINUTE, down);
  await cron(EVENING + 11 * MINUTE_MS, EVERY_MINUTE, down);
  expect(await schedule().isDue(EVENING + 12 * MINUTE_MS, "any")).toBe(true);
  expect(await cron(EVENING + 12 * MINUTE_MS)).toBeGreaterThan(0);
});

it("looks when a conversation becomes idle in a domain with automatic mode, and not before", async () => {
  const hello = { name: "root", at: 100, messages: [user("Hello")], response: "Hi." };
  await storeConversation("aaaaaaaa-0000-5000-8000-000000000001", [hello]);
  await queryRows("UPDATE conversations SET turns = 2, latest_context_tokens = 100, last_at = $1", [
    new Date(EVENING),
  ]);
  await queryRows(
    `UPDATE domains SET analysis_enabled = true, analysis_automatic = '{"idleMinutes": 90, "moreThanTurns": 1}'`,
  );
  await cron(EVENING + MINUTE_MS);
  await cron(EVENING + 10 * MINUTE_MS);
  expect(await cron(EVENING + 89 * MINUTE_MS)).toBe(0);
  expect(await cron(EVENING + 91 * MINUTE_MS)).toBeGreaterThan(0);
  expect(await queryRows("SELECT status FROM analyses")).toEqual([{ status: "pending" }]);
  // Its queue message may be lost: cron looks when it is overdue.
  expect(await cron(EVENING + 94 * MINUTE_MS)).toBeGreaterThan(0);
});

it("reads the account that pays for analyses once", async () => {
  await cron(EVENING);
  const statementsOf = (minute: number, more: object) =>
    cron(EVENING + minute * MINUTE_MS, EVERY_MINUTE, more);
  const without = await statementsOf(10, { GEMINI_API_KEY: undefined });
  const claude = { AI_PROVIDER: "claude", AI_CLAUDE_ACCOUNT_ID: "acc_1" };
  expect(await statementsOf(20, claude)).toBe(without + 1);
});

it("a change through the API and a batch of ingest are uses", async () => {
  await cron(EVENING);
  const used = vi.fn();
  const CRON_SCHEDULE = { getByName: () => ({ used }) };
  vi.useFakeTimers({ now: EVENING + HOUR_MS, toFake: ["Date"] });
  await apiJson("/api/status", { bindings: { CRON_SCHEDULE } });
  expect(used).not.toHaveBeenCalled();
  await apiJson("/api/domains/team.example/analysis", {
    method: "PUT",
    body: { analysisEnabled: false },
    bindings: { CRON_SCHEDULE },
  }).catch(() => undefined);
  expect(used.mock.calls).toEqual([[EVENING + HOUR_MS]]);
});
