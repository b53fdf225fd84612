import { describe, expect, it } from "vitest";
import { isPreflight, preflightHeaders } from "./cors.ts";

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
