/** Periods are half-open and exact to the millisecond, hours and days are those of the viewer's zone, in every endpoint alike. */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DAY_MS as DAY, HOUR_MS as HOUR, MINUTE_MS as MINUTE } from "../../workers/runtime/constants.ts";
import type { DailyUsage } from "../../workers/schemas/api/compat.ts";
import type { Errors } from "../../workers/schemas/api/failures.ts";
import type { FilterOptions } from "../../workers/schemas/api/filter-options.ts";
import type { Overview } from "../../workers/schemas/api/overview.ts";
import type { RequestList } from "../../workers/schemas/api/requests.ts";
import { parseUsd } from "../../workers/domain/pricing/usd.ts";
import { type ExchangeOptions, errorResponse, jsonResponse, messageRequest } from "../support/exchanges.ts";
import { apiJson, store } from "../support/worker-api.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";

const SECOND = 1_000;
const at = Date.parse;
const iso = (time: number) => new Date(time).toISOString();
const query = (from: number, to: number, rest = "") =>
  `?from=${encodeURIComponent(iso(from))}&to=${encodeURIComponent(iso(to))}${rest}`;
const overviewOf = (from: number, to: number, rest = "") =>
  apiJson<Overview>(`/api/overview${query(from, to, rest)}`);
const errorsOf = (from: number, to: number, rest = "") =>
  apiJson<Errors>(`/api/errors${query(from, to, rest)}`);
const requestsOf = async (from: number, to: number, rest = "") =>
  (await apiJson<RequestList>(`/api/requests${query(from, to, `&limit=500${rest}`)}`)).requests;
const sum = <T>(list: readonly T[], value: (one: T) => number) =>
  list.reduce((total, one) => total + value(one), 0);

const started = (startedAt: number, more: ExchangeOptions = {}): ExchangeOptions => ({ startedAt, ...more });
const failed = (startedAt: number) => started(startedAt, errorResponse(500, "api_error"));
const lasting = (durationMs: number) => ({ responseMetadata: { durationMs, timeToFirstByteMs: durationMs } });

describe("a period", () => {
  beforeEach(resetDatabase);

  it("ends before `to` and begins at `from`, to the millisecond: adjacent periods add up", async () => {
    const noon = at("2026-11-22T12:00:00Z");
    await store(
      failed(noon + 3 * MINUTE + 35 * SECOND),
      started(noon + 4 * MINUTE),
      started(noon + 4 * MINUTE + 1),
      failed(noon - HOUR),
    );
    const counts = async (from: number, to: number) => {
      const { totals } = await overviewOf(from, to);
      const { requests, total } = await errorsOf(from, to);
      const rows = await requestsOf(from, to);
      expect([requests, total]).toEqual([totals.requests, totals.errors]);
      expect([rows.length, rows.filter((row) => row.failed).length]).toEqual([requests, total]);
      return [requests, total];
    };
    expect(await counts(noon - HOUR, noon + SECOND)).toEqual([1, 1]);
    expect(await counts(noon + SECOND, noon + 4 * MINUTE)).toEqual([1, 1]);
    expect(await counts(noon + 4 * MINUTE, noon + 4 * MINUTE + 1)).toEqual([1, 0]);
    expect(await counts(noon + 4 * MINUTE + 1, noon + HOUR)).toEqual([1, 0]);
    expect(await counts(noon - HOUR, noon + HOUR)).toEqual([4, 2]);
    expect(await counts(noon - HOUR + 1, noon + 4 * MINUTE + 1)).toEqual([2, 1]);
  });

  it("is compared with the one directly before it, of exactly the same length", async () => {
    const from = at("2026-11-22T10:40:02.500Z");
    const to = from + HOUR;
    await store(
      started(from - HOUR - 1),
      started(from - HOUR),
      started(from - 1),
      started(from),
      started(to - 1),
      started(to),
    );
    const overview = await overviewOf(from, to);
    expect(overview).toMatchObject({
      from: iso(from),
      to: iso(to),
      previousFrom: "2026-11-22T09:40:02.500Z",
    });
    expect([overview.totals.requests, overview.previous.requests]).toEqual([2, 2]);
  });

  it("has the percentiles of its own requests, those of both ends included", async () => {
    const from = at("2026-11-22T12:02:00Z");
    const to = from + 6 * MINUTE;
    await store(
      started(from - 1, lasting(600_000)),
      started(from, lasting(18)),
      started(from + 4 * MINUTE, lasting(19)),
      started(to - 1, lasting(5_000)),
      started(to, lasting(600_000)),
    );
    const { totals, series } = await overviewOf(from, to);
    // The medians of the classes (18, 32] and (10, 18], and the upper part of (3200, 5600].
    expect(totals.durationP50Ms).toBe(25);
    expect(totals.firstByteP50Ms).toBe(25);
    expect(totals.durationP95Ms).toBeCloseTo(5_240);
    expect(series.map(({ firstByteP50Ms }) => firstByteP50Ms)).toEqual([14, 32]);
  });
});

describe("hours and days", () => {
  beforeEach(resetDatabase);

  const countsIn = async (from: number, to: number, zone: string) => {
    const rest = `&timeZone=${encodeURIComponent(zone)}`;
    const [overview, errors] = await Promise.all([overviewOf(from, to, rest), errorsOf(from, to, rest)]);
    const { bucket, bucketMs, series } = overview;
    expect(errors).toMatchObject({ bucket, bucketMs });
    expect(errors.series.map(({ time }) => time)).toEqual(series.map(({ time }) => time));
    expect(errors.series.map(({ count }) => count)).toEqual(series.map(({ errors: count }) => count));
    const filled = series.filter(({ requests }) => requests > 0);
    return { bucket, bucketMs, counts: Object.fromEntries(filled.map((one) => [one.time, one.requests])) };
  };

  it("are those of the zone: the last hours of a day are not the next day's", async () => {
    // 29 November, 16:30 and 23:30 in Los Angeles: in UTC, 30 November.
    await store(failed(at("2026-11-30T00:30:00Z")), started(at("2026-11-30T07:30:00Z")));
    const [from, to] = [at("2026-11-10T12:00:00Z"), at("2026-11-30T12:00:00Z")];
    expect(await countsIn(from, to, "UTC")).toEqual({
      bucket: "day",
      bucketMs: DAY,
      counts: { "2026-11-30T00:00:00.000Z": 2 },
    });
    const inLosAngeles = await countsIn(from, to, "America/Los_Angeles");
    expect(inLosAngeles.counts).toEqual({ "2026-11-29T08:00:00.000Z": 2 });
  });

  it("have 23 and 25 hours where the clocks change, and begin at half past in zones of half hours", async () => {
    await store(
      // In Berlin the last hour of 28 March, the first and the last of 29 March, and the first of 30 March.
      ...["28T22:30", "28T23:00", "29T21:59", "29T22:00"].map((time) => failed(at(`2026-03-${time}:00Z`))),
      // The last minute of 25 October, an hour of its own in UTC, and the first of 26 October.
      ...["25T22:59", "25T23:00"].map((time) => started(at(`2026-10-${time}:00Z`))),
    );
    const spring = await countsIn(at("2026-03-20"), at("2026-04-05"), "Europe/Berlin");
    expect(spring.counts).toEqual({
      "2026-03-27T23:00:00.000Z": 1,
      "2026-03-28T23:00:00.000Z": 2,
      "2026-03-29T22:00:00.000Z": 1,
    });
    const autumn = await countsIn(at("2026-10-20"), at("2026-11-05"), "Europe/Berlin");
    expect(autumn.counts).toEqual({ "2026-10-24T22:00:00.000Z": 1, "2026-10-25T23:00:00.000Z": 1 });
    const inKolkata = await countsIn(at("2026-10-25T12:00Z"), at("2026-10-26T12:00Z"), "Asia/Kolkata");
    expect(inKolkata).toEqual({ bucket: "hour", bucketMs: HOUR, counts: { "2026-10-25T22:30:00.000Z": 2 } });
  });
});

describe("cost by domain", () => {
  beforeEach(resetDatabase);

  it("adds up to the series and the totals, with the most expensive domains by name", async () => {
    const noon = at("2026-11-22T12:00:00Z");
    const domains = Array.from({ length: 9 }, (_, n) => `${n}.example`);
    await store(
      ...domains.map((domain, n) => started(noon + n * HOUR, { domain })),
      started(noon + 30 * MINUTE, { domain: "unpriced.example" }),
    );
    // Domain n costs n + 1 pico-dollars.
    for (const [n, domain] of domains.entries())
      await queryRows(
        `UPDATE rollups SET cost_pico = ${n + 1} WHERE domain_id = (SELECT id FROM domains WHERE name = '${domain}')`,
      );
    await queryRows("UPDATE rollups SET cost_pico = 0, unpriced_count = 1 WHERE cost_pico > 9");
    const overview = await overviewOf(noon, noon + 9 * HOUR, "&seriesBy=domain");
    const lines = overview.costByDomain!;
    expect(lines.map(({ domain, costUsd, unpricedCount }) => [domain, costUsd, unpricedCount])).toEqual([
      ["8.example", "0.000000000009", 0],
      ["7.example", "0.000000000008", 0],
      ["6.example", "0.000000000007", 0],
      ["5.example", "0.000000000006", 0],
      ["4.example", "0.000000000005", 0],
      ["3.example", "0.000000000004", 0],
      ["2.example", "0.000000000003", 0],
      [null, "0.000000000003", 1],
    ]);
    expect(lines.at(-1)!.series).toEqual(["0.000000000001", "0.000000000002", ...Array<string>(7).fill("0")]);
    expect(lines[0]!.series).toEqual([...Array<string>(8).fill("0"), "0.000000000009"]);
    expect(overview.totals).toMatchObject({ costUsd: "0.000000000045", unpricedCount: 1 });
    expect((await overviewOf(noon, noon + HOUR)).costByDomain).toBeUndefined();
  });
});

/** A response, also one of two models, whose tokens the lists by model separate. */
function advised(inputTokens: number, hasAdvisor: boolean): ExchangeOptions {
  const own = { input_tokens: inputTokens, output_tokens: 7 };
  const iterations = [
    { type: "message", ...own },
    { type: "advisor_message", model: "claude-sonnet-4-6", input_tokens: 400, output_tokens: 30 },
  ];
  const usage = { ...own, ...(hasAdvisor && { iterations }) };
  const content = [{ type: "text", text: "Well." }];
  const role = { role: "assistant", stop_reason: "end_turn" };
  return jsonResponse({ type: "message", model: "claude-opus-5-5", content, usage, ...role });
}

it("a model has all requests that requested or used it, in every list and count", async () => {
  await resetDatabase();
  const noon = Math.floor(Date.now() / (5 * MINUTE) - 3) * 5 * MINUTE;
  const ended = errorResponse(500, "api_error");
  const failing = advised(1_000, true);
  await store(
    { startedAt: noon, ...advised(100, true) },
    // Read from rows: not within a whole rollup of the period.
    { startedAt: noon + 7 * MINUTE, ...advised(10, true) },
    { startedAt: noon + MINUTE, ...advised(1, false) },
    {
      startedAt: noon + MINUTE,
      requestBody: messageRequest("Hi", { model: "claude-sonnet-4-6" }),
      ...ended,
    },
    // An error after the advisor has been billed.
    {
      startedAt: noon + 2 * MINUTE,
      ...failing,
      responseMetadata: { ...failing.responseMetadata, outcome: "upstream_failed" },
    },
  );
  const [from, to] = [noon, noon + 8 * MINUTE];
  const { models, totals } = await overviewOf(from, to);
  const expected = [
    { model: "claude-opus-5-5", requests: 4, errors: 1, inputTokens: 1_111, outputTokens: 28 },
    { model: "claude-sonnet-4-6", requests: 4, errors: 2, inputTokens: 1_200, outputTokens: 90 },
  ];
  expect(models).toMatchObject(expected);
  expect(totals).toMatchObject({ requests: 5, errors: 2, inputTokens: 2_311, outputTokens: 118 });
  const byModel = (await errorsOf(from, to)).models;
  for (const { model, ...counts } of expected) {
    const only = `&model=${model}`;
    const [overview, errors, rows] = await Promise.all([
      overviewOf(from, to, only),
      errorsOf(from, to, only),
      requestsOf(from, to, only),
    ]);
    expect(overview.totals).toMatchObject(counts);
    expect(overview.models).toMatchObject([{ model, ...counts }]);
    const { series, domains, accounts, requestTypes } = overview;
    const lists: Overview["previous"][][] = [series, domains, accounts, requestTypes];
    for (const list of lists)
      expect([sum(list, (one) => one.requests), sum(list, (one) => one.errors)]).toEqual([
        counts.requests,
        counts.errors,
      ]);
    expect([errors.requests, errors.total]).toEqual([counts.requests, counts.errors]);
    expect(errors.models).toEqual([{ model, count: counts.errors }]);
    expect(byModel).toContainEqual({ model, count: counts.errors });
    expect(rows).toHaveLength(counts.requests);
    expect(rows.filter((row) => row.failed)).toHaveLength(counts.errors);
  }
  const before = await overviewOf(to, to + 8 * MINUTE, "&model=claude-sonnet-4-6");
  expect(before.previous).toMatchObject({ requests: 4, errors: 2 });
  const { usage } = await apiJson<DailyUsage>("/api/token-usage/daily?accountId=acc_1&days=2");
  for (const { model, requests } of expected)
    expect(
      sum(
        usage.filter((one) => one.model === model),
        (one) => one.totalRequests,
      ),
    ).toBe(requests);
  expect((await apiJson<FilterOptions>("/api/choices")).models).toEqual([
    "claude-opus-5-5",
    "claude-sonnet-4-6",
  ]);
});

/** Numbers from 0 to 1, the same in every run. */
function randomNumbers(seed: number) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe("over generated traffic", () => {
  const random = randomNumbers(20_261_025);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!;
  // The clocks of Europe go back within these days, and many requests lie at the ends of buckets.
  const start = at("2026-10-16T00:00:00Z");
  const length = 20 * DAY;
  const moment = () => {
    const anywhere = start + Math.floor(random() * length);
    return random() < 0.5
      ? anywhere
      : Math.floor(anywhere / (5 * MINUTE)) * 5 * MINUTE - Math.floor(random() * 2);
  };
  const traffic = Array.from({ length: 160 }, (_, n): ExchangeOptions => ({
    startedAt: moment(),
    domain: pick(["a.example", "b.example", "c.example"]),
    requestBody: messageRequest(`Question ${n}`, { model: pick(["claude-opus-5-5", "claude-haiku-4-5"]) }),
    requestMetadata: { accountId: pick(["acc_1", "acc_2"]) },
    ...(random() < 0.3
      ? errorResponse(pick([429, 500, 529]), "api_error")
      : advised(Math.floor(random() * 1_000), random() < 0.4)),
  }));
  const zones = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu"];
  const periods = Array.from({ length: 16 }, (_, n) => {
    const [from, to] = [moment(), moment()].sort((a, b) => a - b) as [number, number];
    // Short ones, too, of which none is within a rollup.
    return {
      from,
      to: n % 4 === 0 ? from + 1 + Math.floor(random() * 3 * HOUR) : to + 1,
      zone: zones[n % 5]!,
    };
  });

  beforeAll(async () => {
    await resetDatabase();
    await store(...traffic);
  });

  it.each(periods)(
    "overview, errors and requests agree from $from to $to in $zone",
    async ({ from, to, zone }) => {
      const rest = `&timeZone=${encodeURIComponent(zone)}&seriesBy=domain`;
      const own = traffic.filter(({ startedAt }) => startedAt! >= from && startedAt! < to);
      const overview = await overviewOf(from, to, rest);
      const errors = await errorsOf(from, to, `&timeZone=${encodeURIComponent(zone)}`);
      const rows = await requestsOf(from, to);
      expect([overview.totals.requests, errors.requests, rows.length]).toEqual(Array(3).fill(own.length));
      const failures = rows.filter((row) => row.failed).length;
      const { totals, previous, domains, accounts, models, requestTypes, series, costByDomain } = overview;
      expect([totals.errors, errors.total]).toEqual([failures, failures]);
      const lists: Overview["previous"][][] = [series, domains, accounts, requestTypes, models];
      for (const list of lists)
        for (const field of ["inputTokens", "outputTokens", "unpricedCount", "requests", "errors"] as const)
          // A request counts for each model that it used.
          if (list !== models || (field !== "requests" && field !== "errors"))
            expect(sum(list, (one) => one[field])).toBe(totals[field]);
      const pico = (list: readonly { costUsd: string | null }[]) =>
        list.reduce((total, { costUsd }) => total + parseUsd(costUsd ?? "0"), 0n);
      const cells = costByDomain!.flatMap((line) => line.series.map((costUsd) => ({ costUsd })));
      for (const list of [series, domains, models, costByDomain!, cells])
        expect(pico(list)).toBe(pico([totals]));
      expect(pico(rows)).toBe(pico([totals]));
      for (const { model, requests } of models)
        expect(await requestsOf(from, to, `&model=${model}`)).toHaveLength(requests);
      const before = await requestsOf(from - (to - from), from);
      expect(previous.requests).toBe(before.length);

      // Postgres has rules for zones of its own.
      const unit = overview.bucket === "5m" ? null : overview.bucket;
      const starts = await queryRows<{ start: number; count: number }>(
        `SELECT extract(epoch FROM ${unit ? `date_trunc('${unit}', started_at, '${zone}')` : "date_bin('5m', started_at, 'epoch')"})::float8 * 1000 AS start,
        count(*)::int FROM requests WHERE started_at >= '${iso(from)}' AND started_at < '${iso(to)}' GROUP BY 1 ORDER BY 1`,
      );
      expect(series.flatMap(({ time, requests }) => (requests > 0 ? [[at(time), requests]] : []))).toEqual(
        starts.map(({ start, count }) => [start, count]),
      );

      const middle = from + Math.ceil((to - from) / 2);
      const parts = [await overviewOf(from, middle), await overviewOf(middle, to)].map((half) => half.totals);
      for (const field of [
        "requests",
        "errors",
        "inputTokens",
        "cacheReadInputTokens",
        "toolCallCount",
      ] as const)
        expect(sum(parts, (part) => part[field])).toBe(totals[field]);
      expect(pico(parts)).toBe(pico([totals]));
    },
  );
});
