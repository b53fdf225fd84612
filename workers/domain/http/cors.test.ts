import { describe, expect, it } from "vitest";
import { isFromOtherSite, isPreflight, preflightHeaders } from "./cors.ts";

const PREFLIGHT = { origin: "https://pivot.claude.ai", "access-control-request-method": "POST" };

describe("a preflight", () => {
  it.each<[string, Record<string, string>, boolean]>([
    ["OPTIONS", PREFLIGHT, true],
    ["OPTIONS", { origin: "null", "access-control-request-method": "GET" }, true],
    ["OPTIONS", {}, false],
    ["OPTIONS", { origin: PREFLIGHT.origin }, false],
    ["OPTIONS", { "access-control-request-method": "POST" }, false],
    ["POST", PREFLIGHT, false],
    ["GET", PREFLIGHT, false],
  ])("is %s with %j: %s", (method, headers, expected) => {
    expect(isPreflight(method, new Headers(headers))).toBe(expected);
  });

  it("is allowed every method and the headers that it names", () => {
    const names = "authorization,x-api-key,anthropic-dangerous-direct-browser-access";
    const headers = preflightHeaders(new Headers({ "access-control-request-headers": names }));
    expect(headers).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-headers": names,
    });
    expect(headers["access-control-allow-methods"]?.split(", ")).toEqual(
      expect.arrayContaining(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
    );
    expect(headers).not.toHaveProperty("access-control-allow-credentials");
    expect(headers).not.toHaveProperty("access-control-allow-private-network");
  });

  it("that names no headers is allowed those that need no permission", () => {
    expect(preflightHeaders(new Headers())["access-control-allow-headers"]).toBe("*");
  });
});

describe("a request", () => {
  const ALLOWED = "https://tool.example, chrome-extension://abc,null";
  const OTHER_SITE = { "sec-fetch-site": "cross-site" };
  it.each<[boolean, string, Record<string, string>, string?]>([
    [false, "localhost", {}],
    [false, "localhost", { "sec-fetch-site": "none" }],
    [false, "localhost", { "sec-fetch-site": "same-site" }],
    [true, "localhost", OTHER_SITE],
    [true, "team.example", OTHER_SITE, ALLOWED],
    [false, "localhost", { origin: "http://localhost:3000" }],
    [false, "127.0.0.1", { origin: "http://localhost:3000", ...OTHER_SITE }],
    [false, "[::1]", { origin: "https://127.0.0.1" }],
    [true, "localhost", { origin: "https://evil.example", "sec-fetch-site": "same-origin" }],
    [true, "localhost", { origin: "http://localhost.evil.example" }],
    [true, "localhost", { origin: "http://127.0.0.2" }],
    [true, "localhost", { origin: "null" }],
    [true, "localhost", { origin: "" }],
    [true, "localhost", { origin: "file://" }],
    [true, "localhost", { origin: "chrome-extension://abc" }],
    [false, "team.example", { origin: "https://team.example" }],
    [false, "team.example", { origin: "https://Team.example:8443" }],
    [true, "team.example", { origin: "https://other.team.example" }],
    [true, "team.example", { origin: "http://localhost" }],
    [true, "localhost", { origin: "https://team.example" }],
    [false, "localhost", { origin: "https://tool.example" }, ALLOWED],
    [false, "localhost", { origin: "chrome-extension://abc" }, ALLOWED],
    [false, "localhost", { origin: "null" }, ALLOWED],
    [true, "localhost", { origin: "https://tool.example.evil" }, ALLOWED],
    [true, "localhost", { origin: "" }, `${ALLOWED},`],
  ])("is of another site (%s) at %s with %j", (expected, domain, headers, allowed = "") => {
    expect(isFromOtherSite(new Headers(headers), domain, allowed)).toBe(expected);
  });
});
