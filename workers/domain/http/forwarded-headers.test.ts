import { describe, expect, it } from "vitest";
import {
  clientResponseHeaders,
  hasOnlyOwnKeys,
  upstreamRequestHeaders,
  withBeta,
} from "./forwarded-headers.ts";

const up = (
  headers: Record<string, string>,
  credential: Record<string, string> | null = { "x-api-key": "ours" },
) => Object.fromEntries(upstreamRequestHeaders(new Headers(headers), credential));

describe("headersUp", () => {
  it("replaces the client's credential by ours, or leaves it where there is none", () => {
    const own = { authorization: "Bearer theirs", "x-api-key": "theirs" };
    expect(up(own)).toEqual({ "x-api-key": "ours", "accept-encoding": "identity" });
    expect(up(own, null)).toEqual({ ...own, "accept-encoding": "identity" });
    expect(up(own, { authorization: "Bearer ours" })).toEqual({
      authorization: "Bearer ours",
      "accept-encoding": "identity",
    });
  });

  it("passes what it does not know", () => {
    const headers = { "anthropic-beta": "a,b", "x-new": "1", "content-encoding": "gzip", accept: "*/*" };
    expect(up(headers)).toMatchObject(headers);
  });

  it("drops what connection names, but not what the body or the credential needs", () => {
    const headers = { connection: "Close, X-Hop , content-type", "x-hop": "1", "content-type": "a/b" };
    expect(up(headers)).toEqual({
      "content-type": "a/b",
      "x-api-key": "ours",
      "accept-encoding": "identity",
    });
    expect(up({ connection: "authorization", authorization: "Bearer own" }, null)).toHaveProperty(
      "authorization",
    );
  });

  it.each([
    "host",
    "cookie",
    "te",
    "via",
    "expect",
    "upgrade",
    "keep-alive",
    "proxy-anything",
    "transfer-encoding",
    "cf-anything",
    "x-forwarded-anything",
    "x-nexus-key",
    "x-nexus-anything",
    "true-client-ip",
    "content-length",
  ])("drops %s", (name) => {
    expect(up({ [name]: "x" }, null)).toEqual({ "accept-encoding": "identity" });
  });
});

it("keys of this proxy are never forwarded, whatever header they are in", () => {
  const own = { authorization: "Bearer cnp_live_x", "x-api-key": "cnp_live_x", "api-key": "cnp_live_x" };
  const kept = { "accept-encoding": "identity", "x-custom": "kept" };
  const sent = { ...own, "x-dashboard-key": "secret", "x-nexus-key": "cnp_live_x", "x-custom": "kept" };
  expect(up(sent, null)).toEqual(kept);
  expect(up({ "x-dashboard-key": "secret" })).toEqual({
    "x-api-key": "ours",
    "accept-encoding": "identity",
  });
  expect(up({ ...own, "x-api-key": "sk-ant-mine" }, null)).toMatchObject({ "x-api-key": "sk-ant-mine" });
});

it("client keys are dropped in any header, also where the proxy has a credential", () => {
  const sent = { "api-key": "cnp_live_x", "x-custom": "a cnp_live_y" };
  expect(up(sent)).toEqual({ "x-api-key": "ours", "accept-encoding": "identity" });
  expect(up(sent, null)).toEqual({ "accept-encoding": "identity" });
});

it.each<[Record<string, string>, boolean]>([
  [{}, false],
  [{ "x-api-key": "sk-ant-mine" }, false],
  [{ authorization: "Bearer cnp_live_x" }, true],
  [{ authorization: "Bearer cnp_live_x", "x-api-key": "cnp_live_x" }, true],
  [{ authorization: "Bearer cnp_live_x", "x-api-key": "sk-ant-mine" }, false],
])(
  "keys of this proxy are distinguished from a passthrough client's own: only ours in %j: %s",
  (headers, expected) => {
    expect(hasOnlyOwnKeys(new Headers(headers))).toBe(expected);
  },
);

it("withBeta reads a list of 100,000 separators in linear time", () => {
  const list = `a-1${" ,".repeat(100_000)}b`;
  const started = performance.now();
  expect(withBeta(list, "ours")).toBe(`${list},ours`);
  expect(performance.now() - started).toBeLessThan(1_000);
});

it("headersDown keeps vendor headers, drops cookies and what belongs to upstream's connection, adds our id", () => {
  const upstream = {
    "request-id": "req_1",
    "anthropic-ratelimit-unified-5h-utilization": "0.5",
    "set-cookie": "a=b",
    connection: "keep-alive, x-hop",
    "keep-alive": "timeout=5",
    "x-hop": "1",
    "transfer-encoding": "chunked",
    "content-encoding": "gzip",
    "content-length": "10",
    "x-nexus-request-id": "theirs",
  };
  const down = (contentEncoding: string | null, length: number | null) =>
    Object.fromEntries(clientResponseHeaders(new Headers(upstream), { contentEncoding, length }, "id"));
  const kept = {
    "request-id": "req_1",
    "anthropic-ratelimit-unified-5h-utilization": "0.5",
    "x-nexus-request-id": "id",
  };
  expect(down("gzip", 10)).toEqual({ ...kept, "content-encoding": "gzip", "content-length": "10" });
  expect(down("br", null)).toEqual({ ...kept, "content-encoding": "br" });
  expect(down(null, null)).toEqual(kept);
});
