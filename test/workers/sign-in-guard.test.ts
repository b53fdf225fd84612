/**
 * Wrong dashboard keys of all ways in are counted, audited and slowed down, per address and in total, through evictions. Right keys
 * are not slowed down.
 */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { signIn } from "../../workers/api/auth/sign-in.ts";
import {
  ALERT_FROM,
  FORGET_AFTER_MS,
  FREE_IN_TOTAL,
  FREE_PER_ADDRESS,
} from "../../workers/domain/auth/key-throttle.ts";
import type { AuditList } from "../../workers/schemas/api/audit.ts";
import {
  ADMINISTRATOR_KEY,
  apiJson,
  call,
  forgetWrongKeys,
  testEnv,
  VIEWER_KEY,
} from "../support/worker-api.ts";
import { resetDatabase } from "../support/worker-database.ts";

const WRONG = "a-wrong-key-to-look-for-in-storage";
let guards = 0;
const guard = () => env.SIGN_IN_GUARD.getByName(`test-${++guards}`);
let addresses = 0;
const newAddress = () => `198.51.100.${++addresses}`;

type Guard = ReturnType<typeof guard>;
const rowsOf = (stub: Guard) =>
  runInDurableObject(stub, (_, { storage }) =>
    storage.sql
      .exec<{ address: string; failures: number }>("SELECT address, failures FROM attempts ORDER BY address")
      .toArray()
      .map(({ address, failures }) => `${address} ${failures}`),
  );
const guessed = (stub: Guard, times: number, address: (n: number) => string, now = Date.now()) =>
  Promise.all(Array.from({ length: times }, (_, n) => stub.countWrongKey(address(n), now)));

beforeEach(async () => {
  await resetDatabase();
  await forgetWrongKeys();
});
afterEach(() => vi.restoreAllMocks());

describe("the guard", () => {
  it("counts parallel guesses one by one, also after an eviction", async () => {
    const stub = guard();
    const decisions = await guessed(stub, FREE_PER_ADDRESS + 2, () => "192.0.2.1");
    expect(decisions.map(({ delayMs }) => delayMs).filter((ms) => ms > 0)).toEqual([1_000, 2_000]);
    await evictDurableObject(stub);
    expect((await stub.countWrongKey("192.0.2.1", Date.now())).delayMs).toBe(4_000);
  });

  it("counts the addresses of one IPv6 network together, and others separately", async () => {
    const stub = guard();
    await guessed(stub, FREE_PER_ADDRESS, (n) => `2001:db8::${n + 1}`);
    expect((await stub.countWrongKey("2001:db8::ffff", Date.now())).delayMs).toBe(1_000);
    expect((await stub.countWrongKey("2001:db8:0:1::1", Date.now())).delayMs).toBe(0);
  });

  it("slows down every address when many addresses guess", async () => {
    const stub = guard();
    await guessed(stub, FREE_IN_TOTAL, (n) => `198.51.100.${n}`);
    expect((await stub.countWrongKey("203.0.113.1", Date.now())).delayMs).toBe(1_000);
  });

  it("sends its counts on once, and deletes expired rows by alarm", async () => {
    const stub = guard();
    const sent = await runInDurableObject(stub, async (instance) => {
      const messages: unknown[] = [];
      const bindings = (instance as unknown as { env: Env }).env;
      const send = (message: unknown) => Promise.resolve(messages.push(message));
      Object.assign(instance, { env: { ...bindings, EXCHANGES: { send } } });
      const now = Date.now();
      await instance.countWrongKey("192.0.2.1", now - FORGET_AFTER_MS);
      for (let n = 0; n < 3; n++) await instance.countWrongKey("192.0.2.2", now);
      await instance.alarm();
      await instance.alarm();
      return messages;
    });
    expect(sent).toMatchObject([{ kind: "counters", counts: { wrong_dashboard_key: 3 } }]);
    expect(await rowsOf(stub)).toEqual(["* 3", "192.0.2.2 3"]);
    expect(await runDurableObjectAlarm(stub), "it stays armed while there is something").toBe(true);
  });

  it("alerts when there are many", async () => {
    const raised = async (times: number) => {
      const stub = guard();
      await guessed(stub, times, () => "192.0.2.1");
      return runInDurableObject(stub, async (instance) => {
        const events: unknown[] = [];
        const outbox = { raise: (_target: unknown, all: unknown[]) => Promise.resolve(events.push(...all)) };
        const bindings = (instance as unknown as { env: Env }).env;
        Object.assign(instance, { env: { ...bindings, ALERT_OUTBOX: { getByName: () => outbox } } });
        await instance.alarm();
        return events;
      });
    };
    expect(await raised(ALERT_FROM - 1)).toEqual([]);
    expect(await raised(ALERT_FROM)).toMatchObject([{ kind: "wrong_keys", count: ALERT_FROM }]);
  });
});

/** One attempt by each way in. */
const WAYS: Record<string, (key: string, address: string) => Promise<string>> = {
  "sign-in": async (key, address) => (await signIn(testEnv(), { key, address }, Date.now())).result,
  api: async (key, address) => {
    const { status, headers } = await call("/api/stats", { key, headers: { "cf-connecting-ip": address } });
    return `${status} ${headers.get("retry-after") ?? ""}`;
  },
  dashboard: async (key, address) => {
    const headers = { "x-dashboard-key": key, "x-nexus-client-address": address };
    return (await exports.DashboardApi.whoAmI(headers)).result;
  },
};
const RIGHT = { "sign-in": "signed_in", api: "200 ", dashboard: "known" };
const REFUSED = { "sign-in": "wrong", api: "403 ", dashboard: "refused" };
const SLOWED = { "sign-in": "slow_down", api: "429 1", dashboard: "slow_down" };

describe.each(Object.keys(RIGHT) as (keyof typeof RIGHT)[])("wrong keys by %s", (way) => {
  const attempt = WAYS[way]!;

  it("are responded to late after the free ones, and right keys at once", async () => {
    const address = newAddress();
    for (let n = 0; n < FREE_PER_ADDRESS; n++) expect(await attempt(WRONG, address)).toBe(REFUSED[way]);
    const started = performance.now();
    expect(await attempt(WRONG, address)).toBe(SLOWED[way]);
    expect(performance.now() - started).toBeGreaterThan(900);
    const waiting = attempt(WRONG, address);
    for (const key of [ADMINISTRATOR_KEY, VIEWER_KEY])
      expect(await Promise.race([attempt(key, address), waiting])).toBe(RIGHT[way]);
    await waiting;
  });

  it("are audited with their address and without the key", async () => {
    const address = newAddress();
    await attempt(WRONG, address);
    const { entries } = await apiJson<AuditList>("/api/audit?action=key.wrong");
    const [entry] = entries.filter(({ actor }) => actor === address);
    expect(entry).toMatchObject({ role: "none", target: way });
    expect(JSON.stringify(entries)).not.toContain(WRONG);
  });
});

it("a hundred wrong keys from as many addresses keep no administrator out", async () => {
  const env = testEnv();
  const signedIn = Promise.withResolvers<void>();
  vi.spyOn(scheduler, "wait").mockReturnValue(signedIn.promise);
  const guessing = Promise.all(
    Array.from({ length: 120 }, (_, n) =>
      signIn(env, { key: WRONG, address: `10.1.${n % 250}.1` }, Date.now()),
    ),
  );
  // It would never return if it waited as the wrong ones do.
  const { result } = await signIn(env, { key: ADMINISTRATOR_KEY, address: "203.0.113.99" }, Date.now());
  expect(result).toBe("signed_in");
  signedIn.resolve();
  expect((await guessing).some(({ result }) => result === "slow_down")).toBe(true);
});

it("a right key works while the guard is unavailable, and a wrong one is delayed", async () => {
  const wait = vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
  const broken = {
    SIGN_IN_GUARD: { getByName: () => ({ countWrongKey: () => Promise.reject(new Error("down")) }) },
  };
  const attempt = async (key: string) =>
    (await signIn(testEnv(broken), { key, address: newAddress() }, Date.now())).result;
  expect(await attempt(ADMINISTRATOR_KEY)).toBe("signed_in");
  expect(await attempt(WRONG)).toBe("slow_down");
  expect(wait).toHaveBeenCalledWith(5_000);
});

it("the guard's storage has the address and not the key", async () => {
  const address = newAddress();
  await signIn(testEnv(), { key: WRONG, address }, Date.now());
  const stored = (await rowsOf(env.SIGN_IN_GUARD.getByName("sign-in"))).join();
  expect(stored).toContain(address);
  expect(stored).not.toContain(WRONG);
});
