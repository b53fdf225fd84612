import { describe, expect, it } from "vitest";
import {
  acceptsEncoding,
  negotiateEncoding,
  clientResponseHeaders,
  upstreamRequestHeaders,
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

describe("headersDown", () => {
  it("keeps vendor headers, drops cookies and what belongs to upstream's connection, adds our id", () => {
    const upstream = {
      "request-id": "req_1",
      "anthropic-ratelimit-unified-5h-utilization": "0.5",
      "set-cookie": "a=b",
      connection: "keep-alive, x-hop",
      "keep-alive": "timeout=5",
      "x-hop": "1",
      "transfer-encoding": "chunked",
      "content-encoding": "gzip",
      "x-nexus-request-id": "theirs",
    };
    expect(Object.fromEntries(clientResponseHeaders(new Headers(upstream), true, "id"))).toEqual({
      "request-id": "req_1",
      "anthropic-ratelimit-unified-5h-utilization": "0.5",
      "content-encoding": "gzip",
      "x-nexus-request-id": "id",
    });
    expect([...clientResponseHeaders(new Headers(upstream), false, "id").keys()]).not.toContain(
      "content-encoding",
    );
  });
});

describe("negotiateEncoding", () => {
  it.each<
    [
      name: string,
      coding: string | null,
      length: string | null,
      accepted: string | null,
      keepsEncoding: boolean,
      lengthPassed: number | null,
      storedEncoding: string,
    ]
  >([
    ["plain", null, "10", null, true, 10, "identity"],
    ["plain, length unknown", null, null, "gzip", true, null, "identity"],
    ["gzip to a client that accepts it", "gzip", "10", "br, gzip", true, null, "identity"],
    ["gzip to a client that does not", "gzip", "10", "br", false, null, "identity"],
    ["br to a client without accept-encoding", "br", "10", null, false, null, "identity"],
    ["zstd to any client", "zstd", "10", null, true, 10, "zstd"],
    ["two codings", "gzip, br", "10", "gzip", true, 10, "gzip, br"],
    ["an invalid length", null, "10, 10", null, true, null, "identity"],
  ])("passes %s", (_, coding, length, accepted, keepsEncoding, lengthPassed, storedEncoding) => {
    expect(negotiateEncoding(coding, length, accepted)).toEqual({
      keepsEncoding,
      length: lengthPassed,
      storedEncoding,
    });
  });
});

describe("acceptsCoding", () => {
  it.each([
    ["gzip", true],
    ["GZIP", true],
    ["br, gzip;q=0.5", true],
    ["*", true],
    ["br;q=1, *;q=0.1", true],
    ["gzip;q=0", false],
    ["gzip; q=0.000", false],
    ["*, gzip;q=0", false],
    ["*;q=0", false],
    ["br", false],
    ["identity", false],
    ["xgzip", false],
    ["", false],
    [null, false],
  ])("reads %j as %s for gzip", (header, accepts) => {
    expect(acceptsEncoding(header, "gzip")).toBe(accepts);
  });
});
