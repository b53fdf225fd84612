import { describe, expect, it } from "vitest";
import { authorizationCodeBody, readTokenResponse, refreshTokenBody } from "./protocol.ts";

const response = (status: number, body: unknown) =>
  readTokenResponse(status, typeof body === "string" ? body : JSON.stringify(body));

describe("a response of the token endpoint", () => {
  it("grants what it says", () => {
    const body = {
      access_token: "a",
      refresh_token: "r",
      expires_in: 28_800,
      scope: "x y",
      token_type: "Bearer",
    };
    expect(response(200, body)).toEqual({
      kind: "granted",
      accessToken: "a",
      refreshToken: "r",
      expiresInMs: 28_800_000,
      scopes: ["x", "y"],
    });
  });

  it("grants with less: no new refresh token, no scopes, a lifetime as text or none", () => {
    expect(response(200, { access_token: "a", expires_in: "600" })).toEqual({
      kind: "granted",
      accessToken: "a",
      refreshToken: null,
      expiresInMs: 600_000,
      scopes: null,
    });
    expect(response(200, { access_token: "a", expires_in: null, refresh_token: null })).toMatchObject({
      kind: "granted",
      expiresInMs: 3_600_000,
    });
  });

  it("never loses a refresh token that came without an access token", () => {
    expect(response(200, { refresh_token: "r", access_token: 7 })).toMatchObject({
      kind: "partial",
      refreshToken: "r",
    });
  });

  it.each([
    [400, { error: "invalid_grant", error_description: "Refresh token not found or invalid" }],
    [401, { error: "invalid_grant" }],
    [400, { type: "error", error: { type: "invalid_grant", message: "x" } }],
  ])("ends the login with %i %j", (status, body) => {
    expect(response(status, body)).toEqual({
      kind: "invalid_grant",
      reason: `the login server returned ${status} invalid_grant`,
    });
  });

  it.each([
    [500, "oops"],
    [500, { error: "invalid_grant" }],
    [503, ""],
    [429, { error: { type: "rate_limit_error" } }],
    [400, { error: "invalid_request" }],
    [401, { error: "invalid_client" }],
    [403, "<html>Just a moment…</html>"],
    [302, ""],
    [200, "<html></html>"],
    [200, {}],
    [200, []],
    [200, "null"],
  ])("leaves it as it was with %i %j", (status, body) => {
    expect(response(status, body)).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining(`${status}`) as string,
    });
  });

  it.each(["sk-ant-ort01-secret", "the token secret", "secret".repeat(20)])("does not repeat %j", (error) => {
    expect(response(400, { error, error_description: "secret" })).toEqual({
      kind: "failed",
      reason: "the login server returned 400",
    });
  });
});

it("a refresh request has client and token", () => {
  expect(refreshTokenBody("client", "r")).toEqual({
    grant_type: "refresh_token",
    refresh_token: "r",
    client_id: "client",
  });
});

it("an exchange request has the code and its verifier", () => {
  const grant = { clientId: "client", redirectUrl: "https://x/cb", code: "c", state: "s", verifier: "v" };
  expect(authorizationCodeBody(grant)).toEqual({
    grant_type: "authorization_code",
    code: "c",
    state: "s",
    client_id: "client",
    redirect_uri: "https://x/cb",
    code_verifier: "v",
  });
});
