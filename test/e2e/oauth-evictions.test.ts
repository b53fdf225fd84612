/**
 * A login survives evictions of its object at each await, and consecutive renewals with
 * a login server that fails in every way, rotates refresh tokens and ends a login whose refresh token is used twice.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { HOUR_MS as HOUR } from "../../workers/runtime/constants.ts";
import type { LoginFault } from "../../scripts/local/fake-claude/server.ts";
import { startProxyHarness, type ProxyHarness } from "../support/proxy-harness.ts";

let harness: ProxyHarness;
beforeAll(async () => {
  harness = await startProxyHarness({ OAUTH_TOKEN_TIMEOUT_MS: "2000" });
  harness.claude.oauth.lifetimeMs = HOUR;
});
afterAll(() => harness.stop());
afterEach(async () => {
  harness.claude.oauth.isForgiving = false;
  await harness.evictAt(0);
  await harness.setClock(0);
});

async function loggedIn(livesMs: number) {
  const { domain, key, accountId } = await harness.tenant({ credentialType: "oauth" });
  const pair = { ...harness.claude.oauth.issue(), expiresAt: Date.now() + livesMs };
  await harness.login(accountId ?? "", pair);
  const headers = { authorization: `Bearer ${key}` };
  const get = () => harness.send({ host: domain, headers, method: "GET", path: "/v1/models" });
  return { accountId: accountId ?? "", get };
}

/** Logged in, with the clock after the token's expiry. Alarms use the real clock. */
async function expired() {
  await harness.setClock(0);
  const account = await loggedIn(2 * HOUR);
  await harness.setClock(3 * HOUR);
  return account;
}

describe("an object that is evicted at its nth await", () => {
  /** More than a renewal has: the last of them evict nothing. */
  const MORE_THAN_ENOUGH = 14;

  it("loses no login while it renews, except where the vendor's response was in flight", async () => {
    const { oauth } = harness.claude;
    const lost: number[] = [];
    let waits = 0;
    for (let n = 1; n <= MORE_THAN_ENOUGH; n++) {
      const { accountId, get } = await expired();
      await harness.evictAt(n);
      await get();
      waits = await harness.evictAt(0);
      const sent = await get();
      const { state } = await harness.account(accountId);
      if (state === "needs_login") lost.push(n);
      else expect([n, sent.status, state]).toEqual([n, 200, "ready"]);
    }
    expect(waits).toBeGreaterThanOrEqual(8);
    expect(waits).toBeLessThan(MORE_THAN_ENOUGH);
    // 1: request sent; 2: response received; 3 and 4: body read; 5: written to disk. After that it is durable.
    expect(lost).toEqual([1, 2, 3, 4, 5].filter((n) => lost.includes(n)));
    expect(oauth.punished).toBe(lost.length);
  });

  it("loses none where the vendor accepts a spent token until the new one is used", async () => {
    harness.claude.oauth.isForgiving = true;
    for (let n = 1; n <= MORE_THAN_ENOUGH; n++) {
      const { accountId, get } = await expired();
      await harness.evictAt(n);
      await get();
      await harness.evictAt(0);
      expect([n, (await get()).status, (await harness.account(accountId)).state]).toEqual([n, 200, "ready"]);
    }
  });

  it("raises the alert about an ended login, wherever it was evicted", async () => {
    const ended: string[] = [];
    for (let n = 1; n <= MORE_THAN_ENOUGH; n++) {
      const { accountId, get } = await loggedIn(-1);
      const wrong = { accessToken: "x", refreshToken: `unknown-${n}`, expiresAt: 1, scopes: [] };
      await harness.login(accountId, wrong, true);
      await harness.evictAt(n);
      await get();
      await harness.evictAt(0);
      expect((await get()).status).toBe(401);
      ended.push(accountId);
    }
    await expect.poll(() => harness.alerts()).toEqual(expect.arrayContaining(ended));
  });
});

/** `npm run soak` sets SOAK. */
const RENEWALS = process.env.SOAK ? 500 : 100;

describe("renewals with a failing login server", () => {
  const FAULTS = ["error", "hang-up", "cut", "nonsense"] as const;
  const faultsOf = (cycle: number): LoginFault[] =>
    // A hang takes the whole timeout.
    cycle % 50 === 1
      ? [{ how: "hang" }]
      : Array.from({ length: cycle % 4 === 0 ? 0 : cycle % 5 }, (_, n) => ({
          how: FAULTS[(cycle + n) % FAULTS.length] ?? "error",
        }));

  it("lock no account out: every failure before the tokens rotated is recovered", async () => {
    const { oauth } = harness.claude;
    const { accountId, get } = await loggedIn(HOUR);
    const [renewed, punished] = [oauth.renewals, oauth.punished];
    let offset = 0;
    for (let cycle = 0; cycle < RENEWALS; cycle++) {
      // Into the token's last minute, or past its expiry.
      offset += cycle % 3 === 0 ? HOUR + 1_000 : HOUR - 30_000;
      await harness.setClock(offset);
      oauth.fail(...faultsOf(cycle));
      for (let tries = 0; ; tries++) {
        const { status } = await get();
        expect([200, 502], `cycle ${cycle}`).toContain(status);
        if (oauth.renewals - renewed > cycle) break;
        expect(tries, `cycle ${cycle}`).toBeLessThan(8);
        offset += 300_000;
        await harness.setClock(offset);
      }
    }
    expect(oauth.renewals - renewed).toBe(RENEWALS);
    expect(oauth.punished).toBe(punished);
    expect(await harness.account(accountId)).toMatchObject({
      state: "ready",
      rotations: RENEWALS,
      failures: 0,
    });
  });
});
