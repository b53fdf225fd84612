import { describe, expect, test } from "vitest";
import { loadRecordings } from "../../../test/support/recordings.ts";
import { rateLimitHeaders, storedRequestHeaders, storedResponseHeaders } from "./stored-headers.ts";

const VENDOR_KEY = `sk-${"ant"}-api03-${"x1Y".repeat(30)}`;

describe("storedRequestHeaders", () => {
  test("keeps what distinguishes clients, in lower case", () => {
    const kept: [string, string][] = [
      ["User-Agent", "claude-cli/2.1.330 (external, sdk-cli)"],
      ["Anthropic-Version", "2023-06-01"],
      ["anthropic-beta", "a-2025-01-01,b-2026-02-02"],
      ["anthropic-workspace-id", "wrkspc_1"],
      ["X-App", "cli"],
      ["X-Stainless-Retry-Count", "0"],
      ["X-Claude-Code-Session-Id", "s"],
      ["Content-Type", "application/json"],
      ["Content-Encoding", "gzip"],
      ["Content-Length", "12"],
      ["Accept", "*/*"],
      ["Accept-Encoding", "br"],
    ];
    const expected = Object.fromEntries(kept.map(([name, value]) => [name.toLowerCase(), value]));
    expect(storedRequestHeaders(kept)).toEqual(expected);
    expect(storedRequestHeaders(new Headers(kept))).toEqual(expected);
  });

  test.each([
    "authorization",
    "Proxy-Authorization",
    "x-api-key",
    "X-Nexus-Key",
    "x-dashboard-key",
    "cookie",
    "set-cookie",
    "cf-connecting-ip",
    "x-forwarded-for",
    "x-real-ip",
    "referer",
    "cf-access-jwt-assertion",
    "anthropic-api-key",
    "anthropic-auth-token",
    "anthropic-access-token",
    "x-stainless-secret",
    "x-claude-code-oauth-token",
    "anthropic-session-cookie",
    "x-applet",
    "accept-language",
    "__proto__",
  ])("never keeps %s", (name) => {
    expect(Object.keys(storedRequestHeaders([[name, "v"]]))).toEqual([]);
    expect(Object.keys(storedResponseHeaders([[name, "v"]]))).toEqual([]);
  });

  test("masks a secret that a client put into a harmless header, also one that the cut goes through", () => {
    const kept = storedRequestHeaders([
      ["user-agent", `me/1.0 ${VENDOR_KEY}`],
      ["x-app", `${"a ".repeat(490)}Bearer abcdefghijklmnopqrstuvwxyz`],
    ]);
    expect(kept["user-agent"]).toBe("me/1.0 sk-ant-***");
    expect(kept["x-app"]).not.toContain("abcdefg");
  });

  test("keeps only the names of unknown headers with an allowed prefix", () => {
    const unknown = ["anthropic-custom", "x-claude-code-new", "x-stainless-thing"];
    expect(storedRequestHeaders(unknown.map((name): [string, string] => [name, "hush-hush"]))).toEqual(
      Object.fromEntries(unknown.map((name) => [name, "***"])),
    );
  });

  test("cuts values at 1,000 characters", () => {
    expect(storedRequestHeaders([["x-app", "y".repeat(5_000)]])["x-app"]).toHaveLength(1_000);
  });

  test("joins a header that came twice, as the standard does", () => {
    expect(
      storedRequestHeaders([
        ["anthropic-beta", "a"],
        ["Anthropic-Beta", "b"],
      ]),
    ).toEqual({ "anthropic-beta": "a, b" });
  });

  test("bears a client that plays with a prefix", () => {
    const many = Array.from({ length: 5_000 }, (_, n): [string, string] => [`x-stainless-${n}`, "v"]);
    const kept = storedRequestHeaders([...many, [`x-stainless-${"n".repeat(200)}`, "v"]]);
    expect(Object.keys(kept)).toHaveLength(100);
  });
});

test("storedResponseHeaders keeps ids, limits of any kind and how the response was transferred", () => {
  const headers = {
    "content-type": "text/event-stream",
    "content-encoding": "gzip",
    "content-length": "1",
    "request-id": "req_1",
    "anthropic-organization-id": "o",
    "anthropic-ratelimit-unified-5h-utilization": "1.04",
    "anthropic-ratelimit-input-tokens-remaining": "5",
    "anthropic-priority-input-tokens-limit": "6",
    "anthropic-fast-output-tokens-reset": "2026-11-22T00:00:00Z",
    "retry-after": "7",
    "x-should-retry": "true",
    "cf-ray": "abc",
    via: "1.1 google",
  };
  expect(storedResponseHeaders(Object.entries(headers))).toEqual(headers);
  expect(
    storedResponseHeaders([
      ["user-agent", "x"],
      ["location", "/?token=x"],
    ]),
  ).toEqual({});
});

test("storedResponseHeaders finds the limits among them by any suffix", () => {
  const limits = {
    "anthropic-ratelimit-unified-status": "allowed",
    "anthropic-ratelimit-unified-7d_oi-utilization": "1.0",
    "anthropic-ratelimit-something-new": "x",
    "retry-after": "7",
    "x-should-retry": "true",
  };
  expect(rateLimitHeaders({ ...limits, "request-id": "r", "retry-after-ms": "1" })).toEqual(limits);
  expect(rateLimitHeaders({})).toEqual({});
});

test("of every recorded exchange all that matters is kept and no credential", () => {
  for (const { request, response } of loadRecordings()) {
    const kept = storedRequestHeaders(Object.entries(request.headers));
    expect(kept).toHaveProperty("anthropic-version");
    expect(kept).toHaveProperty("user-agent", request.headers["user-agent"]);
    expect(JSON.stringify(kept)).not.toContain("***");
    expect(kept).not.toHaveProperty("authorization");
    const answered = storedResponseHeaders(Object.entries(response.headers).map(([k, v]) => [k, String(v)]));
    expect(rateLimitHeaders(answered)).toMatchObject({ "anthropic-ratelimit-unified-status": "allowed" });
    expect(answered["request-id"]).toMatch(/^req_/);
  }
});
