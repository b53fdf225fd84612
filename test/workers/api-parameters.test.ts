/** Reads refuse invalid parameters: the response names the parameter and the allowed values. */
import { describe, expect, it } from "vitest";
import { apiError } from "../support/worker-api.ts";

const iso = (day: string) => encodeURIComponent(`2026-11-${day}T12:00:00Z`);
const ACCOUNT = "accountId=acc_0";
const ANY = "";
/** Empty, backwards, and longer than 400 days. */
const PERIODS = ["22", "21"].map((to) => `from=${iso("22")}&to=${iso(to)}`);
PERIODS.push(`from=2025-10-17&to=${iso("22")}`);

/** By path, and by a part of the text about allowed values: queries whose first parameter is invalid. */
const INVALID: Record<string, Record<string, string[]>> = {
  "/api/requests": {
    "1 to 500": ["limit=0", "limit=501", "limit=ten", "limit=1.5", "limit=1&limit=2"],
    "from 0": ["offset=-1"],
    "429": ["status=42", "status=600", "status=4x"],
    client_gone: ["outcome=lost"],
    inference: ["requestType=Drop Table"],
    "ISO 8601": ["from=yesterday", "from=2026-13-01", "to=2026-11-22T12:00:00"],
    "1970": ["from=1969-12-31"],
    after: ["to=2026-11-22&from=2026-11-22"],
    UUID: ["conversationId=7"],
    nextCursor: ["cursor=x", "cursor=MS4xLjE"],
    control: ["domain=a%00b", "sessionId=%0A"],
    "200": [`model=${"m".repeat(201)}`],
  },
  "/api/conversations": {
    [ANY]: [
      "limit=0",
      "hasErrors=maybe",
      "from=yesterday",
      "cursor=nonsense",
      `to=${iso("21")}&from=${iso("22")}`,
    ],
  },
  "/api/search": { [ANY]: ["q=", `q=${"x".repeat(501)}`] },
  "/api/search?q=a": { [ANY]: ["cursor=x", "role=tool"] },
  [`/api/token-usage/current?${ACCOUNT}`]: { [ANY]: ["window=0", "window=x", "window=1.5", "window=44641"] },
  [`/api/token-usage/daily?${ACCOUNT}`]: { [ANY]: ["days=0", "days=401", "days=-1", "aggregate=maybe"] },
  [`/api/token-usage/time-series?${ACCOUNT}`]: {
    [ANY]: ["window=0", "window=721", "interval=0", "interval=1441"],
    "at least 22 minutes for this window": ["interval=5&window=720"],
  },
  [`/api/analytics/token-usage/sliding-window?${ACCOUNT}`]: {
    [ANY]: ["days=0", "days=31", "bucketMinutes=0", "bucketMinutes=61", "windowHours=0", "windowHours=25"],
  },
  "/api/usage/requests/hourly": { [ANY]: ["days=0", "days=31", "days=x"] },
  "/api/usage/tokens/hourly": { [ANY]: ["days=0", "days=31", "days=NaN"] },
  "/api/windows": { [ANY]: ["limit=0", "limit=201"] },
  "/api/windows/acc_0": { [ANY]: ["historyHours=-1", "historyHours=193"] },
  "/api/stats": { [ANY]: ["since=yesterday", "since=2026-13-01"] },
  "/api/dashboard/stats": { [ANY]: ["domain=%00", `accountId=${"a".repeat(129)}`] },
  "/api/overview": {
    "Europe/Berlin": ["timeZone=Berlin", "timeZone=%00", "timeZone=UTC%2B1", `timeZone=${"a".repeat(65)}`],
    domain: ["seriesBy=model"],
    [ANY]: ["from=yesterday", "to=2026-13-01", "to=never", `model=${"m".repeat(201)}`, ...PERIODS],
  },
  "/api/errors": {
    "IANA name": ["timeZone=Mars/Olympus"],
    [ANY]: ["from=yesterday", "to=2026-02-31", "limit=0", "limit=201", "errorType=%00", ...PERIODS],
  },
  "/api/status": { [ANY]: ["maxAge=61"] },
  "/token-stats": { [ANY]: ["domain=%00"] },
};

describe.each(Object.entries(INVALID))("%s", (path, invalid) => {
  const cases = Object.entries(invalid).flatMap(([allowed, list]) => list.map((query) => [query, allowed]));
  it.each(cases)("refuses %s", async (query, allowed) => {
    const { status, code, details, message } = await apiError(
      `${path}${path.includes("?") ? "&" : "?"}${query}`,
    );
    const parameter = query.split("=")[0]!;
    expect([status, code]).toEqual([400, "invalid_request"]);
    expect(details[0]).toMatchObject({
      in: "query",
      parameter,
      allowed: expect.stringContaining(allowed) as string,
    });
    expect(details[0]!.allowed).not.toBe("");
    expect(message).toContain(parameter);
  });
});

it.each([
  ["/api/search", "q"],
  ["/api/token-usage/current", "accountId"],
  ["/api/token-usage/daily", "accountId"],
  ["/api/token-usage/time-series", "accountId"],
  ["/api/analytics/token-usage/sliding-window", "accountId"],
])("%s requires %s", async (path, required) => {
  for (const missing of [path, `${path}?${required}=`])
    expect((await apiError(missing)).details[0]?.parameter).toBe(required);
});

it("several invalid parameters are all named", async () => {
  const { details } = await apiError("/api/requests?limit=0&status=x&from=y");
  expect(details.map(({ parameter }) => parameter)).toEqual(["status", "from", "limit"]);
});
