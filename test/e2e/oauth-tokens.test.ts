/** OAuth accounts on real sockets: shared renewals, cached tokens, rejected tokens, ended logins. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { headerOf, type Received } from "../../scripts/local/fake-claude/server.ts";
import {
  startProxyHarness,
  type ProxyHarness,
  type SendOptions,
  type Sent,
} from "../support/proxy-harness.ts";
import { waitFor } from "../support/wait.ts";

const MINUTE = 60_000;
let harness: ProxyHarness;
beforeAll(async () => {
  harness = await startProxyHarness();
});
afterAll(() => harness.stop());
afterEach(() => harness.claude.reset());

/** A domain whose account is logged in with a token of this lifetime. */
async function loggedIn(livesMs = 60 * MINUTE) {
  const tenant = await harness.tenant({ credentialType: "oauth" });
  const accountId = tenant.accountId ?? "";
  const pair = { ...harness.claude.oauth.issue(), expiresAt: Date.now() + livesMs };
  expect(await harness.login(accountId, pair)).toBe("stored");
  const get = (options: SendOptions = {}): Promise<Sent> =>
    harness.send({
      host: tenant.domain,
      method: "GET",
      path: "/v1/models",
      ...options,
      headers: { authorization: `Bearer ${tenant.key}`, ...options.headers },
    });
  return { ...tenant, accountId, pair, get };
}
const calls = () => harness.claude.requests.filter(({ path }) => path === "/v1/models");
const bearers = (received: Received[]) =>
  received.map((one) => headerOf(one, "authorization")?.replace("Bearer ", ""));
const messageOf = (sent: Sent) =>
  (JSON.parse(sent.body.toString()) as { error: { message: string } }).error.message;

describe("a login", () => {
  it("authenticates requests, with its beta appended to the client's list", async () => {
    const { get, pair, key } = await loggedIn();
    const betas = [undefined, "b-2, a-1", "a-1,oauth-2025-04-20,b-2", "a-1,"];
    for (const beta of betas)
      expect((await get({ headers: beta ? { "anthropic-beta": beta } : {} })).status).toBe(200);
    expect(bearers(calls())).toEqual(betas.map(() => pair.accessToken));
    expect(calls().map((one) => headerOf(one, "anthropic-beta"))).toEqual([
      "oauth-2025-04-20",
      "b-2, a-1,oauth-2025-04-20",
      "a-1,oauth-2025-04-20,b-2",
      "a-1,oauth-2025-04-20",
    ]);
    for (const one of calls()) {
      expect(headerOf(one, "x-api-key")).toBeUndefined();
      expect(JSON.stringify(one.headers)).not.toContain(key);
    }
    expect(harness.claude.violations).toEqual([]);
  });

  it("with a cached token calls no Durable Object before or after Claude", async () => {
    const { get } = await loggedIn();
    await get();
    // Other objects do not exist here: a request that called one would fail.
    const before = await harness.calls("OAUTH_ACCOUNT");
    await harness.break({ OAUTH_ACCOUNT: { how: "hang", failures: 1_000 } });
    try {
      for (let n = 0; n < 5; n++) expect((await get()).status).toBe(200);
    } finally {
      await harness.break({});
    }
    expect(await harness.calls("OAUTH_ACCOUNT")).toBe(before);
  });

  it("is renewed once for 200 concurrent requests at its expiry, and all use the new token", async () => {
    for (const livesMs of [MINUTE - 1, -1]) {
      const { get, pair } = await loggedIn(livesMs);
      harness.claude.reset();
      const renewals = harness.claude.oauth.renewals;
      const responses = await Promise.all(Array.from({ length: 200 }, () => get()));
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
      expect(harness.claude.oauth.renewals - renewals).toBe(1);
      expect(new Set(bearers(calls())).size).toBe(1);
      expect(bearers(calls())).not.toContain(pair.accessToken);
    }
    expect(harness.claude.oauth.punished).toBe(0);
  });

  it("is renewed by its alarm five minutes before it expires", async () => {
    const { accountId, pair, get } = await loggedIn(5 * MINUTE - 1);
    await harness.fireAlarm(accountId);
    expect(await harness.account(accountId)).toMatchObject({ state: "ready", rotations: 1, failures: 0 });
    await get();
    expect(bearers(calls())).not.toContain(pair.accessToken);
  });

  it("stays in use while its renewal fails, and is renewed when that works again", async () => {
    const { accountId, get, pair } = await loggedIn(MINUTE - 1_000);
    harness.claude.oauth.fail({ how: "error" });
    expect((await get()).status).toBe(200);
    expect(bearers(calls())).toEqual([pair.accessToken]);
    expect(await harness.account(accountId)).toMatchObject({
      state: "ready",
      failures: 1,
      lastError: { message: "the login server returned 500 server_error" },
    });
    await waitFor(async () => expect(await harness.account(accountId)).toMatchObject({ rotations: 1 }));
  });

  it("that has expired and cannot be renewed gives 502, and works again later", async () => {
    const { get } = await loggedIn(-1);
    harness.claude.oauth.fail({ how: "error" }, { how: "hang-up" }, { how: "nonsense" });
    const sent = await get();
    expect([sent.status, messageOf(sent)]).toEqual([
      502,
      expect.stringMatching(/cannot be renewed at the moment.*try again/),
    ]);
    expect(calls()).toEqual([]);
    await waitFor(async () => expect((await get()).status).toBe(200));
  });
});

describe("a token that Claude rejects before its expiry", () => {
  const body = JSON.stringify({
    model: "claude-haiku-4-5",
    max_tokens: 9,
    messages: [{ role: "user", content: "hi" }],
  });

  it("is renewed, and the request is retried where its body is in memory", async () => {
    const { get, pair } = await loggedIn();
    harness.claude.oauth.end(pair.accessToken);
    const renewals = harness.claude.oauth.renewals;
    const sent = await get({
      method: "POST",
      path: "/v1/messages",
      body,
      headers: { "content-type": "application/json" },
    });
    expect(sent.status).toBe(200);
    const tries = harness.claude.requests.filter(({ path }) => path === "/v1/messages");
    expect(tries.map((one) => [one.status, one.body.toString()])).toEqual([
      [401, body],
      [200, body],
    ]);
    expect(harness.claude.oauth.renewals - renewals).toBe(1);
  });

  it("is renewed for the next request where the body was streamed; the client gets Claude's response", async () => {
    const { get, pair } = await loggedIn();
    harness.claude.oauth.end(pair.accessToken);
    const options = {
      method: "POST",
      path: "/v1/messages",
      body,
      headers: { "content-type": "application/json" },
    };
    const sent = await get({ ...options, chunked: true });
    expect([sent.status, messageOf(sent)]).toEqual([401, "Invalid bearer token"]);
    await waitFor(async () => expect((await get(options)).status).toBe(200));
  });

  it("is renewed once for all rejected requests", async () => {
    const { get, pair } = await loggedIn();
    harness.claude.oauth.end(pair.accessToken);
    const renewals = harness.claude.oauth.renewals;
    const responses = await Promise.all(Array.from({ length: 50 }, () => get()));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(harness.claude.oauth.renewals - renewals).toBe(1);
  });

  it("is not renewed with every request where Claude rejects them all", async () => {
    const { get } = await loggedIn();
    harness.claude.script(({ path }) => path === "/v1/models", {
      kind: "error",
      status: 401,
      type: "authentication_error",
      message: "no",
    });
    const renewals = harness.claude.oauth.renewals;
    for (let n = 0; n < 12; n++) expect(messageOf(await get())).toBe("no");
    expect(harness.claude.oauth.renewals - renewals).toBe(5);
  });
});

it("a login that has ended gives 401 with the way to renew it, and raises one alert", async () => {
  const { get, domain, accountId } = await loggedIn();
  const { oauth } = harness.claude;
  const pair = { ...oauth.issue(), expiresAt: Date.now() - 1 };
  // Another party uses the refresh token first.
  const elsewhere = await fetch(`${harness.claude.url}/v1/oauth/token`, {
    method: "POST",
    headers: { "anthropic-beta": "oauth-2025-04-20" },
    body: JSON.stringify({ grant_type: "refresh_token", refresh_token: pair.refreshToken, client_id: "x" }),
  });
  expect(elsewhere.status).toBe(200);
  const before = oauth.punished;
  expect(await harness.login(accountId, pair)).toBe("stored");
  for (const sent of await Promise.all(Array.from({ length: 20 }, () => get()))) {
    expect(sent.status).toBe(401);
    expect(sent.headers["www-authenticate"]).toBe("Bearer");
    expect(sent.headers["x-should-retry"]).toBe("false");
    expect(messageOf(sent)).toContain(
      `has ended. An administrator renews it with \`npx nexus oauth login ${domain}\``,
    );
  }
  expect(oauth.punished - before).toBe(1);
  expect(calls()).toEqual([]);
  expect(await harness.account(accountId)).toMatchObject({ state: "needs_login", nextRefreshAt: null });
  await waitFor(async () => expect(await harness.alerts()).toContain(accountId));
  await harness.fireAlarm(accountId);
  await get();
  expect((await harness.alerts()).filter((one) => one === accountId)).toHaveLength(1);
});

it("a login that has ended works again with the next login, at once", async () => {
  const { get, accountId } = await loggedIn(-1);
  harness.claude.oauth.end("");
  const { refreshToken } = harness.claude.oauth.issue();
  expect(
    await harness.login(
      accountId,
      { accessToken: "x", refreshToken: `${refreshToken}-wrong`, expiresAt: 1, scopes: [] },
      true,
    ),
  ).toBe("stored");
  expect((await get()).status).toBe(401);
  expect(await harness.login(accountId, harness.claude.oauth.issue())).toBe("stored");
  expect((await get()).status).toBe(200);
});
