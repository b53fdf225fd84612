/** The vendor's limits in an account's window; reports from the proxy and from ingest. */
import { createExecutionContext, evictDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HOUR_MS as HOUR, MINUTE_MS as MINUTE } from "../../workers/runtime/constants.ts";
import { LIVE_FEED_NAME } from "../../workers/runtime/constants.ts";
import { reportRateLimits } from "../../workers/proxy/report/rate-limit-reports.ts";
import { readEvents, type SentEvent } from "../support/event-stream.ts";
import { streamOf, makeExchange } from "../support/exchanges.ts";
import { deliver, resetStorage, journal, messageOf, ACKNOWLEDGED } from "../support/worker-ingest.ts";
import { windowExchange } from "../support/window-exchanges.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const RESET = NOW + 2 * HOUR;

let made = 0;
function newWindow() {
  const accountId = `limits-${++made}`;
  const stub = env.ACCOUNT_WINDOW.getByName(accountId);
  return {
    accountId,
    stub,
    fiveHours: (utilization: number, at: number, more: Record<string, string> = {}) =>
      stub.report({
        accountId,
        at,
        headers: {
          "anthropic-ratelimit-unified-5h-utilization": String(utilization),
          "anthropic-ratelimit-unified-5h-reset": String(RESET / 1000),
          "anthropic-ratelimit-unified-5h-status": "allowed",
          "anthropic-ratelimit-unified-representative-claim": "five_hour",
          ...more,
        },
      }),
    state: (options: { now?: number; historyFrom?: number } = {}) =>
      stub.state(accountId, { now: NOW, ...options }),
  };
}
function clockAt(now: number): void {
  vi.spyOn(Date, "now").mockReturnValue(now);
}
afterEach(() => void vi.restoreAllMocks());

describe("the vendor's limits", () => {
  it("are kept as last reported and as history, through an eviction", async () => {
    clockAt(NOW);
    const { fiveHours, state, stub } = newWindow();
    await fiveHours(0.2, NOW - 60 * MINUTE);
    await fiveHours(0.25, NOW - 60 * MINUTE + 10);
    await evictDurableObject(stub);
    await fiveHours(0.5, NOW, { "anthropic-ratelimit-unified-7d_oi-utilization": "1.2" });
    const { limits, overall, reportedAt } = await state({ historyFrom: 0 });
    expect(limits).toMatchObject([
      {
        name: "5h",
        style: "unified",
        utilization: 0.5,
        reportedAt: NOW,
        resetAt: RESET,
        isBinding: true,
        hasEnded: false,
        forecast: { perHour: expect.closeTo(0.25, 4) as number },
        history: [
          { at: NOW - 60 * MINUTE + 10, utilization: 0.25 },
          { at: NOW, utilization: 0.5 },
        ],
      },
      { name: "7d_oi", utilization: 1.2, isBinding: false },
    ]);
    expect(overall).toEqual({ "representative-claim": "five_hour" });
    expect(reportedAt).toBe(NOW);
    expect((await state()).limits[0]?.history).toEqual([]);
    expect((await state({ now: RESET })).limits[0]?.hasEnded).toBe(true);
  });

  it("are not overwritten by a late report", async () => {
    clockAt(NOW);
    const { fiveHours, state } = newWindow();
    await fiveHours(0.6, NOW);
    await fiveHours(0.95, NOW - 10 * MINUTE);
    const { limits, alerts } = await state({ historyFrom: 0 });
    expect(limits[0]?.utilization).toBe(0.6);
    expect(limits[0]?.history.map(({ utilization }) => utilization)).toEqual([0.95, 0.6]);
    expect(alerts).toEqual([]);
  });

  it("recover from a clock that was ahead, of the object or of the proxy", async () => {
    clockAt(NOW + 90 * 24 * HOUR);
    const { fiveHours, state } = newWindow();
    await fiveHours(0.1, NOW + 90 * 24 * HOUR);
    clockAt(NOW);
    await fiveHours(0.3, NOW + 5 * HOUR);
    await fiveHours(0.4, NOW);
    const { limits, reportedAt } = await state({ historyFrom: 0 });
    expect(limits[0]).toMatchObject({ utilization: 0.4, reportedAt: NOW });
    expect(limits[0]?.history.map(({ utilization }) => utilization)).toEqual([0.4]);
    expect(reportedAt).toBe(NOW);
  });

  it("raise one alert per threshold and window", async () => {
    clockAt(NOW);
    const { fiveHours, state, stub } = newWindow();
    for (const utilization of [0.74, 0.76, 0.8]) await fiveHours(utilization, NOW);
    await evictDurableObject(stub);
    await fiveHours(0.85, NOW);
    expect((await state()).alerts).toEqual([{ window: "5h", threshold: 0.75, at: NOW, resetAt: RESET }]);
    await fiveHours(0.93, NOW);
    expect((await state()).alerts).toMatchObject([{ threshold: 0.9 }]);
  });

  it("use the account's own thresholds", async () => {
    clockAt(NOW);
    const { fiveHours, state, stub, accountId } = newWindow();
    await stub.configure({ tokenLimit: 100, thresholds: [0.5] });
    await fiveHours(0.4, NOW);
    expect((await state()).alerts).toEqual([]);
    const exchanges = [windowExchange(1, { startedAt: NOW - MINUTE, inputTokens: 0, outputTokens: 60 })];
    await stub.record({ accountId, moved: [], exchanges });
    const { alerts, settings, fullAt } = await state();
    expect(alerts).toMatchObject([{ window: "tokens", threshold: 0.5, resetAt: null }]);
    expect(settings).toEqual({ tokenLimit: 100, thresholds: [0.5] });
    expect(fullAt).toBe(NOW + 40 * MINUTE);
  });

  it("are published to the live feed, once for many changes", async () => {
    const { fiveHours, accountId } = newWindow();
    const feed = env.LIVE_FEED.getByName(LIVE_FEED_NAME);
    const { body } = await feed.fetch("http://live-feed/");
    const reader = readEvents(body as ReadableStream<Uint8Array>);
    for (const utilization of [0.1, 0.2, 0.3]) await fiveHours(utilization, Date.now());
    const announced: unknown[] = [];
    const readUntil = async (isLast: (event: SentEvent) => boolean) => {
      for (;;) {
        const event = await reader.next();
        if (
          event?.event === "window.updated" &&
          (event.data as { accountId: string }).accountId === accountId
        )
          announced.push(event.data);
        if (!event || isLast(event)) return;
      }
    };
    await readUntil(() => announced.length > 0);
    await feed.publish([{ event: "window.updated", data: { last: accountId } }]);
    await readUntil(({ data }) => (data as { last?: string }).last === accountId);
    await reader.cancel();
    expect(announced).toEqual([
      expect.objectContaining({
        requests: 0,
        unified: [expect.objectContaining({ window: "5h", utilization: 0.3, isBinding: true }) as object],
      }),
    ]);
  });

  it("list the vendor's warnings, but not those about overage", async () => {
    clockAt(NOW);
    const { fiveHours, stub } = newWindow();
    const overage = { "anthropic-ratelimit-unified-overage-status": "rejected" };
    await fiveHours(0.1, NOW - 30 * MINUTE, overage);
    await fiveHours(0.9, NOW, { ...overage, "anthropic-ratelimit-unified-5h-status": "allowed_warning" });
    expect(await stub.warnings(0)).toEqual([NOW]);
    expect(await stub.warnings(NOW + 1)).toEqual([]);
  });
});

it("the proxy reports an account's newest headers at most once a second, in the background", async () => {
  const reported: { accountId: string; headers: Record<string, string> }[] = [];
  const report = (one: (typeof reported)[number]) => void reported.push(one);
  const windows = { getByName: () => ({ report }) };
  const fake = { ...env, ACCOUNT_WINDOW: windows as unknown as Env["ACCOUNT_WINDOW"] };
  const ctx = createExecutionContext();
  const note = (account: { accountId: string | null; domain: string }, headers: Record<string, string>) =>
    reportRateLimits(fake, ctx, account, headers, Date.now());
  for (let n = 0; n < 50; n++)
    note({ accountId: "a", domain: "d" }, { "anthropic-ratelimit-unified-5h-utilization": `0.${n}` });
  note({ accountId: null, domain: "d" }, { "anthropic-ratelimit-x-limit": "1" });
  note(
    { accountId: null, domain: "d" },
    { "anthropic-organization-id": "org", "anthropic-fast-input-tokens-limit": "1" },
  );
  note({ accountId: "quiet", domain: "d" }, { "content-type": "text/plain", "retry-after": "1" });
  expect(reported).toEqual([]);
  await waitOnExecutionContext(ctx);
  expect(reported.map(({ accountId, headers }) => [accountId, Object.entries(headers)])).toEqual([
    ["a", [["anthropic-ratelimit-unified-5h-utilization", "0.49"]]],
    ["d", [["anthropic-ratelimit-x-limit", "1"]]],
    ["org", [["anthropic-fast-input-tokens-limit", "1"]]],
  ]);
});

it("the proxy ignores a failing window", async () => {
  const broken = { getByName: () => ({ report: () => Promise.reject(new Error("overloaded")) }) };
  const ctx = createExecutionContext();
  const headers = { "anthropic-ratelimit-unified-5h-utilization": "0.5" };
  const fake = { ...env, ACCOUNT_WINDOW: broken as unknown as Env["ACCOUNT_WINDOW"] };
  reportRateLimits(fake, ctx, { accountId: "broken", domain: "d" }, headers, Date.now());
  await expect(waitOnExecutionContext(ctx)).resolves.toBeUndefined();
});

describe("ingest", () => {
  beforeEach(resetStorage);

  it("reports each committed exchange once, and moves it to the account it belongs to", async () => {
    const usage = { input_tokens: 12, cache_read_input_tokens: 30 };
    const unnamed = { accountId: null, credentialType: "passthrough" as const, domain: "mine.example" };
    // A window keeps eight days before the present.
    const startedAt = Date.now() - MINUTE;
    const first = makeExchange({
      startedAt,
      requestMetadata: { accountId: "ingest-1" },
      responseBody: streamOf("Well.", usage),
    });
    const headers = { "content-type": "text/event-stream", "anthropic-organization-id": "ingest-org" };
    const late = makeExchange({ startedAt, requestMetadata: unnamed, responseMetadata: { headers } });
    await journal(first);
    await journal(late, ["request"]);
    const notifications = [messageOf(first), messageOf(late)];
    await deliver(notifications);
    const totals = async (account: string) =>
      (await env.ACCOUNT_WINDOW.getByName(account).totals(startedAt + MINUTE)).total;
    const counted = { requests: 1, inputTokens: 12, cacheReadInputTokens: 30 };
    expect(await totals("ingest-1")).toMatchObject(counted);
    expect(await totals("mine.example")).toMatchObject({ requests: 1, inputTokens: 0 });
    await journal(late);
    await deliver(notifications);
    await deliver(notifications);
    expect((await totals("ingest-1")).requests).toBe(1);
    expect((await totals("mine.example")).requests).toBe(0);
    expect((await totals("ingest-org")).requests).toBe(1);
  });

  it("stores and acknowledges while the windows fail", async () => {
    const exchange = await journal(makeExchange());
    const broken = { getByName: () => ({ record: () => Promise.reject(new Error("overloaded")) }) };
    const bindings = { ACCOUNT_WINDOW: broken as unknown as Env["ACCOUNT_WINDOW"] };
    expect(await deliver([messageOf(exchange)], { bindings })).toEqual(ACKNOWLEDGED);
  });
});
